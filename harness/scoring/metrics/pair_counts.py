"""Count mined pairs by source sentence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def pair_counts(
    sentences: NDArray[np.str_], gold: NDArray[np.bool_], proposed: NDArray[np.bool_]
) -> tuple[NDArray[np.str_], NDArray[np.int64]]:
    """Return the distinct source sentences of pairs (n,) and their counts (sentences, 3).

    The counts are true positives, proposed and gold pairs.
    """
    distinct, unit = np.unique(sentences, return_inverse=True)
    columns = [
        np.bincount(unit, weights=flags, minlength=len(distinct))
        for flags in (gold & proposed, proposed, gold)
    ]
    return distinct, np.stack(columns, axis=1).astype(np.int64)
