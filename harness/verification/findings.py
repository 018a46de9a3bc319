"""The outcome of a verification, as records for JSON and as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from harness.records import Record

# What can be checked of a result.
Check = Literal["file", "recount", "signature", "data", "weights", "contamination", "rerun", "probe"]


class Finding(Record):
    """One finding of a check: a failure of the result with `failed`, otherwise a note for people.

    `file` is the path as given on the command line.
    """

    check: Check
    failed: bool
    file: str
    what: str

    @property
    def line(self) -> str:
        """The finding in one line, such as `note data: FILE: …`."""
        return f"{'FAILED' if self.failed else 'note'} {self.check}: {self.file}: {self.what}"


class Verified(Record):
    """One result: the checks it went through, and their findings.

    For a rerun also the largest difference in points, the tolerance for it, and the (device, dtype)
    that it ran on.
    """

    submission: str
    target: str
    digest: str | None = None
    checked: tuple[Check, ...] = ()
    findings: tuple[Finding, ...] = ()
    largest: float | None = None
    allowed: float | None = None
    ran: tuple[str, str] | None = None

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return not any(finding.failed for finding in self.findings)


class VerificationReport(Record):
    """The outcome of one `verify`.

    `audit` describes how the results were sampled, and `seed` is the random seed, None if nothing was drawn.
    """

    schema_: Annotated[Literal[1], Field(alias="schema")] = 1
    results: tuple[Verified, ...]
    findings: tuple[Finding, ...] = ()
    audit: str | None = None
    seed: str | None = None

    @property
    def failed(self) -> tuple[Finding, ...]:
        """All failures of results and of whole submissions."""
        every = [*self.findings, *(finding for result in self.results for finding in result.findings)]
        return tuple(finding for finding in every if finding.failed)

    def lines(self) -> Iterator[str]:
        """Yield the report for a terminal."""
        if self.audit:
            yield self.audit
        elif self.seed:
            yield f"drawn from the seed {self.seed}"
        for finding in self.findings:
            yield finding.line
        for result in self.results:
            differs = (
                f", differs by at most {result.largest:.4f} points" if result.largest is not None else ""
            )
            verdict = "passed" if result.passed else "FAILED"
            checked = ", ".join(result.checked)
            yield f"{result.submission} {result.target}: {verdict} ({checked}{differs})"
            for finding in result.findings:
                yield f"  {finding.line}"
