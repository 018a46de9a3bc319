from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from harness.scoring.statistics.corrections import benjamini_hochberg, holm


def test_corrections_by_hand() -> None:
    # Three tests: 3 · 0.01, then 2 · 0.02, then 0.03, which may not fall below the one before.
    assert holm([0.03, 0.01, 0.02]) == pytest.approx((0.04, 0.03, 0.04))
    # 3/1 · 0.01, 3/2 · 0.02, 3/3 · 0.03: the smallest from the right.
    assert benjamini_hochberg([0.03, 0.01, 0.02]) == pytest.approx((0.03, 0.03, 0.03))
    assert holm([0.9, 0.8]) == (1.0, 1.0)
    assert holm([]) == benjamini_hochberg([]) == ()


@pytest.mark.parametrize("seed", range(20))
def test_corrections_equal_statsmodels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = np.round(rng.random(rng.integers(1, 50)) ** 3, 3)  # with ties
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])
    assert benjamini_hochberg(p) == pytest.approx(multipletests(p, method="fdr_bh")[1])
