"""Accuracy: the share of correct answers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def accuracy(answers: NDArray[np.integer], gold: NDArray[np.integer]) -> float:
    """Return the mean of answers == gold over answers (n,) and gold (n,); 0.0 for no examples."""
    return float(np.mean(answers == gold)) if len(gold) else 0.0
