"""The columns of the outcomes of each kind of target, and how scores follow from them, by kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from harness.records import Target
from harness.scoring.statistics.resampling import Floats
from harness.scoring.tables.classification import ClassificationTable
from harness.scoring.tables.clir import ClirTable
from harness.scoring.tables.mining import MiningTable
from harness.scoring.tables.outcome_table import Answer, Contradiction, OutcomeTable, Recounted
from harness.scoring.tables.passage_retrieval import PassageTable
from harness.scoring.tables.qa import QaTable
from harness.scoring.tables.question_retrieval import QuestionRetrievalTable
from harness.scoring.tables.retrieval import RetrievalTable
from harness.scoring.tables.tagging import TaggingTable

__all__ = ["TABLES", "Answer", "Contradiction", "OutcomeTable", "Recounted", "paired_columns", "units"]

TABLES: Mapping[str, OutcomeTable] = {
    "retrieval": RetrievalTable(),
    "mining": MiningTable(),
    "question_retrieval": QuestionRetrievalTable(),
    "clir": ClirTable(),
    "passage_retrieval": PassageTable(),
    "classification": ClassificationTable(),
    "tagging": TaggingTable(),
    "qa": QaTable(),
}


def units(target: Target, outcomes: Sequence[pa.Table]) -> Floats:
    """Return what each example contributes in one language, one table per seed; see `OutcomeTable.units`."""
    return TABLES[target.kind].units(outcomes)


def paired_columns(target: Target) -> tuple[str, ...]:
    """Return the columns of a target's outcomes that its score and comparisons need, and their checks."""
    return ("seed", "language", *TABLES[target.kind].columns)
