"""Pool token vectors to sentence vectors, in the ways that sentence-transformers knows."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from harness.records import Pooling


def pooled(
    states: torch.Tensor, poolings: Sequence[Pooling], mask: torch.Tensor | None = None
) -> torch.Tensor:
    """Return vectors (texts, width × poolings) of token vectors (texts, tokens, width), concatenated.

    `mask` (texts, tokens) is 1 for the tokens that are pooled, without a gap, and 0 for padding and for a
    prefix that is left out; None where all are pooled. A text without such a token has NaN.
    """
    if mask is None:
        parts = [_of_all(states, pooling) for pooling in poolings]
    else:
        parts = [_of_some(states, pooling, mask.to(states.dtype)) for pooling in poolings]
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)


def _of_all(states: torch.Tensor, pooling: Pooling) -> torch.Tensor:
    tokens = states.shape[1]
    match pooling:
        case Pooling.MEAN:
            return states.mean(dim=1)
        case Pooling.CLS:
            return states[:, 0]
        case Pooling.LAST_TOKEN:
            return states[:, -1]
        case Pooling.MAX:
            return states.amax(dim=1)
        case Pooling.WEIGHTED_MEAN:
            weights = torch.arange(1, tokens + 1, device=states.device, dtype=states.dtype)
            return (states * weights.unsqueeze(-1)).sum(dim=1) / weights.sum()
        case Pooling.MEAN_SQRT_LEN:
            return states.sum(dim=1) / math.sqrt(tokens)


def _of_some(states: torch.Tensor, pooling: Pooling, mask: torch.Tensor) -> torch.Tensor:
    counts = mask.sum(dim=1, keepdim=True)  # (texts, 1)
    positions = torch.arange(1, mask.shape[1] + 1, device=mask.device, dtype=mask.dtype)
    rows = torch.arange(len(states), device=states.device)
    match pooling:
        case Pooling.MEAN:
            return (states * mask.unsqueeze(-1)).sum(dim=1) / counts
        case Pooling.CLS:
            return states[rows, mask.argmax(dim=1)]
        case Pooling.LAST_TOKEN:
            return states[rows, (mask * positions).argmax(dim=1)]
        case Pooling.MAX:
            return states.masked_fill(mask.unsqueeze(-1) == 0, -torch.inf).amax(dim=1)
        case Pooling.WEIGHTED_MEAN:
            weights = mask * positions
            return (states * weights.unsqueeze(-1)).sum(dim=1) / weights.sum(dim=1, keepdim=True)
        case Pooling.MEAN_SQRT_LEN:
            return (states * mask.unsqueeze(-1)).sum(dim=1) / counts.sqrt()
