"""How a command ends that a key, a signal, the system or a defect ends: what is kept, and what to do."""

from __future__ import annotations

import atexit
import errno
import os
import select
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

import click

from harness.characters import visible
from harness.cli.streams import discard, open_standard_streams
from harness.errors import StiltboardError, SystemRefused, is_disk_full

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

_CURES = {
    errno.EACCES: "give this account the right to it, or name another place",
    errno.EPERM: "give this account the right to it, or name another place",
    errno.EROFS: "the disk is read-only; name another place",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENAMETOOLONG: "choose shorter names",
    errno.ENOLCK: "name a place on a disk with locks",
}
_DEFECT = "this is a defect of stiltboard: please open an issue with these lines, the command and its version"
_DEFECT_CODE = 70  # EX_SOFTWARE of sysexits.h: no exit code of a check or of input


class Interrupted(StiltboardError):
    """A key ended the command; the exit code is the one that shells report after SIGINT."""

    exit_code = 128 + signal.SIGINT


class Ended(StiltboardError):
    """SIGTERM ended the command, as when a machine is shut down or a job's time is over."""

    exit_code = 128 + signal.SIGTERM


class OutputClosed(StiltboardError):
    """Whoever read the output reads no more, as after `| head`; nothing is said, as by other programs."""

    exit_code = 128 + signal.SIGPIPE


class Terminated(KeyboardInterrupt):
    """SIGTERM arrived; a KeyboardInterrupt, so that the same clean-up runs as after a key."""


def run_to_exit(run: Callable[[], object], *, is_program: bool) -> NoReturn:
    """Run the command line and exit with the code of README.md's list, whatever ends it.

    A traceback is printed for a defect only, with how to report it. A key or SIGTERM ends the process at once
    if it `is_program`, and is no other one that calls the command line.
    """
    open_standard_streams()
    try:
        with endings(str):
            code = run()
            sys.stdout.flush()
            sys.exit(code if isinstance(code, int) else 0)
    except OutputClosed as closed:
        discard(sys.stdout, sys.stderr)
        sys.exit(closed.exit_code)
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        if is_program and isinstance(error, (Interrupted, Ended)):
            _leave(error.exit_code)
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("Aborted!", err=True)
        sys.exit(1)
    except Exception:  # noqa: BLE001  # the last wall: a defect
        with suppress(OSError):
            traceback.print_exc()
            click.echo(f"error: {_DEFECT}", err=True)
        sys.exit(_DEFECT_CODE)


def _leave(code: int) -> NoReturn:
    """End this process now: what is registered for its end runs, but no thread is waited for.

    Taking down torch and the Hub's clients costs more than a second of a processor, and a thread of theirs
    may wait for a server that does not answer.
    """
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


@contextmanager
def endings(command: Callable[[], str]) -> Iterator[None]:
    """Turn a key, SIGTERM and what the system refuses into an error that says what is kept and what to do.

    `command` returns the name of the running command; it is called only then. Raises SystemRefused for an
    OSError, and OutputClosed where nobody reads the output any more.
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
        raise _refusal(reason, _remedy(command())) from reason
    finally:
        if main:
            signal.signal(signal.SIGTERM, before)


def _refusal(reason: OSError, remedy: str) -> StiltboardError:
    """Return the error for what the system refused; output that cannot be written is given up."""
    if isinstance(reason, BrokenPipeError) and any(map(_has_no_reader, (sys.stdout, sys.stderr))):
        return OutputClosed("nobody reads the output")
    place = visible(str(reason.filename)) if reason.filename else ""
    if not place and _was_printed(reason):
        discard(sys.stdout)
        place = "standard output"
    cure = "free space" if is_disk_full(reason) else _CURES.get(reason.errno or 0, "mend it")
    message = reason.strerror or str(reason)
    return SystemRefused(f"{place}: {message}" if place else message, cure=f"{cure}; {remedy}")


def _has_no_reader(stream: Any) -> bool:  # whatever stands in for a standard stream
    try:
        poll = select.poll()
        poll.register(stream.fileno(), select.POLLOUT)
        return any(event & select.POLLERR for _, event in poll.poll(0))
    except (OSError, ValueError, AttributeError):  # a stream without a file
        return False


def _was_printed(reason: OSError) -> bool:
    """Tell whether printing failed: the system names no file then, but click or rich was writing."""
    frames = traceback.extract_tb(reason.__traceback__)
    return bool(frames) and Path(frames[-1].filename).parent.name in ("click", "rich")


def _remedy(command: str) -> str:
    return _REMEDIES.get(command, _DEFAULT_REMEDY)


def _raise(*_: object) -> NoReturn:
    raise Terminated
