"""Group texts into batches for the encoder.

A batch holds texts of one token count only, so there is no padding and no attention mask. That saves the work
that padding wastes, and it makes a text's vector independent of its neighbours: row by row the same products
are added in the same order whatever else is in the batch, so a resumed run, another order or another subset
of languages gives the same bytes. Padding would change the last bits, and with them sometimes which of two
close neighbours is the nearest.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]
# The token ids of one text.
Tokens = Sequence[int] | NDArray[np.int32]


def plan_batches(lengths: Sequence[int], budget: int) -> list[Indices]:
    """Return batches of text indices, each of texts of one length and of at most `budget` tokens.

    A text longer than the budget is a batch by itself. Texts of one length are spread evenly over their
    batches, and the longest go first, so that a lack of memory shows at once, and the workers finish
    together.
    """
    counts = np.asarray(lengths, dtype=np.int64)  # (texts,)
    order = np.argsort(-counts, kind="stable")
    edges = np.flatnonzero(np.diff(counts[order])) + 1
    batches: list[Indices] = []
    for group in np.split(order, edges):
        if len(group):
            fits = max(1, budget // max(1, int(counts[group[0]])))
            batches.extend(np.array_split(group, -(-len(group) // fits)))
    return batches
