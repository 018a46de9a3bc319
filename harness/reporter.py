"""Who is told how a run goes on."""

from __future__ import annotations

from typing import Protocol


class Reporter(Protocol):
    """Who is told how a run goes on."""

    def report(self, message: str) -> None:
        """Take one line of news."""

    def encoded(self, texts: int, tokens: int, total: int) -> None:
        """Take what one batch added, and the total of tokens that the run will encode."""

    def trained(self, step: int, steps: int, loss: float) -> None:
        """Take how far a head's training is, and the loss of the last steps."""


class Silent:
    """Tell nobody."""

    def report(self, message: str) -> None:
        """Drop the line."""

    def encoded(self, texts: int, tokens: int, total: int) -> None:
        """Drop the count."""

    def trained(self, step: int, steps: int, loss: float) -> None:
        """Drop the step."""
