"""A request that this process end its work, heeded at places where nothing is lost."""

from __future__ import annotations

import threading


class Stopped(KeyboardInterrupt):
    """The work ended on request; a KeyboardInterrupt, so that the same clean-up runs as after a key."""


class _Work:
    """The thread that works, and whether it was asked to end; `for_good`, by what begins later too."""

    def __init__(self) -> None:
        self.thread = threading.main_thread().ident
        self.asked, self.for_good = threading.Event(), threading.Event()


_work = _Work()


def begin_work() -> None:
    """Say that this thread begins some work, which an earlier request to end does not concern."""
    _work.thread = threading.get_ident()
    if not _work.for_good.is_set():
        _work.asked.clear()


def ask_to_stop(*, for_good: bool = False) -> None:
    """Ask the work of this process to end; it goes on to the next place where it may.

    What begins later ends at once if that is meant `for_good`.
    """
    if for_good:
        _work.for_good.set()
    _work.asked.set()


def is_stopping() -> bool:
    """Tell whether the work of this process was asked to end."""
    return _work.asked.is_set()


def stop_here() -> None:
    """End the work where that was asked for: what is finished is on disk, and the rest can be repeated.

    Raises Stopped, in the thread that works only: what helps it has nothing to clean up.
    """
    if _work.asked.is_set() and threading.get_ident() == _work.thread:
        raise Stopped
