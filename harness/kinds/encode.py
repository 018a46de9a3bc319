"""What a kind asks of the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

# Texts → their unit vectors (n, d).
Encode = Callable[[Sequence[str]], NDArray[np.float32]]
