"""How far a ranked list pulls the relevant items of different languages apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def rank_distance(ranks: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the worst minus the best rank per question (questions,), of ranks (questions, relevant).

    Ranks are 1-based, rank 0 is padding. The mean over questions is the language bias: 0 would mean one
    shared rank; n parallel answers without any other text between them have n − 1. A question with fewer
    than two relevant items has 0.0. Source: A. Elmahdy, S.-C. Lin and A. Ahmad. 2024. arXiv 2408.10536.
    """
    worst = ranks.max(axis=1, initial=0)
    best = np.where(ranks > 0, ranks, np.iinfo(ranks.dtype).max).min(
        axis=1, initial=np.iinfo(ranks.dtype).max
    )
    return np.where(worst > 0, worst - best, 0).astype(np.float64)
