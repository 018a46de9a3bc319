"""The submissions of a board that wait for a measurement: since when, on what, for how long, what failed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from harness.catalog import TARGETS, target_of
from harness.clock import now
from harness.errors import BadInput
from harness.records import Notice, Record, Result, Submission, Target
from harness.store import SUBMISSION_FILE, find_submissions, on_disk
from harness.store.arrivals import Arrival, arrivals
from harness.store.git import repository_around, resolved
from harness.upkeep.expected_hours import ExpectedHours, RunsOnRecord


class OpenTarget(Record):
    """A target of a submission that is not measured, or not in all languages; `failed` gives reasons."""

    target: str
    languages: tuple[str, ...]
    expected: ExpectedHours
    failed: Mapping[str, str] = {}


class WaitingSubmission(Record):
    """A submission that waits: `waiting` without any complete result, `incomplete` with languages missing.

    `landed` is when it came to the main line, in UTC, None where git does not know it; `days` is its age.
    `hours` is the sum over the targets for which it is known; `unknown` counts the others.
    `on_hold` is set by notices that take the rank from its results, or by weights that are gone.
    """

    submission: str
    title: str
    state: Literal["waiting", "incomplete"]
    landed: str | None
    days: int | None
    targets: tuple[OpenTarget, ...]
    hours: float
    unknown: int
    notices: tuple[Notice, ...] = ()
    on_hold: bool = False


class Backlog(Record):
    """All that waits on a board, in the order in which it is to be measured: the oldest first, on hold last.

    `lacking` counts submissions with results, but not on every target of the benchmark; `unreadable` names
    the submissions with files that cannot be read.
    """

    schema_: Annotated[Literal[1], Field(alias="schema")] = 1
    date: str
    submissions: tuple[WaitingSubmission, ...]
    hours: float
    lacking: int
    unreadable: tuple[str, ...] = ()


_Row = tuple[Submission, Mapping[str, Result], tuple[Notice, ...]]


def backlog(root: Path) -> Backlog:
    """Return what waits on the board in a folder of submissions; raises BadInput where there is no folder."""
    rows, unreadable = _read(root)
    landed = _landed(root)
    runs = RunsOnRecord((submission, tuple(results.values())) for submission, results, _ in rows.values())
    waiting = [
        entry
        for slug, row in rows.items()
        if (entry := _waiting(slug, row, landed.get(slug), runs)) is not None
    ]
    # What git does not know yet came last.
    waiting.sort(key=lambda entry: (entry.on_hold, entry.landed or "~", entry.submission))
    benchmark = {target.name for target in _benchmark()}
    complete = [
        {name for name, result in results.items() if result.complete} for _, results, _ in rows.values()
    ]
    return Backlog(
        date=now(),
        submissions=tuple(waiting),
        hours=round(sum(entry.hours for entry in waiting if not entry.on_hold), 4),
        lacking=sum(bool(names) and not benchmark <= names for names in complete),
        unreadable=tuple(unreadable),
    )


def _read(root: Path) -> tuple[dict[str, _Row], list[str]]:
    """Read submissions with checkpoints and their results, and return the slugs of those that fail."""
    rows: dict[str, _Row] = {}
    unreadable = []
    for slug in find_submissions(root):
        contents = on_disk(root / slug).contents(outcomes=lambda _: ())
        if contents.faults:
            unreadable.append(slug)
        elif isinstance(contents.submission, Submission):
            notices = contents.notices.notices if contents.notices else ()
            in_force = tuple(notice for notice in notices if notice.lifted is None)
            rows[slug] = (contents.submission, contents.results, in_force)
    return rows, unreadable


def _landed(root: Path) -> dict[str, Arrival]:
    """Return when each submission came to the main line; nothing outside of a repository."""
    try:
        repository = repository_around(root)
        paths = arrivals(resolved(repository, "HEAD"))
    except BadInput:
        return {}
    prefix = f"{repository.place}/" if repository.place else ""
    names = {path.removeprefix(prefix): arrival for path, arrival in paths.items()}
    suffix = f"/{SUBMISSION_FILE}"
    return {name.removesuffix(suffix): arrival for name, arrival in names.items() if name.endswith(suffix)}


def _benchmark() -> list[Target]:
    return [target for target in TARGETS if target.in_xtreme]


def _waiting(slug: str, row: _Row, landed: Arrival | None, runs: RunsOnRecord) -> WaitingSubmission | None:
    submission, results, notices = row
    partial = {name: result for name, result in results.items() if not result.complete}
    if any(result.complete for result in results.values()):
        targets = [target_of(result) for result in partial.values()]
    else:
        named = {target.name: target for target in (*map(target_of, partial.values()), *_benchmark())}
        targets = list(named.values())
    if not targets:
        return None
    found = tuple(_open(submission, target, results.get(target.name), runs) for target in targets)
    hours = [entry.expected.hours for entry in found]
    return WaitingSubmission(
        submission=slug,
        title=submission.title,
        state="incomplete" if len(partial) < len(results) else "waiting",
        landed=landed.time.strftime("%Y-%m-%dT%H:%M:%SZ") if landed else None,
        days=(datetime.now(UTC) - landed.time).days if landed else None,
        targets=found,
        hours=round(sum(hour or 0.0 for hour in hours), 4),
        unknown=hours.count(None),
        notices=notices,
        on_hold=any(not notice.targets for notice in notices),
    )


def _open(submission: Submission, target: Target, result: Result | None, runs: RunsOnRecord) -> OpenTarget:
    languages = [
        language for language in target.languages if result is None or result.language_score(language) is None
    ]
    failed = {
        language: reason
        for scored in (result.checkpoints if result else ())
        for language, reason in scored.failed.items()
    }
    return OpenTarget(
        target=target.name,
        languages=tuple(languages),
        expected=runs.expected(submission, target, languages),
        failed=failed,
    )
