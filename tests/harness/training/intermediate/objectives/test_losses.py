"""The losses on vectors: by short formulas in numpy, and by numbers of sentence-transformers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from harness.training.intermediate.objectives.pair_ranking import (
    mean_reciprocal_rank,
    ranking_loss,
    same_texts,
)
from harness.training.intermediate.objectives.scored_pairs import cosent
from harness.training.intermediate.vectors import normalized

SCORES = torch.tensor([0.1, 0.9, 0.4, 0.4, 0.7], dtype=torch.float64)


def waves(phase: float) -> torch.Tensor:
    """Return five vectors of four numbers that anyone can compute again."""
    return torch.sin(torch.arange(20, dtype=torch.float64).view(5, 4) * 0.7 + phase)


QUERIES, PASSAGES, WRONG = waves(0.0), waves(0.9), waves(2.0)
# Loss, length of the gradient of each side, and the first row of the first side's gradient, as computed by
# sentence-transformers 6.2.0 on these vectors: MultipleNegativesRankingLoss(scale=20), with a hard negative,
# MultipleNegativesSymmetricRankingLoss(scale=20), CoSENTLoss(scale=20) with SCORES, and MSELoss with both
# sides against WRONG.
REFERENCE = {
    "one direction": (
        3.7713403507705836,
        [2.7989627117616314, 3.348179002822442],
        [-1.2532059362765593, -0.8734885070031615, -0.08295578425176137, 0.7465923400531262],
    ),
    "with a wrong text": (
        7.2519170707471545,
        [4.934590064635454, 4.135093387203547, 0.558503660040052],
        [-1.2069708010426747, -0.8412624712994632, -0.07989525621539689, 0.7190479462645856],
    ),
    "both directions": (
        4.280853751467556,
        [2.638939915547175, 2.380194368535698],
        [-0.5082225072810265, -0.3542326973244885, -0.03364171477766564, 0.30277149189538644],
    ),
    "CoSENT": (
        3.8888470711085397,
        [11.4641020066315, 11.19227745961533],
        [5.78093873927298, 4.029332611882829, 0.38266839706538924, -3.443970744250546],
    ),
    "squared error": (
        0.9127900822356868,
        [0.2565348654910118, 0.15958969581735905],
        [-0.04546487134128409, 0.010841890350193062, 0.06204954160076457, 0.08407432388566421],
    ),
}


def different(sides: int, pairs: int = 5) -> torch.Tensor:
    """Return classes of texts that all differ."""
    return torch.arange(sides * pairs).view(pairs, sides)


def cosines(sides: list[torch.Tensor]) -> torch.Tensor:
    return (normalized(sides[0]) * normalized(sides[1])).sum(dim=-1)


@pytest.mark.parametrize("name", REFERENCE)
def test_losses_and_gradients_are_those_of_sentence_transformers(name: str) -> None:
    sides = [side.clone().requires_grad_() for side in (QUERIES, PASSAGES, WRONG)]
    sides = sides if name == "with a wrong text" else sides[:2]
    if name == "CoSENT":
        loss = cosent(cosines(sides), SCORES, 20.0)
    elif name == "squared error":
        students = torch.stack(sides)
        loss = functional.mse_loss(students, WRONG.expand_as(students))
    else:
        vectors = normalized(torch.stack(sides))
        loss = ranking_loss(vectors, different(len(sides)), 20.0, both=name == "both directions")
    loss.backward()
    expected, lengths, first = REFERENCE[name]
    gradients = [side.grad for side in sides if side.grad is not None]
    assert float(loss.detach()) == pytest.approx(expected, abs=1e-9)
    assert [float(gradient.norm()) for gradient in gradients] == pytest.approx(lengths, abs=1e-9)
    assert gradients[0][0].tolist() == pytest.approx(first, abs=1e-9)


def logsumexp(values: np.ndarray) -> float:
    return float(np.log(np.exp(values - values.max()).sum()) + values.max())


@pytest.mark.parametrize("seed", range(5))
def test_the_ranking_loss_follows_from_its_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(3, 7, 6))
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    query, right, wrong = vectors
    candidates = np.concatenate([right, wrong])
    losses = [logsumexp(10 * candidates @ query[i]) - 10 * right[i] @ query[i] for i in range(7)]
    backwards = [logsumexp(10 * query @ right[i]) - 10 * right[i] @ query[i] for i in range(7)]
    tensor, classes = torch.from_numpy(vectors), different(3, 7)
    assert float(ranking_loss(tensor, classes, 10.0, both=False)) == pytest.approx(np.mean(losses))
    expected = (np.mean(losses) + np.mean(backwards)) / 2
    assert float(ranking_loss(tensor, classes, 10.0, both=True)) == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(5))
def test_cosent_follows_from_its_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, scores = rng.uniform(-1, 1, 9), rng.integers(0, 4, 9) / 3  # with ties
    terms = [
        np.exp(20 * (values[j] - values[i])) for i in range(9) for j in range(9) if scores[i] > scores[j]
    ]
    loss = cosent(torch.from_numpy(values), torch.from_numpy(scores), 20.0)
    assert float(loss) == pytest.approx(np.log(1 + sum(terms)))
    equal = cosent(torch.from_numpy(values), torch.ones(9, dtype=torch.float64), 20.0)
    assert float(equal) == 0.0  # nothing is to be ordered


def test_a_text_that_means_the_same_is_no_negative() -> None:
    #              query right wrong
    classes = torch.tensor([[0, 1, 8], [0, 2, 9], [3, 1, 2], [4, 5, 4], [6, 7, 0]])
    same = same_texts(classes)
    right, wrong = same[:, :5], same[:, 5:]
    assert not right.diagonal().any()
    assert right.nonzero().tolist() == [
        [0, 1],  # the right text of an equal query
        [0, 2],  # the same right text
        [1, 0],
        [2, 0],
    ]
    assert wrong.nonzero().tolist() == [
        [0, 4],  # the wrong text of 4 is the query itself
        [1, 2],  # the wrong text of 2 is the right one of 1
        [1, 4],
        [3, 3],  # its own wrong text means the same as the query
    ]
    torch.manual_seed(0)
    vectors = normalized(torch.randn(3, 5, 4, dtype=torch.float64))
    changed = vectors.clone().requires_grad_()
    # Query 3 is the only one that does not share a text, and 1 has a duplicate among the wrong texts.
    logits = 20 * changed[0][1] @ changed[1:].flatten(0, 1).T
    kept = [i for i in range(10) if not same[1, i]]
    expected = torch.logsumexp(logits[kept], dim=0) - logits[1]
    whole = ranking_loss(changed, classes, 20.0, both=False) * 5
    without = sum(
        torch.logsumexp((20 * changed[0][i] @ changed[1:].flatten(0, 1).T)[~same[i]], dim=0)
        - 20 * changed[0][i] @ changed[1][i]
        for i in (0, 2, 3, 4)
    )
    assert float((whole - without).detach()) == pytest.approx(float(expected.detach()))


def test_the_reciprocal_rank_counts_better_texts_and_ties_against_it() -> None:
    queries = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    right = torch.tensor([[0.8, 0.6], [0.6, 0.8], [1.0, 0.0]])
    # Query 0: its text has 0.8, below 1.0: rank 2. Query 1: rank 1. Query 2: rank 1.
    vectors = torch.stack([queries, right])
    assert mean_reciprocal_rank(vectors, different(2, 3)) == pytest.approx((1 / 2 + 1 + 1) / 3)
    flat = torch.ones(2, 3, 2)
    assert mean_reciprocal_rank(flat, different(2, 3)) == pytest.approx(1 / 3)
    # Queries 0 and 2 are equal, so the text of 2 is right for 0 as well.
    assert mean_reciprocal_rank(vectors, torch.tensor([[0, 1], [2, 3], [0, 5]])) == 1.0
