"""KINDS: how each kind of target turns examples into outcomes; scores follow from these in `harness.scoring.tables`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import pyarrow as pa

from harness.kinds import classification, clir, mining, qa, question_retrieval, retrieval, tagging
from harness.kinds.protocols import Encode, Predict
from harness.records import Target


class Embedded(Protocol):
    """A kind that compares vectors."""

    # Each kind takes its own record of examples, which the target's loader gives.
    def run(self, target: Target, examples: Any, encode: Encode) -> pa.Table:
        """Return the outcomes, one row per example; `encode` gives unit vectors (n, d) of texts."""

    def similarities(self, examples: Any) -> int:
        """Count the similarities that `run` computes."""

    def headline(self, target: Target, examples: Any, encode: Encode) -> float:
        """Return the headline score alone, a fraction, at the least cost."""


class Predicted(Protocol):
    """A kind that a head is trained for."""

    def run(self, target: Target, examples: Any, model: Predict) -> pa.Table:
        """Return the outcomes, one row per example, with what was predicted."""


EMBEDDED: Mapping[str, Embedded] = {
    "retrieval": retrieval,
    "mining": mining,
    "question_retrieval": question_retrieval,
    "clir": clir,
}
PREDICTED: Mapping[str, Predicted] = {
    "classification": classification,
    "tagging": tagging,
    "qa": qa,
}
