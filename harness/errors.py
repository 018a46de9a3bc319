"""Say what is wrong, the value found, where it stands, and the cure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any

import click


@dataclass(frozen=True)
class Where:
    """A place in a file; line and column count from 1, None where the whole file is meant."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        # Anybody may push a file of any name: one that would break a line or reorder it is shown escaped.
        file = "".join(char if char.isprintable() else repr(char)[1:-1] for char in self.file)
        return ":".join(str(part) for part in (file, self.line, self.column) if part is not None)


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: `message` holds the value found, `cure` what to do about it."""

    message: str
    where: Where | None = None
    cure: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text}\n    cure: {self.cure}" if self.cure else text


class StiltboardError(click.ClickException):
    """Carry one or more faults; `exit_code` is what the command line ends with."""

    exit_code = 1

    def __init__(self, message: str | Sequence[Fault], *, where: Where | None = None, cure: str = "") -> None:
        self.faults = (Fault(message, where, cure),) if isinstance(message, str) else tuple(message)
        super().__init__("\n".join(map(str, self.faults)))

    def show(self, file: IO[Any] | None = None) -> None:
        """Print every fault on its own line to standard error, as click asks of its exceptions."""
        for fault in self.faults:
            click.echo(f"error: {fault}", file=file, err=file is None)


class CheckFailed(StiltboardError):
    """A regression, a failed cell or a mismatch: the command did its work and the answer is no."""

    exit_code = 1


class BadInput(StiltboardError):
    """A file, a value or a checkpoint that cannot be accepted."""

    exit_code = 3


class WrongUsage(BadInput):
    """An argument of a command or a function that names nothing."""

    exit_code = 2


class Unreachable(BadInput):
    """A source that does not answer at all, so that asking it for the next language is in vain."""


class NotComparable(StiltboardError):
    """Two results that were not measured in the same way."""

    exit_code = 4


class MissingExtra(StiltboardError):
    """A command needs packages that the light base install leaves out."""

    exit_code = 2

    def __init__(self, command: str, extra: str, module: str) -> None:
        super().__init__(
            f"`stiltboard {command}` needs the package {module!r}, which is not installed",
            cure=f"pip install 'stiltboard[{extra}]'",
        )
