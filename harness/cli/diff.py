"""`stiltboard diff`: compare two submissions on the same examples."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.named_side import read_side
from harness.cli.options import (
    data_option,
    language_option,
    submission_argument,
    submissions_option,
    target_option,
)
from harness.cli.paged_help import PagedCommand
from harness.cli.streams import takes_colour
from harness.cli.thresholds import check_thresholds, fail_under_option
from harness.errors import BadInput, CheckFailed, Fault, NotComparable, WrongUsage

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from harness.comparison.report import ComparisonReport


class _Number(click.FloatRange):
    """A number in a range, without nan, which click's FloatRange accepts."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if isinstance(number, float) and math.isnan(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


_NEEDED_FIRST = (
    *("targets", "languages", "style", "fail_on"),
    *("thresholds", "examples", "data", "submissions"),
)


@click.command(name="diff", cls=PagedCommand, first=_NEEDED_FIRST)
@submission_argument("first")
@submission_argument("second", required=False)
@target_option("Compare only this target")
@language_option("Compare only this language")
@click.option(
    "--format", "style", type=click.Choice(["text", "markdown", "json"]), default="text", show_default=True
)
@click.option(
    "--fail-on",
    type=click.Choice(["regression", "missing"]),
    multiple=True,
    help="Exit with 1 when a target regressed, or when a submission, target or language is missing.",
)
@click.option(
    "--min-delta",
    type=_Number(0, 100),
    default=0.5,
    show_default=True,
    help="The smallest drop, in points, that counts as a regression.",
)
@click.option(
    "--alpha",
    type=_Number(0, 1, min_open=True, max_open=True),
    default=0.05,
    show_default=True,
    help="Family-wise error rate over the targets; intervals are at the level 1 − alpha.",
)
@click.option(
    "--site",
    metavar="URL",
    help="Append a link to the side-by-side comparison on this site (text and markdown only).",
)
@click.option(
    "--examples",
    type=click.IntRange(0, 1000),
    default=0,
    metavar="N",
    help="Also print up to N examples of each target that only one side gets right (text only).",
)
@data_option
@fail_under_option
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
    examples: int,
    data: Path | None,
    thresholds: Mapping[str, float],
    submissions: Path,
) -> None:
    """Compare the results of FIRST and SECOND on the same examples.

    Each is a slug, a folder, a result's file, or REV:slug for a submission at a git revision. A range of
    revisions alone, such as main..HEAD, compares every submission whose results changed in it.

    With --examples ids are printed, and with --data the texts too, which are in no result.

    Exit code 1 with --fail-on regression when a target fell by at least --min-delta with p < --alpha after
    Holm's correction over the targets that changed; with --fail-on missing when the second lacks what the
    first has; 4 when the two were not measured in the same way, or the filters leave nothing.
    """
    from harness.comparison import report

    if examples and (second is None or style != "text"):
        raise WrongUsage("--examples is about two sides, as text", cure="name two sides, without --format")
    if data is not None and not examples:
        raise WrongUsage("--data is for the texts of --examples", cure="add --examples 20, or leave it out")
    target_filter, language_filter = _filters(targets, languages)
    link = _comparison_link(site, (first, second), submissions) if site is not None else ""
    if second is None:
        if thresholds:
            raise WrongUsage("--fail-under is about SECOND, and a range has none", cure="name two sides")
        comparison_report = _range_report(first, submissions, target_filter, language_filter, level=1 - alpha)
    else:
        from harness.comparison.compare import compare
        from harness.store.prior_file import load_seed_priors

        sides = [read_side(name, submissions, whole=bool(examples)) for name in (first, second)]
        comparison = compare(
            *sides,
            targets=target_filter,
            languages=language_filter,
            level=1 - alpha,
            prior=load_seed_priors(submissions),
        )
        comparison_report = report.ComparisonReport(comparisons=(comparison,))
    if style == "text":
        text = report.text(comparison_report, colour=takes_colour(sys.stdout))
    else:
        text = {"markdown": report.markdown, "json": report.json}[style](comparison_report)
    click.echo(text, nl=False)
    if examples:
        from harness.cli.compared_examples import example_lines

        for line in example_lines(sides[0], sides[1], comparison, examples, data):
            click.echo(line)
    if link and style != "json":
        click.echo(f"\n{link}")
    _raise_failures(comparison_report, fail_on, min_delta, alpha)
    if second is not None:
        check_thresholds(thresholds, sides[1].results.values())


def _filters(
    targets: tuple[str, ...], languages: tuple[str, ...]
) -> tuple[Collection[str] | None, Collection[str] | None]:
    """Return targets and languages, None for no filter; raises WrongUsage for unknown ones."""
    if not targets and not languages:
        return None, None
    from harness.catalog import BY_NAME
    from harness.catalog.lookup import language_named, split_names, targets_named

    names = targets_named(targets)
    catalog = [BY_NAME[name] for name in names or BY_NAME if name in BY_NAME]
    known = dict.fromkeys(code for target in catalog for code in target.languages)
    codes = []
    for code in split_names(languages):
        try:
            codes.append(language_named(code, list(known)))
        except WrongUsage:
            if names and all(name in BY_NAME for name in names):
                raise
            codes.append(code)  # user-provided text may be in any language
    return names or None, codes or None


def _comparison_link(site: str, names: tuple[str, str | None], submissions: Path) -> str:
    """Return the address of a site's page that compares two slugs; revisions and other folders have none."""
    for name in names:
        if name is None or Path(name).name != name or not (submissions / name).is_dir():
            raise WrongUsage(
                f"--site: {name or 'a range'} is not a slug under {submissions}",
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
    from harness.comparison.compare import NothingSelected, compare
    from harness.comparison.report import ComparisonReport, Refused
    from harness.store import changed_submissions, is_range, load_side_at
    from harness.store.prior_file import load_seed_priors

    if not is_range(revisions) or Path(revisions).is_dir():
        raise WrongUsage(
            f"{revisions!r} stands alone",
            cure="name a second side, or a range of revisions such as main..HEAD",
        )
    changes = changed_submissions(revisions, submissions)
    prior = load_seed_priors(submissions)
    comparisons, left_out = [], []
    refused = [Refused(submission=name, reason=reason) for name, reason in changes.refused]
    for slug in changes.changed:
        try:
            sides = [
                load_side_at(revision, slug, submissions) for revision in (changes.first, changes.second)
            ]
            comparisons.append(
                compare(*sides, targets=targets, languages=languages, level=level, prior=prior)
            )
        except NothingSelected:
            left_out.append(slug)
        except (NotComparable, BadInput) as reason:  # goes on with the other submissions
            faults = (
                f"{fault.where}: {fault.message}" if fault.where else fault.message for fault in reason.faults
            )
            refused.append(Refused(submission=slug, reason="; ".join(faults)))
    if left_out and not comparisons and not refused:
        raise NothingSelected(
            f"the filters leave nothing of {', '.join(left_out)}", cure="leave -t or -l out, or name others"
        )
    return ComparisonReport(
        comparisons=tuple(comparisons),
        added=changes.added,
        removed=changes.removed,
        refused=tuple(refused),
        left_out=tuple(left_out),
    )


def _raise_failures(
    report: ComparisonReport, fail_on: Collection[str], min_delta: float, alpha: float
) -> None:
    """Raise NotComparable for refused submissions, else CheckFailed for what `fail_on` names."""
    from harness.comparison.report import missing, verdict

    if report.refused:
        raise NotComparable(
            [
                Fault(
                    f"{refused.submission}: {refused.reason}",
                    cure="evaluate it again; results are never edited",
                )
                for refused in report.refused
            ]
        )
    rule = f"fell by at least {min_delta:g} points with p < {alpha:g} after Holm's correction"
    faults = [
        Fault(f"regression: {comparison.second}: {verdict(target)}; {rule}")
        for comparison in (report.comparisons if "regression" in fail_on else ())
        for target in comparison.regressions(min_delta)
    ]
    faults += [Fault(f"missing: {line}") for line in (missing(report) if "missing" in fail_on else ())]
    if faults:
        raise CheckFailed(faults)
