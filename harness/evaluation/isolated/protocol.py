"""The messages between the two processes of an evaluation, as JSON: request, progress lines, reply."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field, TypeAdapter

from harness.characters import shown, visible
from harness.errors import BadInput, CheckFailed, Fault, StiltboardError
from harness.evaluation.estimate import Estimate
from harness.evaluation.heads import UntrainedHead
from harness.evaluation.run import AbsolutePath, Options
from harness.records import Result
from harness.reporter import Reporter

_MARK = "\x1f"  # begins a progress line; no other printed line begins with it


@dataclass(frozen=True)
class Request:
    """The arguments of `evaluate`, or of `estimate` where only that is requested."""

    folder: AbsolutePath
    targets: tuple[str, ...]
    languages: tuple[str, ...]
    options: Options
    only_estimate: bool = False

    def to_json(self) -> bytes:
        """Return the request as JSON, with absolute paths."""
        return _REQUEST.dump_json(self)

    @classmethod
    def from_json(cls, data: bytes) -> Request:
        """Parse a request; pydantic's ValidationError where it is none."""
        return _REQUEST.validate_json(data)


@dataclass(frozen=True)
class Reply:
    """The outcome of a request: its results, its estimate, or the error that ended it."""

    results: tuple[Result, ...] = ()
    estimate: Estimate | None = None
    faults: tuple[Fault, ...] = ()
    exit_code: Annotated[int, Field(ge=0, le=255)] = 0
    untrained: bool = False

    @classmethod
    def of(cls, error: StiltboardError) -> Reply:
        """Return the reply that carries an error: its faults and exit code."""
        untrained = isinstance(error, UntrainedHead)
        return cls(faults=error.faults, exit_code=error.exit_code, untrained=untrained)

    def to_json(self) -> bytes:
        """Return the reply as JSON, under the field names of result files."""
        return _REPLY.dump_json(self, by_alias=True)

    @classmethod
    def from_json(cls, data: bytes) -> Reply:
        """Parse and validate a reply; control characters in its messages are made visible.

        Raises CheckFailed for anything that this harness did not write.
        """
        try:
            reply = _REPLY.validate_json(data)
        except (ValueError, RecursionError) as reason:
            raise CheckFailed(
                f"the evaluation wrote an invalid reply: {shown(reason)}", cure="evaluate again"
            ) from None
        return replace(
            reply,
            faults=tuple(map(_safe, reply.faults)),
            estimate=_safe_estimate(reply.estimate) if reply.estimate else None,
        )

    def raise_error(self) -> None:
        """Raise the reported error as BadInput or CheckFailed; return if the evaluation succeeded."""
        if self.faults and self.untrained:
            raise UntrainedHead(self.faults)
        if self.faults:
            raise (BadInput if self.exit_code == BadInput.exit_code else CheckFailed)(self.faults)


_REQUEST = TypeAdapter(Request)
_REPLY = TypeAdapter(Reply)


class LineReporter:
    """A reporter that prints each report as one line, which `report_line` in the parent process reads."""

    def report(self, message: str) -> None:
        """Print one line of text."""
        self._print("report", message)

    def encoded(self, texts: int, tokens: int, total: int) -> None:
        """Print the size of one encoded batch, and the total of tokens."""
        self._print("encoded", texts, tokens, total)

    def trained(self, step: int, steps: int, loss: float) -> None:
        """Print the current step of a training, and the mean loss of the last steps."""
        self._print("trained", step, steps, loss)

    def _print(self, *report: object) -> None:
        print(_MARK + json.dumps(report), flush=True)  # noqa: T201 - the parent process reads it


def report_line(line: str, reporter: Reporter) -> None:
    """Pass a line of the child to the reporter; one that is no progress line is reported as text."""
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


def _safe_estimate(estimate: Estimate) -> Estimate:
    if not math.isfinite(estimate.seconds):
        raise CheckFailed("the evaluation wrote an estimate without a duration", cure="estimate again")
    return replace(
        estimate,
        targets=tuple((_one_line(name), languages, texts) for name, languages, texts in estimate.targets),
        heads=tuple((_one_line(name), _one_line(work)) for name, work in estimate.heads),
        unreadable=tuple(map(_safe, estimate.unreadable)),
    )


def _safe(fault: Fault) -> Fault:
    where = replace(fault.where, file=_one_line(fault.where.file)) if fault.where else None
    return Fault(_one_line(fault.message), where, _one_line(fault.cure))
