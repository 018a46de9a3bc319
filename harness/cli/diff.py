"""`stiltboard diff`: compare two submissions on the same examples."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import submissions_option
from harness.errors import BadInput, CheckFailed, Fault, NotComparable, WrongUsage

if TYPE_CHECKING:
    from collections.abc import Collection

    from harness.comparison.report import ComparisonReport
    from harness.store import Side


class _Number(click.FloatRange):
    """A number in a range; nan, which is neither below nor above any, is outside."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if isinstance(number, float) and math.isnan(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


@click.command(name="diff")
@click.argument("first")
@click.argument("second", required=False)
@click.option("-t", "--target", "targets", multiple=True, help="Compare only this target; may be repeated.")
@click.option(
    "-l", "--language", "languages", multiple=True, help="Compare only this language; may be repeated."
)
@click.option(
    "--format", "style", type=click.Choice(["text", "markdown", "json"]), default="text", show_default=True
)
@click.option(
    "--fail-on",
    type=click.Choice(["regression", "missing"]),
    multiple=True,
    help="End with 1 when a target fell, or when a submission, target or language is gone; may be repeated.",
)
@click.option(
    "--min-delta",
    type=_Number(0, 100),
    default=0.5,
    show_default=True,
    help="Points a regression has at least.",
)
@click.option(
    "--alpha",
    type=_Number(0, 1, min_open=True, max_open=True),
    default=0.05,
    show_default=True,
    help="Chance of any false claim; 1 − the level of the intervals.",
)
@click.option(
    "--site",
    metavar="URL",
    help="End with the address of the two side by side on this site; in text and markdown.",
)
@submissions_option
def command(
    first: str,
    second: str | None,
    targets: tuple[str, ...],
    languages: tuple[str, ...],
    style: str,
    fail_on: tuple[str, ...],
    min_delta: float,
    alpha: float,
    site: str | None,
    submissions: Path,
) -> None:
    """Compare the results of FIRST and SECOND: slugs, folders, a result's file, or REV:slug as it stood at a git revision.

    A range of revisions alone, such as main..HEAD, compares every submission whose results changed in it.

    Exit code 1 with --fail-on regression when a target fell by --min-delta and, after Holm's correction over
    the targets that changed, below --alpha; with --fail-on missing when the second lacks what the first has;
    4 when the two were not measured alike, or the filters leave nothing.
    """
    from harness.comparison import report

    chosen = _known(targets, languages)
    link = _side_by_side(site, (first, second), submissions) if site is not None else ""
    if second is None:
        found = _range_report(first, submissions, *chosen, level=1 - alpha)
    else:
        from harness.comparison.compare import compare

        sides = [_side(name, submissions) for name in (first, second)]
        found = report.ComparisonReport(
            comparisons=(compare(*sides, targets=chosen[0], languages=chosen[1], level=1 - alpha),)
        )
    _resolved(found, alpha)
    if style == "text":
        text = report.text(found, colour=sys.stdout.isatty() and not os.environ.get("NO_COLOR"))
    else:
        text = {"markdown": report.markdown, "json": report.json}[style](found)
    click.echo(text, nl=False)
    if link and style != "json":
        click.echo(f"\n{link}")
    _end(found, fail_on, min_delta, alpha)


def _resolved(found: ComparisonReport, alpha: float) -> None:
    """Refuse an alpha that no p value out of the draws can fall below: it would let every regression pass."""
    from harness.scoring.statistics.multilevel import REPLICATES

    tested = max((len(comparison.targets) for comparison in found.comparisons), default=0)
    least = 2 * tested / (REPLICATES + 1)
    if alpha <= least:
        corrected = f" of {tested} targets after Holm's correction" if tested > 1 else ""
        message = f"--alpha: {alpha:g} is below what {REPLICATES:,} draws can tell: a p value{corrected} is at least {least:.1g}"
        raise WrongUsage(
            message,
            cure=f"choose more than {least:.1g}" + (", or fewer targets with -t" if tested > 1 else ""),
        )


def _known(
    targets: tuple[str, ...], languages: tuple[str, ...]
) -> tuple[Collection[str] | None, Collection[str] | None]:
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


def _side_by_side(site: str, names: tuple[str, str | None], submissions: Path) -> str:
    """Return the address that shows two submissions of a site; a revision or a folder elsewhere is on none."""
    for name in names:
        if name is None or Path(name).name != name or not (submissions / name).is_dir():
            raise WrongUsage(
                f"--site: {name or 'a range'} is no slug under {submissions}",
                cure="name two slugs, or leave --site out",
            )
    return f"{site.rstrip('/')}/compare.html#of={','.join(map(str, names))}"


def _range_report(
    revisions: str,
    submissions: Path,
    targets: Collection[str] | None,
    languages: Collection[str] | None,
    *,
    level: float,
) -> ComparisonReport:
    from harness.comparison.compare import NothingAsked, compare
    from harness.comparison.report import ComparisonReport, Refused
    from harness.store import changed_submissions, is_range, load_side_at

    if not is_range(revisions) or Path(revisions).is_dir():
        raise WrongUsage(
            f"{revisions!r} stands alone",
            cure="name a second side, or a range of revisions such as main..HEAD",
        )
    changes = changed_submissions(revisions, submissions)
    comparisons, left_out = [], []
    refused = [Refused(submission=name, reason=reason) for name, reason in changes.refused]
    for slug in changes.changed:
        try:
            sides = [
                load_side_at(revision, slug, submissions) for revision in (changes.first, changes.second)
            ]
            comparisons.append(compare(*sides, targets=targets, languages=languages, level=level))
        except NothingAsked:
            left_out.append(slug)
        except (NotComparable, BadInput) as reason:  # the others are compared all the same
            faults = (
                f"{fault.where}: {fault.message}" if fault.where else fault.message for fault in reason.faults
            )
            refused.append(Refused(submission=slug, reason="; ".join(faults)))
    if left_out and not comparisons and not refused:
        raise NothingAsked(
            f"the filters leave nothing of {', '.join(left_out)}", cure="leave -t or -l out, or name others"
        )
    return ComparisonReport(
        comparisons=tuple(comparisons),
        added=changes.added,
        removed=changes.removed,
        refused=tuple(refused),
        left_out=tuple(left_out),
    )


def _end(found: ComparisonReport, fail_on: Collection[str], min_delta: float, alpha: float) -> None:
    """End with 4 where something could not be compared, else with 1 where something fell or is gone that was to be guarded."""
    from harness.comparison.report import missing, verdict

    if found.refused:
        raise NotComparable(
            [
                Fault(f"{each.submission}: {each.reason}", cure="evaluate it again; results are never edited")
                for each in found.refused
            ]
        )
    rule = f"fell by at least {min_delta:g} points with p < {alpha:g} after Holm's correction"
    faults = [
        Fault(f"regression: {one.second}: {verdict(target)}; {rule}")
        for one in (found.comparisons if "regression" in fail_on else ())
        for target in one.regressions(min_delta)
    ]
    faults += [Fault(f"missing: {line}") for line in (missing(found) if "missing" in fail_on else ())]
    if faults:
        raise CheckFailed(faults)
