"""What the two processes of an evaluation tell each other, as JSON: the request, how it goes on, and the reply."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field, TypeAdapter

from harness.characters import shown, visible
from harness.errors import BadInput, CheckFailed, Fault, StiltboardError
from harness.evaluation.run import AbsolutePath, Options
from harness.records import Result
from harness.reporter import Reporter

_MARK = "\x1f"  # before what is told to the reporter; nothing else that is printed begins with it


@dataclass(frozen=True)
class Request:
    """What `evaluate` is called with."""

    folder: AbsolutePath
    targets: tuple[str, ...]
    languages: tuple[str, ...]
    options: Options

    def to_json(self) -> bytes:
        """Return the request as JSON, its paths made absolute."""
        return _REQUEST.dump_json(self)

    @classmethod
    def from_json(cls, data: bytes) -> Request:
        """Return the request that JSON holds."""
        return _REQUEST.validate_json(data)


@dataclass(frozen=True)
class Reply:
    """What became of a request: its results, or the error that ended it."""

    results: tuple[Result, ...] = ()
    faults: tuple[Fault, ...] = ()
    exit_code: Annotated[int, Field(ge=0, le=255)] = 0

    @classmethod
    def of(cls, error: StiltboardError) -> Reply:
        """Return the reply that an error makes."""
        return cls(faults=error.faults, exit_code=error.exit_code)

    def to_json(self) -> bytes:
        """Return the reply as JSON."""
        return _REPLY.dump_json(self, by_alias=True)

    @classmethod
    def from_json(cls, data: bytes) -> Reply:
        """Return the reply that JSON holds; every record is checked, and nothing in it reaches a terminal unseen.

        Raises CheckFailed for what this harness did not write.
        """
        try:
            reply = _REPLY.validate_json(data)
        except (ValueError, RecursionError) as reason:
            raise CheckFailed(
                f"the evaluation left a report that is none: {shown(reason)}", cure="evaluate again"
            ) from None
        return replace(reply, faults=tuple(map(_safe, reply.faults)))

    def raise_error(self) -> None:
        """Raise the error that ended the evaluation, if one did."""
        if self.faults:
            raise (BadInput if self.exit_code == BadInput.exit_code else CheckFailed)(self.faults)


_REQUEST = TypeAdapter(Request)
_REPLY = TypeAdapter(Reply)


class LineReporter:
    """An reporter that prints what it is told, for another process to tell to its own."""

    def report(self, message: str) -> None:
        """Hand on one line of news."""
        self._tell("report", message)

    def encoded(self, texts: int, tokens: int, total: int) -> None:
        """Hand on what one batch added."""
        self._tell("encoded", texts, tokens, total)

    def trained(self, step: int, steps: int, loss: float) -> None:
        """Hand on how far a head's training is."""
        self._tell("trained", step, steps, loss)

    def _tell(self, *what: object) -> None:
        print(_MARK + json.dumps(what), flush=True)  # noqa: T201 - the other process reads it


def report_line(line: str, reporter: Reporter) -> None:
    """Tell an reporter what a line says; any other line is news."""
    try:
        match json.loads(line.removeprefix(_MARK)) if line.startswith(_MARK) else None:
            case ["encoded", int(texts), int(tokens), int(total)] if 0 <= tokens <= total and texts >= 0:
                reporter.encoded(texts, tokens, total)
            case ["trained", int(step), int(steps), int() | float() as loss]:
                reporter.trained(step, steps, loss)
            case ["report", str(message)]:
                reporter.report(_one_line(message))
            case _:
                reporter.report(_one_line(line))
    except (ValueError, RecursionError):
        reporter.report(_one_line(line))


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in visible(text))


def _safe(fault: Fault) -> Fault:
    where = replace(fault.where, file=_one_line(fault.where.file)) if fault.where else None
    return Fault(_one_line(fault.message), where, _one_line(fault.cure))
