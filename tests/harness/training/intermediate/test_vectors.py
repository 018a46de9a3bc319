"""Vectors in parts: the same gradient whatever fits into memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from harness.models.checkpoint import verify
from harness.models.encoder import Encoder
from harness.models.tokenization import Input
from harness.records import Pooling, View
from harness.training.intermediate.model import Multitask
from harness.training.intermediate.objectives.pair_ranking import ranking_loss
from harness.training.intermediate.vectors import Pooled, backpropagate, in_parts, normalized


def some_inputs(n: int, seed: int = 0) -> list[Input]:
    rng = np.random.default_rng(seed)
    return [Input([0, *rng.integers(4, 40, int(size)).tolist(), 2]) for size in rng.integers(1, 20, n)]


def toy_model(folder: Path, layer: int | None = None, pooling: Pooling = Pooling.MEAN) -> Multitask:
    encoder = transformers.BertModel.from_pretrained(folder, add_pooling_layer=False)
    return Multitask(encoder, [Pooled(layer, pooling)])


def exact_model(folder: Path) -> Multitask:
    """Return the model in float64, where what remains of a difference is no rounding."""
    return toy_model(folder).double()


def gradient(
    model: Multitask,
    inputs: list[Input],
    loss_of: Callable[[torch.Tensor], torch.Tensor],
    at_once: int,
    *,
    cached: bool,
) -> tuple[float, torch.Tensor]:
    """Return the loss and the gradient of all parameters, one after the other."""

    def encode(part: Mapping[str, torch.Tensor]) -> torch.Tensor:
        vectors: torch.Tensor = model(**part, task=0)["vectors"]
        return vectors

    model.zero_grad()
    loss = backpropagate(encode, in_parts(inputs, at_once, 1), loss_of, cached=cached)
    parts = [parameter.grad.flatten() for parameter in model.parameters() if parameter.grad is not None]
    return float(loss), torch.cat(parts).clone()


def same(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Tell whether two gradients are equal up to a billionth of the largest."""
    return float((one - other).abs().max()) < 1e-9 * float(other.abs().max())


def ranking(vectors: torch.Tensor) -> torch.Tensor:
    by_side = normalized(vectors.view(2, -1, vectors.shape[-1]))
    return ranking_loss(by_side, torch.arange(by_side[0].shape[0] * 2).view(-1, 2), 20.0, both=True)


def test_a_batch_of_64_in_parts_of_8_has_the_gradient_of_the_whole(toy_encoder: Path) -> None:
    model, inputs = exact_model(toy_encoder).eval(), some_inputs(128)
    whole_loss, whole = gradient(model, inputs, ranking, 128, cached=False)
    # By autograd alone, without any parts.
    model.zero_grad()
    batch = in_parts(inputs, 128, 1)
    loss = ranking(model(**batch["parts"][0], task=0)["vectors"][batch["places"]])
    loss.backward()
    plain = torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])
    assert whole_loss == pytest.approx(float(loss.detach()), rel=1e-9)
    for cached in (False, True):
        part_loss, parts = gradient(model, inputs, ranking, 8, cached=cached)
        assert part_loss == pytest.approx(whole_loss, rel=1e-9)
        assert same(whole, plain) and same(parts, plain)


def test_the_second_pass_of_a_part_drops_what_the_first_dropped(toy_encoder: Path) -> None:
    model, inputs = exact_model(toy_encoder).train(), some_inputs(32)
    results = []
    for cached in (False, True):
        torch.manual_seed(7)
        loss, parts = gradient(model, inputs, ranking, 8, cached=cached)
        results.append((loss, parts, torch.rand(1)))  # random numbers go on as if there had been one pass
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-9)
    assert same(results[0][1], results[1][1])
    assert torch.equal(results[0][2], results[1][2])
    torch.manual_seed(8)
    assert gradient(model, inputs, ranking, 8, cached=True)[0] != results[0][0]


@pytest.mark.parametrize(("layer", "pooling"), [(None, Pooling.MEAN), (1, Pooling.MEAN), (2, Pooling.CLS)])
def test_training_reads_the_vector_that_evaluation_reads(
    toy_encoder: Path, layer: int | None, pooling: Pooling
) -> None:
    view = View(3 if layer is None else layer, pooling)
    encoder = Encoder(verify(toy_encoder, "toy"), [view], max_length=32, device="cpu", dtype="float32")
    inputs = some_inputs(9)
    batch = in_parts(inputs, 4, 1)
    model = toy_model(toy_encoder, layer, pooling).eval()
    with torch.inference_mode():
        parts = [model(**part, task=0)["vectors"] for part in batch["parts"]]
    vectors = normalized(torch.cat(parts)[batch["places"]]).numpy()
    expected = np.concatenate([encoder.forward([item.ids])[view] for item in inputs])
    assert np.abs(vectors - expected).max() < 1e-6
