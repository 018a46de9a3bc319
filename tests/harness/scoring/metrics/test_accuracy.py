from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from harness.scoring.metrics.accuracy import accuracy
from harness.scoring.metrics.weighted_f1 import weighted_f1


def test_accuracy_by_hand() -> None:
    assert accuracy(np.array([0, 1, 0, 3]), np.arange(4)) == 0.75


def test_no_examples_have_accuracy_and_f1_of_zero() -> None:
    none = np.array([], dtype=int)
    assert (accuracy(none, none), weighted_f1(none)) == (0.0, 0.0)


def test_weighted_f1_by_hand() -> None:
    # Target 0 is answered twice (once rightly): F1 2/3. Targets 1 and 3 once and rightly: 1. Target 2 never:
    # 0.
    assert weighted_f1(np.array([0, 1, 0, 3])) == pytest.approx((2 / 3 + 1 + 0 + 1) / 4)


@pytest.mark.parametrize("seed", range(20))
def test_weighted_f1_equals_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 60))
    answers = np.where(rng.random(n) < 0.6, np.arange(n), rng.integers(0, n, n))
    assert weighted_f1(answers) == pytest.approx(
        f1_score(np.arange(n), answers, average="weighted", zero_division=0)
    )
