"""Say what is kept when a command is ended from outside: by a key, by a signal, by a disk that is full."""

from __future__ import annotations

import errno
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from harness.characters import visible
from harness.errors import CheckFailed, StiltboardError

# What a command leaves and what to do then; of every other one nothing is lost by beginning again.
_KEPT = {
    "evaluate": "what is finished is kept, and results are whole or not there; the same command goes on from it",
    "train": "what is trained is kept; the same command goes on from it",
    "demo": "what is finished is kept; the same command goes on from it",
    "build": "the site is the old one or the new one, whole; run the same command again",
    "publish": "the branch is the old one or the new one, whole; run the same command again",
}
_OTHERWISE = "run the same command again"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Interrupted(StiltboardError):
    """A key ended the command; the exit code is what a shell says of a program that SIGINT ended."""

    exit_code = 128 + signal.SIGINT


class Ended(StiltboardError):
    """SIGTERM ended the command, as when a machine is shut down or a job's time is over."""

    exit_code = 128 + signal.SIGTERM


class Terminated(KeyboardInterrupt):
    """SIGTERM arrived; who cleans up after a key does so after this, too."""


@contextmanager
def endings(command: Callable[[], str]) -> Iterator[None]:
    """Turn a key, SIGTERM and a full disk into an error that says what is kept and what to do; `command` is asked then."""
    main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, _raise) if main else None
    try:
        yield
    except Terminated:
        raise Ended("terminated", cure=_kept(command())) from None
    except KeyboardInterrupt:
        raise Interrupted("interrupted", cure=_kept(command())) from None
    except OSError as reason:
        if reason.errno not in _FULL:
            raise
        where = f" while {visible(str(reason.filename))} was written" if reason.filename else ""
        raise CheckFailed(f"{reason.strerror}{where}", cure=f"free space; {_kept(command())}") from reason
    finally:
        if main:
            signal.signal(signal.SIGTERM, before)


def _kept(command: str) -> str:
    return _KEPT.get(command, _OTHERWISE)


def _raise(*_: object) -> NoReturn:
    raise Terminated
