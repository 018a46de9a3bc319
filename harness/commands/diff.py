"""`stiltboard diff`: compare two submissions on the same examples."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.errors import BadInput, CheckFailed, Fault, NotComparable, WrongUsage

if TYPE_CHECKING:
    from collections.abc import Collection

    from harness.report import Report
    from harness.store import Side


@click.command(name="diff")
@click.argument("first")
@click.argument("second", required=False)
@click.option("-t", "--target", "targets", multiple=True, help="Compare only this target; may be repeated.")
@click.option("-l", "--language", "languages", multiple=True, help="Compare only this language; may be repeated.")
@click.option("--format", "style", type=click.Choice(["text", "markdown", "json"]), default="text", show_default=True)
@click.option("--fail-on", type=click.Choice(["regression"]), help="End with 1 when a target fell.")
@click.option("--min-delta", type=click.FloatRange(min=0), default=0.5, show_default=True, help="Points a regression has at least.")
@click.option(
    "--alpha",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.05,
    show_default=True,
    help="Chance of any false claim; 1 − the level of the intervals.",
)
@click.option("--submissions", type=click.Path(path_type=Path, file_okay=False), default=Path("submissions"), show_default=True)
def command(
    first: str,
    second: str | None,
    targets: tuple[str, ...],
    languages: tuple[str, ...],
    style: str,
    fail_on: str | None,
    min_delta: float,
    alpha: float,
    submissions: Path,
) -> None:
    """Compare the results of FIRST and SECOND: slugs, folders, a result's file, or REV:slug as it stood at a git revision.

    A range of revisions alone, such as main..HEAD, compares every submission whose results changed in it.

    Exit code 1 with --fail-on regression when a target fell by --min-delta and, after Holm's correction over the targets,
    below --alpha; 4 when the two were not measured alike.
    """
    from harness import report

    chosen = _known(targets, languages)
    if second is None:
        found = _range_report(first, submissions, *chosen, level=1 - alpha)
    else:
        from harness.diff import compare

        sides = [_side(name, submissions) for name in (first, second)]
        found = report.Report(comparisons=(compare(*sides, targets=chosen[0], languages=chosen[1], level=1 - alpha),))
    if style == "text":
        text = report.text(found, colour=sys.stdout.isatty() and not os.environ.get("NO_COLOR"))
    else:
        text = {"markdown": report.markdown, "json": report.json}[style](found)
    click.echo(text, nl=False)
    _end(found, fail_on, min_delta, alpha)


def _known(targets: tuple[str, ...], languages: tuple[str, ...]) -> tuple[Collection[str] | None, Collection[str] | None]:
    """Return the filters, None for none; refuse a target that does not exist."""
    from harness.catalog import BY_NAME, is_own

    for name in targets:
        if name not in BY_NAME and not is_own(name):
            raise WrongUsage(f"unknown target {name!r}", cure=f"one of: {', '.join(BY_NAME)}")
    return targets or None, languages or None


def _side(name: str, submissions: Path) -> Side:
    from harness.store import load_side, load_side_at, locate, split_revision

    try:
        revision = None if Path(name).exists() else split_revision(name)
    except OSError:  # longer than a file name may be
        revision = split_revision(name)
    return load_side_at(*revision, submissions) if revision else load_side(locate(name, submissions))


def _range_report(
    revisions: str, submissions: Path, targets: Collection[str] | None, languages: Collection[str] | None, *, level: float
) -> Report:
    from harness.diff import compare
    from harness.report import Refused, Report
    from harness.store import changed_submissions, load_side_at

    if ".." not in revisions.strip("./") or Path(revisions).is_dir():
        raise WrongUsage(f"{revisions!r} stands alone", cure="name a second side, or a range of revisions such as main..HEAD")
    changes = changed_submissions(revisions, submissions)
    comparisons, refused = [], []
    for slug in changes.changed:
        try:
            sides = [load_side_at(revision, slug, submissions) for revision in (changes.first, changes.second)]
            comparisons.append(compare(*sides, targets=targets, languages=languages, level=level))
        except (NotComparable, BadInput) as reason:  # the others are compared all the same
            faults = (f"{fault.where}: {fault.message}" if fault.where else fault.message for fault in reason.faults)
            refused.append(Refused(submission=slug, reason="; ".join(faults)))
    return Report(comparisons=tuple(comparisons), added=changes.added, removed=changes.removed, refused=tuple(refused))


def _end(found: Report, fail_on: str | None, min_delta: float, alpha: float) -> None:
    """End with 4 where something could not be compared, else with 1 where something fell that was to be guarded."""
    from harness.report import verdict

    if found.refused:
        raise NotComparable(
            [Fault(f"{each.submission}: {each.reason}", cure="evaluate it again; results are never edited") for each in found.refused]
        )
    fallen = [(one, target) for one in found.comparisons for target in one.regressions(min_delta)] if fail_on else []
    if fallen:
        rule = f"fell by at least {min_delta:g} points with p < {alpha:g} after Holm's correction"
        raise CheckFailed([Fault(f"regression: {one.second}: {verdict(target)}; {rule}") for one, target in fallen])
