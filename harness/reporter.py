"""Where a run reports its progress."""

from __future__ import annotations

from typing import Protocol


class Reporter(Protocol):
    """Receives the progress of a run; `harness.cli.progress` shows it on a terminal."""

    def report(self, message: str) -> None:
        """Receive one line of text."""

    def encoded(self, texts: int, tokens: int, total: int) -> None:
        """Receive the size of one encoded batch, and the total of tokens that the run will encode."""

    def trained(self, step: int, steps: int, loss: float) -> None:
        """Receive the current step of a training, and the mean loss of the last steps."""


class Silent:
    """Ignores all reports."""

    def report(self, message: str) -> None:
        """Ignore the line."""

    def encoded(self, texts: int, tokens: int, total: int) -> None:
        """Ignore the count."""

    def trained(self, step: int, steps: int, loss: float) -> None:
        """Ignore the step."""
