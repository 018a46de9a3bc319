"""The way a sentence vector is read off an encoder, and its part of a signature."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.records.submission import Pooling

_PRINTED = re.compile(r"h(0|[1-9][0-9]{0,3})\.([a-z]+)")


@dataclass(frozen=True, order=True)
class View:
    """One way to read a sentence vector off the encoder: h[layer], pooled."""

    layer: int
    pooling: Pooling

    def __str__(self) -> str:
        return f"h{self.layer}.{self.pooling.value}"

    @classmethod
    def parse(cls, text: str) -> View | None:
        """Return the view that `h12.mean` and its like name, or None for another text."""
        found = _PRINTED.fullmatch(text)
        if found is None or found[2] not in [pooling.value for pooling in Pooling]:
            return None
        return cls(int(found[1]), Pooling(found[2]))
