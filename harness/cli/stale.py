"""List which results are behind their targets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import submission_argument, submissions_option, target_option

if TYPE_CHECKING:
    from harness.upkeep.staleness import Cost


@click.command("stale")
@submission_argument("slugs", nargs=-1, metavar="[SLUG]...")
@target_option("Only this target or group", named=True)
@click.option("--weights", is_flag=True, help="Also compare weights that are at hand; reads them all.")
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
@submissions_option
def command(
    slugs: tuple[str, ...], targets: tuple[str, ...], weights: bool, as_json: bool, submissions: Path
) -> None:
    """List results that are behind: why, which command mends it, and what measuring again takes.

    A result is behind where its protocol has a newer version, its text was corrected, or scores were added
    that it lacks. The cost is judged by the runs on record, on their machine.
    """
    from harness.cache import cache_folder
    from harness.store import existing_submission, find_submissions
    from harness.upkeep.staleness import stale_results

    folders = [existing_submission(slug, submissions) for slug in slugs] or [
        submissions / slug for slug in find_submissions(submissions)
    ]
    cache = cache_folder() / "checkpoints" if weights else None
    found = stale_results(folders, targets, weights_cache=cache)
    if as_json:
        click.echo(
            json.dumps([stale.model_dump(mode="json") for stale in found], indent=2, ensure_ascii=False)
        )
        return
    for stale in found:
        click.echo(
            f"{stale.submission}, {stale.target}: {'; '.join(reason.what for reason in stale.reasons)}"
        )
        if stale.cost is not None:
            click.echo(f"  cost: {_cost_text(stale.cost)}")
        for line in stale.commands:
            click.echo(f"  {line}")
    results = f"{len(found)} {'result is' if len(found) == 1 else 'results are'} behind"
    seconds = sum(stale.cost.seconds or 0 for stale in found if stale.cost)
    click.echo(f"{results}, {seconds / 3600:.1f} hours on record" if seconds else results)


def _cost_text(cost: Cost) -> str:
    if cost.texts is None or cost.tokens is None or cost.seconds is None:
        return f"{cost.examples:,} examples; no run on record says how long"
    device = f" on {cost.device}" if cost.device else ""
    return (
        f"{cost.examples:,} examples, about {cost.texts:,} texts, {cost.tokens:,} tokens and "
        f"{cost.seconds / 3600:.1f} hours{device}, as on {cost.date}"
    )
