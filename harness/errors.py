"""Errors that say what is wrong, the value found, where in which file, and the cure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any

import click


@dataclass(frozen=True)
class Where:
    """A position in a file; line and column count from 1, None where the whole file is meant."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        # Pull requests may contain any file name: characters that break or reorder a line are escaped.
        file = "".join(char if char.isprintable() else repr(char)[1:-1] for char in self.file)
        return ":".join(str(part) for part in (file, self.line, self.column) if part is not None)


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


class MissingExtra(StiltboardError):
    """A command needs packages that the base install does not include."""

    exit_code = 2

    def __init__(self, command: str, extra: str, module: str) -> None:
        super().__init__(
            f"`stiltboard {command}` needs the package {module!r}, which is not installed",
            cure=f"pip install 'stiltboard[{extra}]'",
        )
