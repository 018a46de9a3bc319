"""What the board knows of the variance between seeds: seed-prior.yaml, next to the folder of submissions."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from harness.records.record import Record
from harness.records.scalars import Count, Number, Tag, integer


class PriorClass(Record):
    """The variance of one seed's score on one target, of one regime, as scaled inverse χ².

    `rows` of `of` had several seeds when it was estimated: rows of a regime, `any` row, or `matched` pairs,
    of which it is the variance of the difference. `deviation`, whose square it is, is in points, or on the
    scale `logits` in logits of the mean score. `freedom` are its degrees of freedom.
    """

    target: Tag
    of: Literal["none", "english", "multilingual", "any", "matched"]
    scale: Literal["points", "logits"]
    deviation: Annotated[Number, Field(gt=0, le=100)]
    freedom: Annotated[Number, Field(gt=0, le=10_000)]
    rows: Count


class SeedPriors(Record):
    """The board's prior, by target and regime; `stiltboard prior --write` estimates it again.

    It is a file of its own so that a comparison of two rows does not change because a third row arrived.
    """

    schema_: Annotated[Literal[1], BeforeValidator(integer), Field(alias="schema")]
    classes: Annotated[tuple[PriorClass, ...], Field(max_length=10_000)] = ()

    @classmethod
    def none(cls) -> SeedPriors:
        """Return a prior of nothing: no variance borrows."""
        return cls(schema_=1)

    @model_validator(mode="after")
    def _classes_differ(self) -> SeedPriors:
        names = [(one.target, one.of) for one in self.classes]
        for target, of in names:
            if names.count((target, of)) > 1:
                raise ValueError(f"{target}, of: {of} is given twice")
        return self

    @property
    def digest(self) -> str:
        """Return what names this prior: the first digits of a digest of its classes."""
        return hashlib.sha256(self.model_dump_json(by_alias=True).encode()).hexdigest()[:12]

    def classes_of(self, target: str) -> dict[str, PriorClass]:
        """Return the class for each regime and for matched pairs: the regime's own, else that of any row."""
        own: dict[str, PriorClass] = {one.of: one for one in self.classes if one.target == target}
        regimes = ("none", "english", "multilingual")
        found = {regime: own.get(regime, own.get("any")) for regime in regimes} | {
            "matched": own.get("matched")
        }
        return {name: one for name, one in found.items() if one is not None}
