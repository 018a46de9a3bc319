"""Count mined pairs by the sentence they start from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def pair_counts(
    sentences: NDArray[np.str_], gold: NDArray[np.bool_], proposed: NDArray[np.bool_]
) -> tuple[NDArray[np.str_], NDArray[np.int64]]:
    """Return the distinct sentences of pairs (n,) and their counts (sentences, 3): true positives, proposed, gold."""
    distinct, unit = np.unique(sentences, return_inverse=True)
    columns = [
        np.bincount(unit, weights=what, minlength=len(distinct)) for what in (gold & proposed, proposed, gold)
    ]
    return distinct, np.stack(columns, axis=1).astype(np.int64)
