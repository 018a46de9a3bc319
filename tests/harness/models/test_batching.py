from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harness.models.batching import plan_batches


def test_batches_hold_one_length_longest_first_spread_evenly() -> None:
    batches = plan_batches([2, 5, 2, 2, 5, 2, 2], budget=8)
    assert [batch.tolist() for batch in batches] == [[1], [4], [0, 2, 3], [5, 6]]


def test_a_text_longer_than_the_budget_is_a_batch_by_itself() -> None:
    assert [batch.tolist() for batch in plan_batches([100, 3], budget=10)] == [[0], [1]]


def test_no_texts_make_no_batches() -> None:
    assert plan_batches([], budget=10) == []


@given(st.lists(st.integers(1, 40), max_size=60), st.integers(1, 100))
def test_every_text_is_in_exactly_one_batch_of_its_length_within_the_budget(
    lengths: list[int], budget: int
) -> None:
    batches = plan_batches(lengths, budget)
    assert sorted(int(i) for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        batch_lengths = {lengths[i] for i in batch}
        assert len(batch_lengths) == 1
        assert len(batch) == 1 or len(batch) * batch_lengths.pop() <= budget
    sizes = [lengths[batch[0]] for batch in batches]
    assert np.all(np.diff(sizes) <= 0)
