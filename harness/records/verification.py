"""What somebody else found who verified results: submissions/<slug>/verification.yaml."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from harness.records.record import Record
from harness.records.scalars import Digest, Line, Link, Number, Slug, Tag, Truth, integer, nothing
from harness.records.submission import Submitter


class Mark(StrEnum):
    """Whose word a number is."""

    VERIFIED = "verified"
    SELF_EVALUATED = "self-evaluated"
    REPORTED = "reported"


class VerifiedResult(Record):
    """What was found of one result, named by the digest of its file as it then was.

    `recount` computed every score again from the outcomes, `rerun` evaluated the checkpoints again. `largest`
    is the largest difference over seeds and languages in points, `allowed` how much of it the tolerance
    leaves, `agrees` whether nothing differs by more than that.
    """

    target: Tag
    result: Digest
    how: Literal["recount", "rerun"]
    agrees: Truth
    largest: Annotated[Number, Field(ge=0)]
    allowed: Annotated[Number, Field(ge=0)]
    by: Line
    url: Annotated[Link | None, BeforeValidator(nothing)] = None
    date: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")]
    harness: Line
    device: Annotated[Line | None, BeforeValidator(nothing)] = None
    dtype: Annotated[Line | None, BeforeValidator(nothing)] = None

    def by_one_of(self, submitters: Sequence[Submitter]) -> bool:
        """Tell whether a submitter verified the submission, which is no more than evaluating it was."""
        names = {submitter.name.casefold() for submitter in submitters}
        return self.by.casefold() in names or (
            self.url is not None and self.url in {submitter.url for submitter in submitters}
        )


class Verification(Record):
    """What was verified of one submission; only maintainers' runs write it, and a stranger's pull request may not hold one."""

    schema_: Annotated[Literal[1], BeforeValidator(integer), Field(alias="schema")]
    submission: Slug
    results: Annotated[tuple[VerifiedResult, ...], Field(max_length=1000)]

    def of(self, target: str, digest: str) -> VerifiedResult | None:
        """Return what was found of a result whose file has this digest, a rerun rather than a recount, the last rather than the first.

        What was found of another file of the same name says nothing about it.
        """
        found = [each for each in self.results if (each.target, each.result) == (target, digest)]
        return max(enumerate(found), key=lambda pair: (pair[1].how == "rerun", pair[0]))[1] if found else None

    def with_results(self, found: Sequence[VerifiedResult]) -> Verification:
        """Return the record with what was found now, in place of what the same kind of check said of the same files."""
        new = {(each.target, each.result, each.how) for each in found}
        kept = [each for each in self.results if (each.target, each.result, each.how) not in new]
        return self.model_copy(update={"results": (*kept, *found)})
