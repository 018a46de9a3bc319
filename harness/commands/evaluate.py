"""`stiltboard evaluate`: measure submissions and write their results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.errors import CheckFailed, Fault, MissingExtra, StiltboardError
from harness.records import Result
from harness.store import locate

if TYPE_CHECKING:
    from harness.evaluation import Options


@click.command(name="evaluate")
@click.argument("slugs", metavar="SLUG…", nargs=-1, required=True)
@click.option(
    "-t", "--target", "targets", multiple=True, metavar="TARGET", help="Only this target (repeatable). Default: all of the benchmark."
)
@click.option("-l", "--lang", "languages", multiple=True, metavar="LANG", help="Only this language (repeatable).")
@click.option(
    "--data", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Read raw layouts under DIR/<target> instead of the Hub."
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N.")
@click.option(
    "--dtype",
    type=click.Choice(["auto", "float32", "bfloat16"]),
    default="auto",
    show_default=True,
    help="auto: bfloat16 where the processor has it.",
)
@click.option("--batch-tokens", type=click.IntRange(min=16), help="Tokens in one pass; halved when memory runs out.")
@click.option("--limit", type=click.IntRange(min=1), help="Try the first N pairs of each language; nothing is written.")
@click.option("--overwrite", is_flag=True, help="Score again what is already there; cached vectors are used.")
@click.option("--submissions", type=click.Path(path_type=Path, file_okay=False), default=Path("submissions"), show_default=True)
def command(
    slugs: Sequence[str],
    targets: Sequence[str],
    languages: Sequence[str],
    data: Path | None,
    device: str,
    dtype: str,
    batch_tokens: int | None,
    limit: int | None,
    overwrite: bool,
    submissions: Path,
) -> None:
    """Evaluate submissions (slugs, or folders) zero-shot and write their results beside them.

    What an earlier run finished is kept; an interrupted run goes on where it stopped.
    """
    try:
        from harness.evaluation import Options
    except ModuleNotFoundError as missing:
        raise MissingExtra("evaluate", "eval", str(missing.name)) from missing
    options = Options(data=data, device=device, dtype=dtype, batch_tokens=batch_tokens, limit=limit, overwrite=overwrite)
    run_all([locate(slug, submissions) for slug in slugs], targets, languages, options)


def run_all(folders: Sequence[Path], targets: Sequence[str], languages: Sequence[str], options: Options) -> None:
    """Evaluate one submission after the other; one that fails does not end the queue. Raises the first failure at the end."""
    from harness.commands.progress import watch
    from harness.evaluation import evaluate

    errors: list[StiltboardError] = []
    failed: list[Fault] = []
    for folder in folders:
        try:
            with watch(folder.name) as observer:
                results = evaluate(folder, targets, languages, options, observer)
        except StiltboardError as error:
            errors.append(error)
            if len(folders) > 1:
                error.show()
            continue
        for result in results:
            click.echo(summary(result))
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
