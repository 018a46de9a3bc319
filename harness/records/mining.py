"""Options for mining sentence pairs, and how they are printed in a signature."""

from __future__ import annotations

import re
from enum import StrEnum

from harness.records.record import Record


class Margin(StrEnum):
    """How a candidate pair's cosine is normalised by its neighbours' cosines (Artetxe and Schwenk 2019)."""

    RATIO = "ratio"
    DISTANCE = "distance"
    ABSOLUTE = "absolute"


_PRINTED = re.compile(r"(ratio|distance|absolute)\.k([1-9][0-9]{0,3})\.(keep|drop)")


class Mining(Record):
    """How pairs are mined; the margin uses the nearest `neighbours` of each sentence."""

    margin: Margin = Margin.RATIO
    keep_duplicates: bool = False
    neighbours: int = 4

    def __str__(self) -> str:
        return f"{self.margin.value}.k{self.neighbours}.{'keep' if self.keep_duplicates else 'drop'}"

    @classmethod
    def parse(cls, text: str) -> Mining | None:
        """Return the options printed as text such as `ratio.k4.drop`, or None for any other text."""
        match = _PRINTED.fullmatch(text)
        if match is None:
            return None
        return cls(margin=Margin(match[1]), neighbours=int(match[2]), keep_duplicates=match[3] == "keep")
