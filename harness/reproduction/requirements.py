"""What it takes to repeat a result: code, environment, text, weights, hardware; and what is out of reach."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from harness.records import Record


class Reach(StrEnum):
    """Whether a part can be had as it was, only in a similar form, or not at all."""

    EXACT = "exact"
    SIMILAR = "similar"
    MISSING = "missing"


class Requirement(Record):
    """One part of a measurement, in how far it can be had on this machine, and why."""

    part: Literal["code", "environment", "text", "weights", "hardware"]
    reach: Reach
    lines: tuple[str, ...]


class Repetition(Record):
    """A result that was measured again: its score, and how the two compare.

    `largest` is the largest difference of a language, and `allowed` the tolerance for it, in points.
    `changed` names the conditions that differ, with their values then and now.
    """

    score: float | None
    largest: float
    allowed: float
    disagreements: tuple[str, ...]
    changed: Mapping[str, tuple[str, ...]]

    def lines(self) -> Iterator[str]:
        """Yield the comparison for a terminal."""
        score = "no score" if self.score is None else f"{self.score:.2f}"
        verdict = "not found again" if self.disagreements else "found again"
        points = f"{self.largest:.4f} points of {self.allowed:.4f} allowed"
        yield f"{verdict}: {score}, a language differs by at most {points}"
        yield from self.disagreements
        yield from (f"{name}: {' → '.join(values)}" for name, values in self.changed.items())


class Reproduction(Record):
    """What repeats one result: its parts, the commands, the commit that they use, and what that gave.

    `commit` is None where no commit of this repository can have measured the result.
    """

    submission: str
    target: str
    score: float | None
    measured: str | None
    commit: str | None
    requirements: tuple[Requirement, ...]
    commands: tuple[str, ...]
    repetition: Repetition | None = None

    @property
    def out_of_reach(self) -> tuple[str, ...]:
        """Return the parts that cannot be had at all."""
        return tuple(entry.part for entry in self.requirements if entry.reach is Reach.MISSING)

    def lines(self) -> Iterator[str]:
        """Yield the reproduction for a terminal."""
        score = "no score" if self.score is None else f"{self.score:.2f}"
        date = self.measured or "an unknown date"
        yield f"{self.submission} {self.target}: {score}, measured on {date}"
        for entry in self.requirements:
            first, *others = entry.lines
            yield f"  {entry.part:<11}  {entry.reach.value:<7}  {first}"
            yield from (f"{'':<24}{line}" for line in others)
        for command in self.commands:
            yield f"  $ {command}"
        if missing := self.out_of_reach:
            yield f"  out of reach: {', '.join(missing)}"
        yield from (f"  {line}" for line in (self.repetition.lines() if self.repetition else ()))


class ReproductionReport(Record):
    """The output of `reproduce --json`."""

    schema_: Annotated[Literal[1], Field(alias="schema")] = 1
    results: tuple[Reproduction, ...]
