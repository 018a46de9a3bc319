"""How pairs of sentences are mined: the options of one kind of target, and their part of a signature."""

from __future__ import annotations

import re
from enum import StrEnum

from harness.records.record import Record


class Margin(StrEnum):
    """How the cosine of a candidate pair is set against those of its neighbourhoods."""

    RATIO = "ratio"
    DISTANCE = "distance"
    ABSOLUTE = "absolute"


_PRINTED = re.compile(r"(ratio|distance|absolute)\.k([1-9][0-9]{0,3})\.(keep|drop)")


class Mining(Record):
    """How pairs are mined; so many `neighbours` of each sentence enter the margin."""

    margin: Margin = Margin.RATIO
    keep_duplicates: bool = False
    neighbours: int = 4

    def __str__(self) -> str:
        return f"{self.margin.value}.k{self.neighbours}.{'keep' if self.keep_duplicates else 'drop'}"

    @classmethod
    def parse(cls, text: str) -> Mining | None:
        """Return the options that `ratio.k4.drop` and its like name, or None for another text."""
        found = _PRINTED.fullmatch(text)
        if found is None:
            return None
        return cls(margin=Margin(found[1]), neighbours=int(found[2]), keep_duplicates=found[3] == "keep")
