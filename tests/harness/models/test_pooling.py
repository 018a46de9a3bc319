from __future__ import annotations

import pytest
import torch

from harness.models.pooling import pooled
from harness.records import Pooling


@pytest.mark.parametrize("pooling", list(Pooling))
def test_padding_after_the_tokens_changes_no_vector(pooling: Pooling) -> None:
    torch.manual_seed(0)
    states = torch.randn(3, 7, 5)
    lengths = (7, 4, 1)
    mask = torch.tensor([[1] * length + [0] * (7 - length) for length in lengths])
    vectors = pooled(states, (pooling,), mask)
    for row, length in enumerate(lengths):
        alone = pooled(states[row : row + 1, :length], (pooling,))
        torch.testing.assert_close(vectors[row : row + 1], alone, atol=1e-6, rtol=0)


def test_vectors_of_several_poolings_follow_each_other() -> None:
    states = torch.tensor([[[1.0, 2.0], [3.0, 0.0]]])
    vectors = pooled(states, (Pooling.LAST_TOKEN, Pooling.MAX, Pooling.WEIGHTED_MEAN))
    assert vectors.tolist() == [[3.0, 0.0, 3.0, 2.0, pytest.approx(7 / 3), pytest.approx(2 / 3)]]


@pytest.mark.parametrize("pooling", [Pooling.MEAN, Pooling.WEIGHTED_MEAN, Pooling.MEAN_SQRT_LEN, Pooling.MAX])
def test_a_text_of_which_no_token_is_pooled_has_no_vector(pooling: Pooling) -> None:
    vectors = pooled(torch.ones(1, 3, 2), (pooling,), torch.zeros(1, 3))
    assert not vectors.isfinite().any()
