"""Progress in a notebook: one line that is updated in place."""

from __future__ import annotations

import sys
import time
from importlib import import_module
from typing import Any

from harness.reporter import Reporter, Silent

_SECONDS = 0.5


def default_reporter() -> Reporter:
    """Return the reporter of a notebook, or one that is silent anywhere else."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or not hasattr(shell, "kernel"):
        return Silent()
    return NotebookLine(import_module("IPython.display").display)


class NotebookLine:
    """Shows the last thing that happened in one line of a notebook's output."""

    def __init__(self, display: Any) -> None:
        """Open the line; `display` is IPython's function."""
        self._handle = display(_BareText(""), display_id=True)
        self._shown = self._started = time.monotonic()
        self._done = 0

    def report(self, message: str) -> None:
        """Show a line of text."""
        self._show(message)

    def encoded(self, texts: int, tokens: int, total: int) -> None:
        """Count a batch, and show the share that is done and the time that is left."""
        if self._done >= total:
            self._done = 0
        if not self._done:
            self._started = time.monotonic()
        self._done += tokens
        if self._due() or self._done >= total:
            seconds = (time.monotonic() - self._started) * (total - self._done) / self._done
            self._show(f"{self._done:,} of {total:,} tokens, {seconds:,.0f} s left")

    def trained(self, step: int, steps: int, loss: float) -> None:
        """Show the step and the loss of a training."""
        if self._due() or step >= steps:
            self._show(f"step {step:,} of {steps:,}, loss {loss:.3f}")

    def _due(self) -> bool:
        return time.monotonic() - self._shown >= _SECONDS

    def _show(self, text: str) -> None:
        self._shown = time.monotonic()
        self._handle.update(_BareText(text))


class _BareText:
    """Text that IPython shows without quotation marks."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text
