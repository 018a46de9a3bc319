"""Read a result's runs, name what differs between them, and give the command to reproduce it; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from harness.catalog import is_own
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


def reproducing_command(slug: str, target: Target, result: Result) -> str:
    """Return the command that reproduces a result, with every option that its numbers depend on."""
    kind, _, name = target.name.partition(".")
    user_provided = is_own(target.name)
    parts: list[Any] = ["stiltboard evaluate", slug]
    parts += [f"--{kind} {name}=DIR"] if user_provided else [f"-t {target.name}"]
    parts += ["--data DIR"] if target.needs_data and not user_provided else []
    if result.last_run and (dtype := result.last_run.dtype) in ("float32", "bfloat16"):
        parts.append(f"--dtype {dtype}")
    parts += _mining_options(target, result)
    return " ".join((*parts, "--overwrite"))


def _mining_options(target: Target, result: Result) -> list[str]:
    """Return the options for mining settings that differ from the target's protocol."""
    mining, default = result.signature.mining, target.mining
    if mining is None or default is None:
        return []
    options = [f"--margin {mining.margin.value}"] if mining.margin is not default.margin else []
    return options + (["--keep-duplicates"] if mining.keep_duplicates and not default.keep_duplicates else [])
