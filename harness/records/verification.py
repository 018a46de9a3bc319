"""Checks of results by people other than the submitters: submissions/<slug>/verification.yaml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from harness.records.record import Record
from harness.records.scalars import Digest, Line, Link, Number, Slug, Tag, Timestamp, Truth, integer, nullable
from harness.records.submission import Submitter


class Mark(StrEnum):
    """Who vouches for a number: an independent rerun, its submitters, or a publication."""

    VERIFIED = "verified"
    SELF_EVALUATED = "self-evaluated"
    REPORTED = "reported"


class VerifiedResult(Record):
    """One check of one result, which is identified by the digest of its file at that time.

    `recount` recomputed every score from the outcomes, `rerun` evaluated the checkpoints again. `largest` is
    the largest difference over seeds and languages in points, `allowed` the tolerance there, `agrees` whether
    no difference exceeds its tolerance.
    """

    target: Tag
    result: Digest
    how: Literal["recount", "rerun"]
    agrees: Truth
    largest: Annotated[Number, Field(ge=0)]
    allowed: Annotated[Number, Field(ge=0)]
    by: Line
    url: Annotated[Link | None, BeforeValidator(nullable)] = None
    date: Timestamp
    harness: Line
    device: Annotated[Line | None, BeforeValidator(nullable)] = None
    dtype: Annotated[Line | None, BeforeValidator(nullable)] = None

    def by_one_of(self, submitters: Sequence[Submitter]) -> bool:
        """Tell whether a submitter made this check, which then counts no more than the evaluation itself."""
        names = {submitter.name.casefold() for submitter in submitters}
        return self.by.casefold() in names or (
            self.url is not None and self.url in {submitter.url for submitter in submitters}
        )


class Verification(Record):
    """All checks of one submission's results; written by maintainers, refused in others' pull requests."""

    schema_: Annotated[Literal[1], BeforeValidator(integer), Field(alias="schema")]
    submission: Slug
    results: Annotated[tuple[VerifiedResult, ...], Field(max_length=1000)]

    def of(self, target: str, digest: str) -> VerifiedResult | None:
        """Return the last rerun of the result whose file has this digest, or else its last recount, or None.

        Checks of another version of the file do not count.
        """
        checks = [check for check in self.results if (check.target, check.result) == (target, digest)]
        ranked = enumerate(checks)
        return max(ranked, key=lambda pair: (pair[1].how == "rerun", pair[0]))[1] if checks else None

    def moved(self, digests: Mapping[tuple[str, str], str]) -> Verification:
        """Return the record after results were rewritten without changing what was checked.

        `digests` maps target and digest of a file to the digest of the file that replaced it.
        """
        checks = tuple(
            check.model_copy(update={"result": digests.get((check.target, check.result), check.result)})
            for check in self.results
        )
        return self.model_copy(update={"results": checks})

    def with_results(self, checks: Sequence[VerifiedResult]) -> Verification:
        """Return the record with new checks added; they replace checks of the same kind of the same files."""
        replaced = {(check.target, check.result, check.how) for check in checks}
        remaining = [
            check for check in self.results if (check.target, check.result, check.how) not in replaced
        ]
        return self.model_copy(update={"results": (*remaining, *checks)})
