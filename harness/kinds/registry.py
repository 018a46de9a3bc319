"""KINDS: how each kind of target turns examples into outcomes, and outcomes into a score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import pyarrow as pa

from harness.kinds import clir, mining, question_retrieval, retrieval
from harness.kinds.encode import Encode
from harness.records import Score, Target


class Kind(Protocol):
    """A module with these functions; everything a score says can be computed again from the outcomes."""

    # Each kind takes its own record of examples, which the target's loader gives.
    def run(self, target: Target, examples: Any, encode: Encode) -> pa.Table:
        """Return the outcomes, one row per example; `encode` gives unit vectors (n, d) of texts."""

    def similarities(self, examples: Any) -> int:
        """Count the similarities that `run` computes."""

    def headline(self, target: Target, examples: Any, encode: Encode) -> float:
        """Return the headline score alone, a fraction, at the least cost."""

    def score(self, target: Target, outcomes: pa.Table) -> Score:
        """Return the scores in points with the headline's 95 % interval."""


KINDS: Mapping[str, Kind] = {
    "retrieval": retrieval,
    "mining": mining,
    "question_retrieval": question_retrieval,
    "clir": clir,
}
