"""Read a result's runs, and give the command to reproduce it; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from harness.catalog import is_own
from harness.records import Result, Target
from site_gen.board.board import Row
from site_gen.once import once


def newest_run(rows: Iterable[Row]) -> datetime | None:
    """Return when the newest result of some rows was measured; None where no date is known."""
    dates = [date for row in rows for date in run_dates(row).values()]
    return max(dates, default=None)


@once
def run_dates(row: Row) -> Mapping[str, datetime]:
    """Return when each of a row's results was measured, by target; unknown dates are left out."""
    dates = {target: cell.result.measured_at for target, cell in row.cells.items()}
    return {target: date for target, date in dates.items() if date is not None}


def harness_version(result: Result) -> str:
    """Return the harness version that measured a result; empty where it is unknown or malformed."""
    text = result.last_run.versions.get("stiltboard") if result.last_run else None
    return text if isinstance(text, str) and re.fullmatch(r"[0-9A-Za-z.+-]{1,40}", text) else ""


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
