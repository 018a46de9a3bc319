"""Errors that say what is wrong, the value found, where in which file, and the cure."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from traceback import extract_tb
from typing import IO, Any

import click

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_REPORT = (
    "this is a defect of stiltboard or of a library: please open an issue with this message, "
    "the checkpoint, and the versions of stiltboard, torch, transformers and tokenizers"
)


@dataclass(frozen=True)
class Where:
    """A position in a file; line and column count from 1, None where the whole file is meant."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        # Pull requests may contain any file name.
        parts = (_printable(self.file), self.line, self.column)
        return ":".join(str(part) for part in parts if part is not None)


@dataclass(frozen=True)
class Fault:
    """One problem: `message` holds the value found, `cure` what to do about it."""

    message: str
    where: Where | None = None
    cure: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text}\n    cure: {self.cure}" if self.cure else text


class StiltboardError(click.ClickException):
    """Base of all errors: one or more faults, and the exit code of the command."""

    exit_code = 1

    def __init__(self, message: str | Sequence[Fault], *, where: Where | None = None, cure: str = "") -> None:
        self.faults = (Fault(message, where, cure),) if isinstance(message, str) else tuple(message)
        super().__init__("\n".join(map(str, self.faults)))

    def show(self, file: IO[Any] | None = None) -> None:
        """Print every fault on a line of its own to standard error; click calls this."""
        for fault in self.faults:
            click.echo(f"error: {fault}", file=file, err=file is None)


class CheckFailed(StiltboardError):
    """A regression, a failed cell or a mismatch: the command ran, and its check failed."""

    exit_code = 1


class SystemRefused(CheckFailed):
    """The system refused a read or a write: a full disk, a missing permission, no locks."""

    exit_code = 3


class Unwritable(SystemRefused):
    """A file that this machine cannot write: a disk or a quota is full, or a folder is not writable."""


class BadInput(StiltboardError):
    """A file, a value or a checkpoint that cannot be accepted."""

    exit_code = 3


class WrongUsage(BadInput):
    """An argument of a command or a function that is invalid or names nothing."""

    exit_code = 2


class Unreachable(BadInput):
    """A source that does not answer at all, so that requesting another language is pointless."""


class NotComparable(StiltboardError):
    """Two results that were not measured in the same way."""

    exit_code = 4


class Incomplete(StiltboardError):
    """A result that lacks languages, where a whole score is asked for."""

    exit_code = 5


class MissingExtra(StiltboardError):
    """A command, or something else that is named, needs packages that the base install does not include."""

    exit_code = 2

    def __init__(self, subject: str, extra: str, module: str, *, is_command: bool = True) -> None:
        super().__init__(
            f"{f'`stiltboard {subject}`' if is_command else subject} needs the package {module!r}, "
            "which is not installed",
            cure=_installation(extra),
        )


def joined(errors: Sequence[StiltboardError], message: str = "") -> StiltboardError:
    """Return one error for several: with all their faults, or with a message where they were shown already.

    It is of the class whose exit code all of them have, else CheckFailed.
    """
    codes = {error.exit_code for error in errors}
    code = codes.pop() if len(codes) == 1 else CheckFailed.exit_code
    return of_exit_code(code, message or [fault for error in errors for fault in error.faults])


def of_exit_code(code: int, message: str | Sequence[Fault]) -> StiltboardError:
    """Return the error that a process with this exit code reports, with its message or faults."""
    classes = (CheckFailed, WrongUsage, BadInput, NotComparable, Incomplete)
    return next((kind for kind in classes if kind.exit_code == code), CheckFailed)(message)


def _installation(extra: str) -> str:
    """Return the command that adds an extra to this package, installed from a clone, a wheel or an index."""
    import json  # noqa: PLC0415 - this module is imported by every command
    import shlex  # noqa: PLC0415
    from importlib.metadata import PackageNotFoundError, distribution  # noqa: PLC0415

    pip = f"{shlex.quote(sys.executable)} -m pip install"
    clone = Path(__file__).resolve().parents[1]
    if (clone / "pyproject.toml").is_file():
        return f"{pip} -e {shlex.quote(f'{clone}[{extra}]')} -c {shlex.quote(str(clone / 'constraints.txt'))}"
    try:
        origin = json.loads(distribution("stiltboard").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        origin = {}
    address = f" @ {origin['url']}" if isinstance(origin.get("url"), str) else ""
    return f"{pip} {shlex.quote(f'stiltboard[{extra}]{address}')}"


def is_disk_full(reason: BaseException) -> bool:
    """Tell whether the system refused to write because a disk, a quota or a limit on files is full."""
    return isinstance(reason, OSError) and reason.errno in _FULL


@contextmanager
def naming_failures(
    subject: str, kind: type[StiltboardError] = CheckFailed, cure: str = ""
) -> Iterator[None]:
    """Raise `kind`, with subject, type and message, for any failure that is no StiltboardError.

    A panic of a library in Rust is a BaseException, but none of those that ask this process to end. A full
    disk is left to whoever can say what is kept. Without a `cure` the failure is taken for a defect: the
    message says where it happened, and the cure how to report it.
    """
    try:
        yield
    except (StiltboardError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as reason:
        if is_disk_full(reason):
            raise
        if isinstance(reason, MemoryError):
            more = "a machine with more memory, or a larger --max-memory; what is finished is kept"
            raise CheckFailed(f"{subject}: out of memory", cure=more) from reason
        # A library's message may quote the file that it could not read.
        first_line = _printable(str(reason).strip().partition("\n")[0][:500])
        message = f"{subject}: {type(reason).__name__}: {first_line}"
        if not cure:
            message += f" ({_position(reason)})"
        raise kind(message, cure=cure or _REPORT) from reason


def _printable(text: str) -> str:
    """Escape the characters that break or reorder a line; `harness.characters` depends on this module."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def _position(reason: BaseException) -> str:
    """Return file and line of the innermost frame in this project, or else of the innermost one."""
    frames = extract_tb(reason.__traceback__)
    root = Path(__file__).parent
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(root)]
    frame = (own or frames)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"
