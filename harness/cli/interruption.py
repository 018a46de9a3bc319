"""Report what is kept when a command is interrupted by a key, a signal or a full disk."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from harness.characters import visible
from harness.errors import StiltboardError, Unwritable, is_disk_full

# What a command keeps and what to do next; any other command can be run again without loss.
_REMEDIES = {
    "evaluate": "what is finished is kept, and results are whole or not there; "
    "the same command goes on from it",
    "train": "what is trained is kept; the same command goes on from it",
    "demo": "what is finished is kept; the same command goes on from it",
    "build": "the site is the old one or the new one, whole; run the same command again",
    "publish": "the branch is the old one or the new one, whole; run the same command again",
}
_DEFAULT_REMEDY = "run the same command again"


class Interrupted(StiltboardError):
    """A key ended the command; the exit code is the one that shells report after SIGINT."""

    exit_code = 128 + signal.SIGINT


class Ended(StiltboardError):
    """SIGTERM ended the command, as when a machine is shut down or a job's time is over."""

    exit_code = 128 + signal.SIGTERM


class Terminated(KeyboardInterrupt):
    """SIGTERM arrived; a KeyboardInterrupt, so that the same clean-up runs as after a key."""


@contextmanager
def endings(command: Callable[[], str]) -> Iterator[None]:
    """Turn a key, SIGTERM and a full disk into an error that says what is kept and what to do.

    `command` returns the name of the running command; it is called only then.
    """
    main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, _raise) if main else None
    try:
        yield
    except Terminated:
        raise Ended("terminated", cure=_remedy(command())) from None
    except KeyboardInterrupt:
        raise Interrupted("interrupted", cure=_remedy(command())) from None
    except OSError as reason:
        if not is_disk_full(reason):
            raise
        where = f" while {visible(str(reason.filename))} was written" if reason.filename else ""
        raise Unwritable(f"{reason.strerror}{where}", cure=f"free space; {_remedy(command())}") from reason
    finally:
        if main:
            signal.signal(signal.SIGTERM, before)


def _remedy(command: str) -> str:
    return _REMEDIES.get(command, _DEFAULT_REMEDY)


def _raise(*_: object) -> NoReturn:
    raise Terminated
