"""How far a ranked list pulls the relevant items of different languages apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def rank_distance(ranks: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return per question (questions,) the worst minus the best of its relevant items' 1-based ranks (questions, relevant), 0 for no item.

    The mean over questions is the language bias: 0 would stand for one shared rank, and n parallel answers
    without a foreign text between them have n − 1. A question with fewer than two relevant items has 0.0.
    Source: A. Elmahdy, S.-C. Lin and A. Ahmad. 2024. arXiv 2408.10536.
    """
    worst = ranks.max(axis=1, initial=0)
    best = np.where(ranks > 0, ranks, np.iinfo(ranks.dtype).max).min(
        axis=1, initial=np.iinfo(ranks.dtype).max
    )
    return np.where(worst > 0, worst - best, 0).astype(np.float64)
