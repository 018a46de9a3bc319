"""Sentence vectors of a batch, and their gradients, in parts, so that a batch need not fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import distributed, nn
from torch.nn import functional

from harness.models.pooling import pooled
from harness.models.tokenization import Input
from harness.records import Pooling
from harness.training.batches import pad
from harness.training.features import Feature

Parts = Sequence[Mapping[str, torch.Tensor]]


class Pooled(nn.Module):
    """Reads a sentence vector as evaluation does: one hidden state, pooled; an optional map follows.

    `layer` is the number of the hidden state, None for the last one.
    """

    def __init__(self, layer: int | None, pooling: Pooling) -> None:
        super().__init__()
        self.layer, self.pooling = layer, pooling

    def forward(
        self, hidden: torch.Tensor, mask: torch.Tensor, _encoder: Any, _answer: dict[str, torch.Tensor]
    ) -> dict[str, torch.Tensor]:
        """Return vectors (texts, width), in float32 or more, of hidden states (texts, tokens, width)."""
        hidden = hidden.to(torch.promote_types(hidden.dtype, torch.float32))
        return {"vectors": pooled(hidden, (self.pooling,), mask)}


def in_parts(inputs: Sequence[Input], at_once: int, padding: int) -> dict[str, Any]:
    """Return the inputs in padded parts of similar length, and the place of each input among them."""
    order = sorted(range(len(inputs)), key=lambda i: (len(inputs[i].ids), i))
    parts = [
        pad([Feature((inputs[i],), {}) for i in order[start : start + at_once]], padding)
        for start in range(0, len(order), at_once)
    ]
    places = torch.empty(len(order), dtype=torch.long)
    places[torch.tensor(order)] = torch.arange(len(order))
    return {"parts": parts, "places": places}


def backpropagate(
    encode: Callable[[Mapping[str, torch.Tensor]], torch.Tensor],
    batch: Mapping[str, Any],
    loss_of: Callable[[torch.Tensor], torch.Tensor],
    *,
    cached: bool,
) -> torch.Tensor:
    """Add the gradient of loss_of(vectors) to the parameters, and return the loss, without its graph.

    `encode` maps a part to its vectors, (texts, width); `loss_of` receives those of all parts in the order of
    the inputs. The gradient of the loss with respect to the vectors is computed first and then passed on,
    part by part. If `cached`, the graph of one part at a time is held: every part is encoded a second time,
    with the random numbers of the first (gradient caching, Gao et al. 2021, arXiv 2101.06983), and the sum of
    the gradients is the same. `loss_of` may gather vectors of other processes: a process passes on the
    gradient of the whole loss with respect to its own vectors.
    """
    states, vectors = [], []
    for part in batch["parts"]:
        states.append(_RandomState(part["input_ids"].device))
        with torch.set_grad_enabled(not cached):
            vectors.append(encode(part))
    leaf = torch.cat([part.detach() for part in vectors]).requires_grad_()
    loss = loss_of(leaf[batch["places"]])
    loss.backward()  # type: ignore[no-untyped-call]  # torch's stubs
    assert leaf.grad is not None
    gradients = torch.split(leaf.grad, [len(part) for part in vectors])
    if not cached:
        torch.autograd.backward(vectors, gradients)
        return loss.detach()
    after = _RandomState(leaf.device)
    for part, state, gradient in zip(batch["parts"], states, gradients, strict=True):
        state.restore()
        encode(part).backward(gradient)  # type: ignore[no-untyped-call]
    after.restore()
    return loss.detach()


class _RandomState:
    """The state of torch's generators, on which dropout depends."""

    def __init__(self, device: torch.device) -> None:
        self._device, self._cpu = device, torch.get_rng_state()
        self._gpu = torch.cuda.get_rng_state(device) if device.type == "cuda" else None

    def restore(self) -> None:
        """Continue from this state."""
        torch.set_rng_state(self._cpu)
        if self._gpu is not None:
            torch.cuda.set_rng_state(self._gpu, self._device)


def gathered(tensor: torch.Tensor, *, dim: int = 0) -> torch.Tensor:
    """Return the tensors of all processes, concatenated in their order; in one process, the tensor.

    Those of other processes are constants. All have the same shape. The gradient that reaches this process's
    tensor is multiplied by the number of processes, so that the mean of the parameters' gradients over the
    processes, which data-parallel training takes, is the gradient of the loss over the whole batch.
    """
    if not (distributed.is_available() and distributed.is_initialized()):
        return tensor
    count = distributed.get_world_size()
    parts = [torch.empty_like(tensor) for _ in range(count)]
    distributed.all_gather(parts, tensor.detach().contiguous())
    if tensor.requires_grad:
        # The value is the tensor's, the gradient `count` times its own.
        parts[distributed.get_rank()] = tensor.detach() + count * (tensor - tensor.detach())
    return torch.cat(parts, dim=dim)


def normalized(vectors: torch.Tensor) -> torch.Tensor:
    """Return vectors (…, width) scaled to length 1."""
    return functional.normalize(vectors, dim=-1)
