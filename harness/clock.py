"""Timestamps of all written files: UTC, to the second."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """Return the current time as text, such as 2026-03-02T09:14:07Z."""
    return written(datetime.now(UTC))


def written(time: datetime) -> str:
    """Format a time in UTC, to the second."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
