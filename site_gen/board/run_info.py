"""What a result's run block says, read with care since anything may stand there, and how to run it again; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from harness.catalog import is_own
from harness.records import Result, Target
from site_gen.board.board import Row
from site_gen.board.compact_result import CompactResult
from site_gen.once import once


def run_date(result: Result | CompactResult) -> datetime | None:
    """Return when a result was measured, in UTC; None where the run block has no full date with its time zone."""
    text = result.run.get("date")
    if not isinstance(text, str) or len(text) > 40:
        return None
    try:
        date = datetime.fromisoformat(text)
        return date.astimezone(UTC) if date.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def newest_run(rows: Iterable[Row]) -> datetime | None:
    """Return when the newest result of some rows was measured; None where no date is known."""
    dates = [date for row in rows for date in run_dates(row).values()]
    return max(dates, default=None)


@once
def run_dates(row: Row) -> Mapping[str, datetime]:
    """Return when each of a row's results was measured, by target, where that is known."""
    dates = {target: run_date(cell.result) for target, cell in row.cells.items()}
    return {target: date for target, date in dates.items() if date is not None}


def harness_version(result: Result) -> str:
    """Return the version of the harness that measured a result; empty where it is not known."""
    versions = result.run.get("versions")
    text = versions.get("stiltboard") if isinstance(versions, Mapping) else None
    return text if isinstance(text, str) and re.fullmatch(r"[0-9A-Za-z.+-]{1,40}", text) else ""


def reproducing_command(slug: str, target: Target, result: Result) -> str:
    """Return the command that measures a result again, with every option that its numbers depend on."""
    kind, _, name = target.name.partition(".")
    own = is_own(target.name)
    parts: list[Any] = ["stiltboard evaluate", slug]
    parts += [f"--{kind} {name}=DIR"] if own else [f"-t {target.name}"]
    parts += ["--data DIR"] if target.needs_data and not own else []
    if (dtype := result.run.get("dtype")) in ("float32", "bfloat16"):
        parts.append(f"--dtype {dtype}")
    parts += _mining_options(target, result)
    return " ".join((*parts, "--overwrite"))


def _mining_options(target: Target, result: Result) -> list[str]:
    """Name what was mined in another way than the target's protocol says."""
    mining, usual = result.signature.mining, target.mining
    if mining is None or usual is None:
        return []
    options = [f"--margin {mining.margin.value}"] if mining.margin is not usual.margin else []
    return options + (["--keep-duplicates"] if mining.keep_duplicates and not usual.keep_duplicates else [])
