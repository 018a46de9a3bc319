"""`stiltboard reproduce`: what it takes to repeat a stored result, and with --run, do it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import (
    data_option,
    device_option,
    submission_argument,
    submissions_option,
    target_option,
    user_text_options,
)
from harness.cli.paged_help import PagedCommand
from harness.errors import CheckFailed, Fault, MissingExtra, WrongUsage
from harness.verbosity import verbosity_options

if TYPE_CHECKING:
    from harness.evaluation.run import Options
    from harness.reproduction.requirements import Reproduction
    from harness.reproduction.story import Prepared


_NEEDED_FIRST = ("targets", "work", "this_environment", "data", "device", "as_json", "submissions")


@click.command("reproduce", cls=PagedCommand, first=_NEEDED_FIRST)
@submission_argument("slug")
@target_option("Only the result on this target; by default all results", named=True)
@click.option(
    "--run",
    "work",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Do it in the new folder DIR: check out, build the environment, evaluate, compare.",
)
@click.option(
    "--this-environment",
    is_flag=True,
    help="With --run: use the libraries that are installed here, with the code of then.",
)
@data_option
@user_text_options
@device_option
@click.option("--json", "as_json", is_flag=True, help="Print the parts, commands and comparisons as JSON.")
@verbosity_options
@submissions_option
def command(
    slug: str,
    targets: Sequence[str],
    work: Path | None,
    this_environment: bool,
    data: Path | None,
    own: Mapping[str, Path],
    device: str,
    as_json: bool,
    submissions: Path,
) -> None:
    """Print what it takes to repeat the results of SLUG: code, environment, text, weights, and the commands.

    Each part is exact, similar or missing. With --run the result is measured again by the code of then, in an
    environment of then, from an empty cache, and compared within the published tolerance; code and weights
    are run without a sandbox. Nothing of the submission is changed.

    Exit code 1 when a result is not found again.
    """
    try:
        from harness.evaluation.run import Options
        from harness.reproduction.story import prepare
    except ModuleNotFoundError as missing:
        raise MissingExtra("reproduce", "eval", str(missing.name)) from missing
    from harness.reproduction.requirements import ReproductionReport
    from harness.store import existing_submission

    if this_environment and work is None:
        raise WrongUsage("--this-environment is for --run", cure="add --run DIR, or leave it out")
    options = Options(data=data, own=own, device=device)
    prepared = prepare(existing_submission(slug, submissions), targets, options)
    results = [entry.reproduction for entry in prepared]
    failures: list[Fault] = []
    if work is not None:
        results = [_repeated(entry, work, options, failures, here=this_environment) for entry in prepared]
    if as_json:
        report = ReproductionReport(results=tuple(results))
        click.echo(report.model_dump_json(indent=2, by_alias=True))
    else:
        click.echo("\n".join(line for result in results for line in result.lines()))
    if failures:
        raise CheckFailed(failures)


def _repeated(
    prepared: Prepared, work: Path, options: Options, failures: list[Fault], *, here: bool
) -> Reproduction:
    """Measure again in a folder named for the target; what is not found again is added to `failures`."""
    from harness.cli.progress import watch
    from harness.reproduction.repetition import repeat

    name = f"{prepared.reproduction.submission} {prepared.target.name}"
    with watch(name) as reporter:
        repetition = repeat(prepared, work / prepared.target.name, options, reporter, build=not here)
    failures += [Fault(f"{name}: {what}", cure=_CURE) for what in repetition.disagreements]
    return prepared.reproduction.model_copy(update={"repetition": repetition})


_CURE = "compare the parts that are not exact, listed above, with what its submitters have"
