"""The F1 that mteb reports for bitext retrieval."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def weighted_f1(answers: NDArray[np.integer]) -> float:
    """Return scikit-learn's weighted F1 over corpus ids, of answers (n,) whose gold is arange(n).

    0.0 for no answers. With one gold answer per query every class has support 1, so the weighted mean is the
    plain mean over classes; class i has recall correct_i and precision correct_i / n_i, where i is the answer
    to n_i queries, hence F1 = correct_i · 2 / (1 + n_i). Source: mteb's BitextMining evaluator
    (sklearn.metrics.f1_score, average="weighted").
    """
    if not len(answers):
        return 0.0
    chosen = np.bincount(answers, minlength=len(answers))  # (n,)
    correct = answers == np.arange(len(answers))
    return float(np.mean(correct * 2.0 / (1.0 + chosen)))
