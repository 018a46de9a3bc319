"""What a kind needs from the model."""

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
        """Return the logits of each input, shaped as described at `Logits`."""
