"""`stiltboard evaluate`: measure submissions and write their results."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import data_option, device_option, submissions_option
from harness.errors import CheckFailed, Fault, MissingExtra, StiltboardError, WrongUsage
from harness.records import Margin, Mining, Result
from harness.store import locate

if TYPE_CHECKING:
    from harness.evaluation.isolated import Apart
    from harness.evaluation.run import Options

_GIB = 2**30
_AMOUNT = click.FloatRange(min=0, min_open=True)


@click.command(name="evaluate")
@click.argument("slugs", metavar="SLUG…", nargs=-1, required=True)
@click.option(
    "-t",
    "--target",
    "targets",
    multiple=True,
    metavar="TARGET",
    help="Only this target (repeatable). Default: all of the benchmark.",
)
@click.option(
    "-l", "--lang", "languages", multiple=True, metavar="LANG", help="Only this language (repeatable)."
)
@data_option
@click.option(
    "--bitext",
    multiple=True,
    metavar="NAME=DIR",
    help="Score your own parallel files as Tatoeba is scored, as target bitext.NAME.",
)
@click.option(
    "--clir",
    multiple=True,
    metavar="NAME=DIR",
    help="Score your own test collection (BEIR or TREC), as target clir.NAME.",
)
@device_option
@click.option(
    "--dtype",
    type=click.Choice(["auto", "float32", "bfloat16"]),
    default="auto",
    show_default=True,
    help="auto: bfloat16 where the processor has it.",
)
@click.option(
    "--batch-tokens", type=click.IntRange(min=16), help="Tokens in one pass; halved when memory runs out."
)
@click.option(
    "--layers",
    type=click.Choice(["declared", "all"]),
    default="declared",
    show_default=True,
    help="all: score every layer in both poolings beside the declared one, from the same passes.",
)
@click.option(
    "--margin",
    type=click.Choice([margin.value for margin in Margin]),
    default=Margin.RATIO.value,
    show_default=True,
    help="How mining weighs a pair; only ratio is ranked.",
)
@click.option(
    "--keep-duplicates",
    is_flag=True,
    help="Mining keeps sentences whose text repeats; such a score is not ranked.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    help="Try the first N examples of each language; nothing is written.",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Print what would be computed and how long it would take; nothing is written.",
)
@click.option(
    "--sandbox",
    is_flag=True,
    help="Evaluate without network, home and environment; if no sandbox holds, nothing is evaluated.",
)
@click.option(
    "--max-memory",
    type=_AMOUNT,
    metavar="GIB",
    help="Memory of one evaluation. In a sandbox all of the machine's.",
)
@click.option("--max-hours", type=_AMOUNT, metavar="H", help="Time of one evaluation. In a sandbox 24.")
@click.option(
    "--max-disk", type=_AMOUNT, metavar="GIB", help="What one evaluation may write. In a sandbox 100."
)
@click.option("--overwrite", is_flag=True, help="Score again what is already there; cached vectors are used.")
@submissions_option
def command(
    slugs: Sequence[str],
    targets: Sequence[str],
    languages: Sequence[str],
    data: Path | None,
    bitext: Sequence[str],
    clir: Sequence[str],
    device: str,
    dtype: str,
    batch_tokens: int | None,
    layers: str,
    margin: str,
    keep_duplicates: bool,
    limit: int | None,
    dry_run: bool,
    sandbox: bool,
    max_memory: float | None,
    max_hours: float | None,
    max_disk: float | None,
    overwrite: bool,
    submissions: Path,
) -> None:
    """Evaluate submissions (slugs, or folders) zero-shot and write their results beside them.

    What an earlier run finished is kept; an interrupted run goes on where it stopped. With --sandbox or a
    limit, each submission is evaluated in a process of its own, whose end does not end the queue.
    """
    try:
        from harness.evaluation.story import Options
    except ModuleNotFoundError as missing:
        raise MissingExtra("evaluate", "eval", str(missing.name)) from missing
    options = Options(
        data=data,
        own={**own_targets("bitext", bitext), **own_targets("clir", clir)},
        device=device,
        dtype=dtype,
        batch_tokens=batch_tokens,
        sweep=layers == "all",
        mining=Mining(margin=Margin(margin), keep_duplicates=keep_duplicates),
        limit=limit,
        overwrite=overwrite,
    )
    folders = [locate(slug, submissions) for slug in slugs]
    apart = _apart(sandbox, max_memory, max_hours, max_disk)
    if dry_run and apart:
        raise WrongUsage(
            "--dry-run opens the checkpoint in this process",
            cure="without --sandbox and limits, or without --dry-run",
        )
    if dry_run:
        _estimate_all(folders, targets, languages, options)
    else:
        run_all(folders, targets, languages, options, apart)


def _apart(sandbox: bool, memory: float | None, hours: float | None, disk: float | None) -> Apart | None:
    """Return how evaluations are confined: not at all unless something of it is asked for."""
    from harness.evaluation.isolated import Apart
    from harness.evaluation.sandbox import Limits

    if not sandbox and memory is hours is disk is None:
        return None
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB
    default = {"memory": whole, "hours": 24.0, "disk": 100.0} if sandbox else {}
    memory, hours, disk = (
        memory or default.get("memory"),
        hours or default.get("hours"),
        disk or default.get("disk"),
    )
    return Apart(
        sandbox,
        Limits(
            memory=int(memory * _GIB) if memory else None,
            seconds=hours * 3600 if hours else None,
            disk=int(disk * _GIB) if disk else None,
        ),
    )


def own_targets(kind: str, given: Sequence[str]) -> dict[str, Path]:
    """Return target → folder from NAME=DIR."""
    own = {}
    for text in given:
        name, equals, folder = text.partition("=")
        if (
            not equals
            or not folder
            or len(name) > 48
            or not re.fullmatch(r"[a-z0-9]+(?:[-_][a-z0-9]+)*", name)
        ):
            cure = "a NAME of at most 48 lower-case letters, digits, - and _, and a folder"
            raise WrongUsage(f"--{kind} {text!r} is not NAME=DIR", cure=cure)
        if f"{kind}.{name}" in own:
            raise WrongUsage(f"--{kind} {name} is given twice", cure="one folder a NAME")
        own[f"{kind}.{name}"] = Path(folder)
    return own


def _estimate_all(
    folders: Sequence[Path], targets: Sequence[str], languages: Sequence[str], options: Options
) -> None:
    from harness.cli.progress import watch
    from harness.evaluation.estimate import estimate

    unreadable: list[Fault] = []
    for folder in folders:
        with watch(folder.name) as reporter:
            found = estimate(folder, targets, languages, options, reporter)
        click.echo(f"{folder.name}\n{found.text()}")
        unreadable.extend(found.unreadable)
    if unreadable:
        raise CheckFailed(unreadable)


def run_all(
    folders: Sequence[Path],
    targets: Sequence[str],
    languages: Sequence[str],
    options: Options,
    apart: Apart | None = None,
) -> None:
    """Evaluate one submission after the other; one that fails does not end the queue. Raises the first failure at the end.

    With `apart` each is evaluated in a process of its own, confined as that says.
    """
    from harness.cli.progress import watch
    from harness.evaluation.isolated import evaluate_apart
    from harness.evaluation.story import evaluate

    errors: list[StiltboardError] = []
    failed: list[Fault] = []
    for folder in folders:
        try:
            with watch(folder.name) as reporter:
                if apart:
                    results = evaluate_apart(folder, targets, languages, options, reporter, apart)
                else:
                    results = evaluate(folder, targets, languages, options, reporter)
        except StiltboardError as error:
            errors.append(error)
            if len(folders) > 1:
                error.show()
            continue
        for result in results:
            click.echo(
                summary(result)
                + (f"  trial of the first {options.limit}, not written" if options.limit else "")
            )
            failed.extend(_failures(result))
    if errors:
        raise (
            errors[0]
            if len(errors) == 1 == len(folders)
            else CheckFailed(f"{len(errors)} of {len(folders)} submissions could not be evaluated")
        )
    if failed:
        raise CheckFailed(failed)


def summary(result: Result) -> str:
    """Return one line: the score, or how much of it is there."""
    head = f"{result.submission}  {result.target}  "
    if result.score is not None:
        return f"{head}{result.metric} {result.score:.2f} over {result.of} languages  [{result.signature}]"
    return f"{head}incomplete: {result.measured} of {result.of} languages  [{result.signature}]"


def _failures(result: Result) -> list[Fault]:
    return [
        Fault(f"{result.submission} {result.target} {language} (seed {checkpoint.seed}) failed: {reason}")
        for checkpoint in result.checkpoints
        for language, reason in checkpoint.failed.items()
    ]
