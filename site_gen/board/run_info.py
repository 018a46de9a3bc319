"""Read a result's runs, and name what differs between them; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from harness.records import EvaluationRun, Result, Target
from site_gen.board.board import Row
from site_gen.formatting import capital, language_name, listed
from site_gen.once import once

_FEW_LANGUAGES = 4


def newest_run(rows: Iterable[Row]) -> datetime | None:
    """Return when the newest result of some rows was measured; None where no date is known."""
    dates = [date for row in rows for date in run_dates(row).values()]
    return max(dates, default=None)


@once
def run_dates(row: Row) -> Mapping[str, datetime]:
    """Return when each of a row's results was measured, by target; unknown dates are left out."""
    dates = {target: cell.result.measured_at for target, cell in row.cells.items()}
    return {target: date for target, date in dates.items() if date is not None}


def harness_versions(result: Result) -> tuple[str, ...]:
    """Return the well-formed versions of the harness that measured a result, the oldest first."""
    texts = (run.versions.get("stiltboard", "") for run in result.runs)
    return tuple(dict.fromkeys(text for text in texts if re.fullmatch(r"[0-9A-Za-z.+-]{1,40}", text)))


def mixed_sentence(target: Target, result: Result) -> str:
    """Return which part each run of a result measured and what differs; empty if nothing does."""
    if not result.mixed:
        return ""
    parts = [f"on {run.date[:10]} {_languages(target, run)}" for run in result.runs]
    differences = [f"{_condition(name)} {listed(values)}" for name, values in result.mixed.items()]
    return f"{capital(', '.join(parts))}. What differs: {', '.join(differences)}."


def _languages(target: Target, run: EvaluationRun) -> str:
    measured = {language for languages in run.cells.values() for language in languages}
    names = [language_name(language) for language in target.languages if language in measured]
    return listed(names) if len(names) <= _FEW_LANGUAGES else f"{len(names)} languages"


def _condition(name: str) -> str:
    """Return the name of a condition of a run: versions.torch → torch."""
    return {"commit": "commit of the harness"}.get(name, name.removeprefix("versions."))
