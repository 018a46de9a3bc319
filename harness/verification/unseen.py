"""Whether a target's pairs are found more often than parallel text that no checkpoint can have seen.

A fine-tune on a target's pairs reads them smoothly, so that no original is singular, but does not read other
text of the same kind as well.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from harness.data.bitext import Bitext
from harness.kinds.protocols import Encode
from harness.kinds.search.nearest import nearest

# Unseen pairs by language.
Unseen = Mapping[str, Bitext]


@dataclass(frozen=True)
class Lead:
    """How many of n pairs of a target, and of n unseen ones, were found English → foreign."""

    n: int
    target: int
    unseen: int

    @property
    def share(self) -> float:
        """By how much the share found of the target exceeds that of the unseen text."""
        return (self.target - self.unseen) / self.n

    @property
    def p(self) -> float:
        """The probability of such a lead where both shares are equal: one-sided, normal approximation."""
        pooled = (self.target + self.unseen) / (2 * self.n)
        error = math.sqrt(2 * pooled * (1 - pooled) / self.n)
        return float(ndtr(-self.share / error)) if error else 1.0


def over_all(leads: Sequence[Lead]) -> Lead:
    """Return the lead over the pairs of several languages together."""
    return Lead(*(sum(counts) for counts in zip(*((x.n, x.target, x.unseen) for x in leads), strict=True)))


def lead(target: Bitext, unseen: Bitext, encode: Encode) -> Lead:
    """Compare as many pairs of both, the first of each, with `encode` for unit vectors (n, d) of texts."""
    n = min(len(target), len(unseen))
    return Lead(n, _found(target.first(n), encode), _found(unseen.first(n), encode))


def _found(pairs: Bitext, encode: Encode) -> int:
    answer = nearest(encode(pairs.english), encode(pairs.foreign))
    return int(np.sum(answer == np.arange(len(pairs))))
