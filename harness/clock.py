"""Times as every file here writes them: UTC, to the second."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """Return the present time."""
    return written(datetime.now(UTC))


def written(time: datetime) -> str:
    """Return a time as text, such as 2026-03-02T09:14:07Z."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
