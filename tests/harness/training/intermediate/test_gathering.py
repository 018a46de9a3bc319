"""Two processes share their negatives; without transformers, so that the second one starts fast."""

from __future__ import annotations

import socket
from collections.abc import Mapping

import pytest
import torch
from torch import distributed, multiprocessing

from harness.models.tokenization import Input
from harness.training.intermediate.objectives.pair_ranking import ranking_loss
from harness.training.intermediate.vectors import backpropagate, gathered, in_parts, normalized

PAIRS = 16


def gradient(numbers: list[int]) -> tuple[float, torch.Tensor]:
    """Return the loss and the gradient of a small encoder for the pairs of these numbers."""
    torch.manual_seed(0)
    weights = torch.randn(2 * PAIRS, 6, dtype=torch.float64, requires_grad=True)
    classes = gathered(torch.tensor([[2 * number, 2 * number + 1] for number in numbers]))

    def encode(part: Mapping[str, torch.Tensor]) -> torch.Tensor:
        return weights[part["input_ids"][:, 0]].tanh()

    def loss_of(vectors: torch.Tensor) -> torch.Tensor:
        by_side = gathered(vectors.view(2, -1, vectors.shape[-1]), dim=1)
        return ranking_loss(normalized(by_side), classes, 20.0, both=True)

    inputs = [Input([number + side * PAIRS]) for side in range(2) for number in numbers]
    loss = backpropagate(encode, in_parts(inputs, 4, 0), loss_of, cached=True)
    assert weights.grad is not None
    return float(loss), weights.grad


def half(rank: int, port: int) -> tuple[float, torch.Tensor]:
    """Train on one half of the pairs as one of two processes; return the mean of both gradients."""
    distributed.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
    try:
        loss, own = gradient(list(range(rank * PAIRS // 2, (rank + 1) * PAIRS // 2)))
        distributed.all_reduce(own)
        return loss, own / 2
    finally:
        distributed.destroy_process_group()


@pytest.mark.slow
def test_two_processes_have_the_loss_and_the_gradient_of_one() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    other = multiprocessing.get_context("spawn").Process(target=half, args=(1, port))
    other.start()
    loss, together = half(0, port)
    other.join(60)
    assert other.exitcode == 0
    alone_loss, alone = gradient(list(range(PAIRS)))
    assert loss == pytest.approx(alone_loss, rel=1e-9)
    assert float((together - alone).abs().max()) < 1e-9
    # With half of the negatives the loss is another one.
    assert gradient(list(range(PAIRS // 2)))[0] != pytest.approx(loss, rel=1e-3)
