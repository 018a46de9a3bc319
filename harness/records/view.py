"""Which hidden state a sentence vector is read from, and how that is printed in a signature."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.records.submission import Pooling

_PRINTED = re.compile(r"h(0|[1-9][0-9]{0,3})\.([a-z]+)")


@dataclass(frozen=True, order=True)
class View:
    """One way to read a sentence vector from an encoder: hidden state h[layer], pooled."""

    layer: int
    pooling: Pooling

    def __str__(self) -> str:
        return f"h{self.layer}.{self.pooling.value}"

    @classmethod
    def parse(cls, text: str) -> View | None:
        """Return the view printed as text such as `h12.mean`, or None for any other text."""
        match = _PRINTED.fullmatch(text)
        if match is None or match[2] not in [pooling.value for pooling in Pooling]:
            return None
        return cls(int(match[1]), Pooling(match[2]))
