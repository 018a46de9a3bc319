"""Options shared by several commands."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from harness.errors import WrongUsage

_Command = TypeVar("_Command", bound=Callable[..., Any])

submissions_option = click.option(
    "--submissions",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("submissions"),
    show_default=True,
    help="The folder of submissions.",
)
data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="Read each data set's files under DIR/<name> instead of from the Hub.",
)
table_format_option = click.option(
    "--format",
    "style",
    type=click.Choice(["text", "markdown", "csv", "latex"]),
    default="text",
    show_default=True,
    help="Of the table of scores.",
)
device_option = click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N.")


def _suggested(what: str) -> Callable[[click.Context, click.Parameter, str], list[Any]]:
    """Return a completion by the shell; what it needs is imported only while a key is pressed."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
        from harness.cli import suggestions

        return list(getattr(suggestions, what)(context, parameter, incomplete))

    return complete


def submission_argument(name: str, **attributes: Any) -> Callable[[_Command], _Command]:
    """Return an argument that names submissions, which the shell completes."""
    return click.argument(name, shell_complete=_suggested("slugs"), **attributes)


def target_option(text: str, *, named: bool = False) -> Callable[[_Command], _Command]:
    """Return the option -t as `targets`; with `named` they are replaced by the targets that they mean."""

    def meant(_context: click.Context, _option: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
        from harness.catalog.lookup import targets_named

        return tuple(targets_named(names))

    return click.option(
        "-t",
        "--target",
        "targets",
        multiple=True,
        metavar="TARGET",
        callback=meant if named else None,
        help=f"{text} (repeatable, or a,b).",
        shell_complete=_suggested("targets"),
    )


def language_option(text: str) -> Callable[[_Command], _Command]:
    """Return the option -l as `languages`."""
    return click.option(
        "-l",
        "--language",
        "languages",
        multiple=True,
        metavar="LANG",
        help=f"{text} (repeatable, or a,b).",
        shell_complete=_suggested("languages"),
    )


def dtype_option(auto: str) -> Callable[[_Command], _Command]:
    """Return the option --dtype; `auto` says what its default does."""
    choice = click.Choice(["auto", "float32", "bfloat16", "float16"])
    return click.option(
        "--dtype", type=choice, default="auto", show_default=True, help=f"auto: {auto}. float16 needs a GPU."
    )


def user_text_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options for user-provided text, all NAME=DIR and repeatable.

    The command receives them as one argument, `own`: the folder of each target, such as bitext.NAME.
    """

    @wraps(command)
    def with_own(**arguments: Any) -> None:
        own = {
            target: folder
            for kind in _USER_TEXT
            for target, folder in user_targets(kind, arguments.pop(kind)).items()
        }
        command(own=own, **arguments)

    for kind, text in reversed(_USER_TEXT.items()):
        click.option(f"--{kind}", multiple=True, metavar="NAME=DIR", help=text)(with_own)
    return with_own


_USER_TEXT = {
    "bitext": "Parallel files of yours, scored by Tatoeba's protocol as target bitext.NAME.",
    "clir": "A test collection of yours (BEIR or TREC), scored as target clir.NAME.",
    "labelled": "Labelled texts or pairs of yours: train, dev and test.de as .tsv, .csv or .jsonl. "
    "A head is trained, as for XNLI; target labelled.NAME.",
    "tagged": "Tagged words of yours: train, dev and test.de as .conll or .conllu. "
    "A head is trained, as for UD; target tagged.NAME.",
}


def user_targets(kind: str, assignments: Sequence[str]) -> dict[str, Path]:
    """Return the folder of each user-provided target, such as bitext.NAME, from NAME=DIR."""
    folders = {}
    for text in assignments:
        name, equals, folder = text.partition("=")
        if (
            not equals
            or not folder
            or len(name) > 48
            or not re.fullmatch(r"[a-z0-9]+(?:[-_][a-z0-9]+)*", name)
        ):
            cure = "a NAME of at most 48 lower-case letters, digits, - and _, and a folder"
            raise WrongUsage(f"--{kind} {text!r} is not NAME=DIR", cure=cure)
        if f"{kind}.{name}" in folders:
            raise WrongUsage(f"--{kind} {name} is given twice", cure="one folder a NAME")
        if Path(folder).is_file():
            raise WrongUsage(
                f"--{kind} {text}: {folder} is a file, where the folder that holds it is meant",
                cure=f"--{kind} {name}={Path(folder).parent}",
            )
        folders[f"{kind}.{name}"] = Path(folder)
    return folders
