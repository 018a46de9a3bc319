"""Options shared by several commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

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
device_option = click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N.")


def dtype_option(auto: str) -> Callable[[_Command], _Command]:
    """Return the option --dtype; `auto` says what its default does."""
    choice = click.Choice(["auto", "float32", "bfloat16"])
    return click.option("--dtype", type=choice, default="auto", show_default=True, help=f"auto: {auto}.")


def user_text_options(command: _Command) -> _Command:
    """Add the folders of user-provided text: --bitext and --clir, both NAME=DIR and repeatable."""
    bitext = click.option(
        "--bitext",
        multiple=True,
        metavar="NAME=DIR",
        help="Parallel files of yours, scored by Tatoeba's protocol as target bitext.NAME.",
    )
    clir = click.option(
        "--clir",
        multiple=True,
        metavar="NAME=DIR",
        help="A test collection of yours (BEIR or TREC), scored as target clir.NAME.",
    )
    return bitext(clir(command))
