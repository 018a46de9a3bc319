"""What a kind needs from the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from harness.models.tokenization import Input, Logits
from harness.records import TextRole

# Texts → their unit vectors (n, d).
Encode = Callable[[Sequence[str]], NDArray[np.float32]]


class EncodeByRole(Protocol):
    """Texts → their unit vectors, where a target has queries and passages."""

    def __call__(self, texts: Sequence[str], role: TextRole = TextRole.TEXT) -> NDArray[np.float32]:
        """Return the unit vectors (n, d) of texts; queries and passages may have prefixes of their own."""


class Predict(Protocol):
    """A model with a head, and how its inputs are cut."""

    tokenizer: Any
    max_length: int
    stride: int

    def logits(self, inputs: Sequence[Input]) -> list[Logits]:
        """Return the logits of each input, shaped as described at `Logits`."""
