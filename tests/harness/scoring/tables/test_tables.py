"""The tables of outcomes at their edges: no rows, no gold pair, other queries."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from harness.scoring.outcomes import runs
from harness.scoring.tables import TABLES
from harness.scoring.tables.mining import threshold_of


def test_a_table_without_rows_has_no_runs() -> None:
    assert runs(pa.table({"seed": pa.array([], pa.int32()), "language": pa.array([], pa.string())})) == []


def test_without_a_gold_pair_nothing_reaches_the_threshold() -> None:
    table = pa.table({"split": ["dev", "dev"], "margin": [1.5, 1.0], "gold": [False, False]})
    assert threshold_of(table) == float("inf")
    assert threshold_of(table.set_column(0, "split", pa.array(["test", "test"]))) == float("inf")


def test_two_collections_of_other_queries_are_not_paired() -> None:
    first, second = (
        pa.table({"index": pa.array(index, pa.int32()), "average_precision": [0.5, 1.0]})
        for index in ([0, 1], [0, 2])
    )
    with pytest.raises(ValueError, match="the column 'index' names different queries"):
        TABLES["clir"].units([first, second])
    assert TABLES["clir"].units([first, first]).tolist() == [[0.5, 1.0]] * 2


def test_a_sentence_contributes_its_three_counts() -> None:
    table = pa.table({"true_positives": [1, 0], "proposed": [2, 1], "gold": [1, 3]})
    assert np.array_equal(TABLES["tagging"].units([table]), [[[1, 2, 1], [0, 1, 3]]])
