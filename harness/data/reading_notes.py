"""Report what a reader understood differently from the bytes of a file, such as a stripped byte order mark.

Loaders return examples only. Like Python's warnings, notes go to whoever listens around the call, so that no
loader has to pass them on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

_listener: ContextVar[Callable[[str], None] | None] = ContextVar("listener", default=None)


def note(path: Path | str, message: str) -> None:
    """Report how a file was read; without a listener this does nothing."""
    listener = _listener.get()
    if listener is not None:
        listener(f"{path}: {message}")


@contextmanager
def noting(report: Callable[[str], None]) -> Iterator[None]:
    """Pass every note of the block to `report`, each text once."""
    heard: set[str] = set()

    def listen(message: str) -> None:
        if message not in heard:
            heard.add(message)
            report(message)

    token = _listener.set(listen)
    try:
        yield
    finally:
        _listener.reset(token)
