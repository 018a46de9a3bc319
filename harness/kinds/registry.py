"""How each kind of target turns examples into outcomes; `harness.scoring.tables` scores them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import pyarrow as pa

from harness.kinds import (
    classification,
    clir,
    mining,
    passage_retrieval,
    qa,
    question_retrieval,
    retrieval,
    tagging,
)
from harness.kinds.protocols import EncodeByRole, Predict
from harness.records import Target


class Embedded(Protocol):
    """A kind that compares vectors."""

    # `examples` is what the target's loader returns, a different record for each kind.
    def run(self, target: Target, examples: Any, encode: EncodeByRole) -> pa.Table:
        """Return the outcomes, one row per example; `encode` returns unit vectors (n, d) of texts."""

    def similarities(self, examples: Any) -> int:
        """Count the similarities that `run` computes."""

    def headline(self, target: Target, examples: Any, encode: EncodeByRole) -> float:
        """Return the headline score alone, a fraction, at the least cost."""


class Predicted(Protocol):
    """A kind whose outcomes a trained head predicts."""

    def run(self, target: Target, examples: Any, model: Predict) -> pa.Table:
        """Return the outcomes, one row per example, with what was predicted."""


EMBEDDED: Mapping[str, Embedded] = {
    "retrieval": retrieval,
    "mining": mining,
    "question_retrieval": question_retrieval,
    "clir": clir,
    "passage_retrieval": passage_retrieval,
}
PREDICTED: Mapping[str, Predicted] = {
    "classification": classification,
    "tagging": tagging,
    "qa": qa,
}
