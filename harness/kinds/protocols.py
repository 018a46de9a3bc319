"""What a kind asks of the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from harness.models.tokenization import Input, Logits

# Texts → their unit vectors (n, d).
Encode = Callable[[Sequence[str]], NDArray[np.float32]]


class Predict(Protocol):
    """A model with a head, and how its inputs are cut."""

    tokenizer: Any
    max_length: int
    stride: int

    def logits(self, inputs: Sequence[Input]) -> list[Logits]:
        """Return for each input its logits: (labels,) of a classifier, (tokens, labels) of a tagger, (tokens, 2) of begins and ends."""
