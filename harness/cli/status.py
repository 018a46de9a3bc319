"""`stiltboard status`: the submissions that wait for a measurement."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import submissions_option

if TYPE_CHECKING:
    from harness.upkeep.backlog import Backlog, OpenTarget, WaitingSubmission


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON, as in docs/schema/status.json.")
@submissions_option
def command(as_json: bool, submissions: Path) -> None:
    """List the submissions that wait for a measurement, the oldest first: age, cost, failures, notices.

    Submissions without a complete result wait on all of the benchmark, others where languages are missing.
    Hours are expected from the runs on record, a head's training included; with the weights at hand,
    `stiltboard evaluate SLUG --dry-run --sandbox` times some passes.
    """
    from harness.upkeep.backlog import backlog

    found = backlog(submissions)
    if as_json:
        click.echo(found.model_dump_json(indent=2, by_alias=True, exclude_none=False))
        return
    for line in _lines(found):
        click.echo(line)


def _lines(found: Backlog) -> Iterator[str]:
    for number, entry in enumerate(found.submissions, start=1):
        yield f"{number}. {_summary(entry)}"
        for notice in entry.notices:
            yield f"   {notice.kind.value} since {notice.date[:10]}: {notice.reason}"
        for target in entry.targets:
            yield f"   {_target_line(target)}"
            for language, reason in target.failed.items():
                yield f"     {language} failed: {reason}"
    for slug in found.unreadable:
        yield f"{slug} cannot be read: stiltboard validate {slug}"
    if found.lacking:
        lack = "submission lacks" if found.lacking == 1 else "submissions lack"
        yield f"{found.lacking} measured {lack} targets of the benchmark: stiltboard missing"
    waiting = len(found.submissions)
    noun = "submission waits" if waiting == 1 else "submissions wait"
    yield f"{waiting} {noun}, {found.hours:.1f} hours as far as they can be expected"


def _summary(entry: WaitingSubmission) -> str:
    age = "not committed yet" if entry.days is None else f"{entry.days} days" if entry.days != 1 else "1 day"
    least = f"at least {entry.hours:.1f} h, {entry.unknown} of {len(entry.targets)} targets unknown"
    hours = least if entry.unknown else f"about {entry.hours:.1f} h"
    hold = ", on hold" if entry.on_hold else ""
    return f"{entry.submission}: {entry.state}{hold}, {age}, {hours}"


def _target_line(target: OpenTarget) -> str:
    count = len(target.languages)
    languages = f"{count} {'language' if count == 1 else 'languages'}"
    expected = target.expected
    known = f"{expected.hours:.2f} h, from {expected.basis}" if expected.hours is not None else ""
    hours = known or f"unknown: {expected.basis}"
    return f"{target.target}, {languages}: {hours}"
