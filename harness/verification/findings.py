"""What a verification comes to: records that a program can read, and their lines for a reader."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from harness.records import Record

# What was checked of a result.
Check = Literal["file", "recount", "signature", "data", "weights", "contamination", "rerun", "probe"]


class Finding(Record):
    """One thing that was found: `failed` says that the result does not stand, else it is for people to know.

    `file` is where, as it was named on the command line.
    """

    check: Check
    failed: bool
    file: str
    what: str

    @property
    def line(self) -> str:
        """Return it in one line."""
        return f"{'FAILED' if self.failed else 'note'} {self.check}: {self.file}: {self.what}"


class Verified(Record):
    """One result: what was checked of it and what was found.

    Of a rerun: the largest difference in points, how much of it is allowed there, and the (device, dtype)
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
    def stands(self) -> bool:
        """Tell whether nothing failed."""
        return not any(finding.failed for finding in self.findings)


class VerificationReport(Record):
    """All that one `verify` found; `audit` says how the results were chosen, `seed` what was drawn from, where anything was."""

    schema_: Annotated[Literal[1], Field(alias="schema")] = 1
    results: tuple[Verified, ...]
    findings: tuple[Finding, ...] = ()
    audit: str | None = None
    seed: str | None = None

    @property
    def failed(self) -> tuple[Finding, ...]:
        """Return every finding by which a result, or a whole submission, does not stand."""
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
            yield f"{result.submission} {result.target}: {'stands' if result.stands else 'FAILED'} ({', '.join(result.checked)}{differs})"
            for finding in result.findings:
                yield f"  {finding.line}"
