"""The way a sentence vector is read off an encoder."""

from __future__ import annotations

from dataclasses import dataclass

from harness.records.submission import Pooling


@dataclass(frozen=True, order=True)
class View:
    """One way to read a sentence vector off the encoder: h[layer], pooled."""

    layer: int
    pooling: Pooling
