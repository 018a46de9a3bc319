"""`stiltboard show`: the scores of stored results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from harness.cli.options import (
    submission_argument,
    submissions_option,
    table_format_option,
    target_option,
)
from harness.cli.streams import terminal_width
from harness.cli.thresholds import check_thresholds, fail_under_option
from harness.errors import BadInput
from harness.records import Result


@click.command(name="show")
@submission_argument("names", metavar="NAME…", nargs=-1, required=True)
@target_option("Only this target or group")
@table_format_option
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each result instead.")
@click.option("--steps", is_flag=True, help="Also print the scores of other checkpoints, by training step.")
@fail_under_option
@submissions_option
def command(
    names: Sequence[str],
    targets: Sequence[str],
    style: str,
    as_json: bool,
    steps: bool,
    thresholds: Mapping[str, float],
    submissions: Path,
) -> None:
    """Print stored scores as `evaluate` does: no model, no data and no network are needed.

    NAME is a slug, the folder of a submission or of an evaluation, wherever it came from, one
    results/<target>.yaml, or REV:slug in git. Every score is compared with its outcomes.
    """
    from harness.catalog import target_of
    from harness.catalog.lookup import targets_named
    from harness.cli.named_side import read_side
    from harness.evaluation import score_table
    from harness.records.score_line import ScoreLine, lines_of_steps
    from harness.scoring.recalculation import with_present_intervals

    selected = targets_named(targets)
    results: list[Result] = []
    lines: list[ScoreLine] = []
    by_step: list[ScoreLine] = []
    for name in names:
        side = read_side(name, submissions)
        found = [
            with_present_intervals(target_of(result), result, side.outcomes[target])
            for target, result in side.results.items()
            if not selected or target in selected
        ]
        if not found:
            where = f" on {', '.join(selected)}" if selected else ""
            raise BadInput(f"{side.name} has no result{where}", cure=f"stiltboard evaluate {name}")
        results += found
        lines += [ScoreLine.of_result(result, side.submission) for result in found]
        if steps:
            curves = [
                (result, side.curves[result.target]) for result in found if result.target in side.curves
            ]
            by_step += [line for result, curve in curves for line in lines_of_steps(curve, result)]
    if steps and not by_step:
        raise BadInput("no scores by step are stored", cure="stiltboard evaluate SLUG --steps writes them")
    lines += by_step
    if as_json:
        click.echo(score_table.json_lines(lines), nl=False)
    elif style == "text":
        click.echo(score_table.text(lines, width=terminal_width()), nl=False)
    else:
        click.echo(score_table.FORMATS[style](lines), nl=False)
    check_thresholds(thresholds, results)
