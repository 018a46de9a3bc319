"""What each example brought to a score, out of the outcomes: the arrays that intervals and tests resample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harness.records import Target
from harness.scoring.metrics.pair_counts import pair_counts

Floats = NDArray[np.float64]

# A tagger's chunks, of which F1 is made.
COUNTS = ("true_positives", "proposed", "gold")

# Kind → the column of its outcomes whose mean is the score.
_MEANS = {
    "retrieval": "correct",
    "question_retrieval": "average_precision",
    "clir": "average_precision",
    "classification": "correct",
    "qa": "score",
}


def columns_of(target: Target) -> tuple[str, ...]:
    """Return the columns of a target's outcomes that `units` reads."""
    if target.kind == "mining":
        return ("split", "foreign", "gold", "accepted")
    return ("index", *COUNTS) if target.kind == "tagging" else ("index", _MEANS[target.kind])


class Run(NamedTuple):
    """Rows begin to end, without the end, of one seed and language."""

    seed: int
    language: str
    begin: int
    end: int


def runs(outcomes: pa.Table) -> list[Run]:
    """Return the rows by seed and language as they follow each other; in the harness' own files each cell is one run."""
    if not outcomes.num_rows:
        return []
    seeds = values_of(outcomes["seed"])
    codes = outcomes["language"].combine_chunks().dictionary_encode()
    languages, names = values_of(codes.indices), codes.dictionary.to_pylist()
    changes = np.flatnonzero((seeds[1:] != seeds[:-1]) | (languages[1:] != languages[:-1])) + 1
    bounds = pairwise([0, *changes.tolist(), len(seeds)])
    return [Run(int(seeds[begin]), names[languages[begin]], begin, end) for begin, end in bounds]


def cells(outcomes: pa.Table) -> Mapping[tuple[int, str], pa.Table]:
    """Return the rows of each (seed, language) without copying them."""
    found: dict[tuple[int, str], list[pa.Table]] = {}
    for run in runs(outcomes):
        found.setdefault((run.seed, run.language), []).append(outcomes.slice(run.begin, run.end - run.begin))
    return {cell: pa.concat_tables(parts) for cell, parts in found.items()}


def units(target: Target, outcomes: Sequence[pa.Table]) -> Floats:
    """Return the units of one language's outcomes, one table a seed, in a common order.

    (tables, n) where the score is a mean over examples; (tables, n, 3) with true positives, proposed and gold where it is an F1:
    over sentences of a tagger, over the foreign sentences of the scored split of mined pairs.
    Raises ValueError where the tables do not hold the same examples.
    """
    if target.kind == "mining":
        scored = [scored_split(rows) for rows in outcomes]
        sentences = np.unique(np.concatenate([_strings(rows, "foreign") for rows in scored]))
        return np.stack([_pair_counts(rows, sentences) for rows in scored])
    if target.kind == "clir":  # a collection may leave queries out; elsewhere the index counts the rows, as reading them checks
        first, *others = (values_of(rows["index"]) for rows in outcomes)
        if not all(np.array_equal(first, other) for other in others):
            raise ValueError("the column 'index' names other queries")
    if target.kind == "tagging":
        return np.stack([np.stack([_numbers(rows, name) for name in COUNTS], axis=1) for rows in outcomes])
    return np.stack([_numbers(rows, _MEANS[target.kind]) for rows in outcomes])


def scored_split(rows: pa.Table) -> pa.Table:
    """Return the rows of mined pairs of the split that is scored: the last one, in which the rows end."""
    splits = codes_of(rows["split"])
    others = np.flatnonzero(splits != splits[-1])
    return rows.slice(int(others[-1]) + 1 if len(others) else 0)


def _pair_counts(rows: pa.Table, sentences: NDArray[np.str_]) -> Floats:
    """Return the counts (sentences, 3) over the given sentences, 0 for those without a pair."""
    gold, accepted = (values_of(rows[name]).astype(bool) for name in ("gold", "accepted"))
    found, counts = pair_counts(_strings(rows, "foreign"), gold, accepted)
    whole = np.zeros((len(sentences), 3))
    whole[np.searchsorted(sentences, found)] = counts
    return whole


def _strings(rows: pa.Table, name: str) -> NDArray[np.str_]:
    return np.asarray(values_of(rows[name]).astype(str))


def _numbers(rows: pa.Table, name: str) -> Floats:
    return np.asarray(values_of(rows[name]), dtype=np.float64)


def codes_of(column: pa.ChunkedArray) -> NDArray[Any]:
    """Return a number for each text of a column, the same for the same."""
    return values_of(column.combine_chunks().dictionary_encode().indices)


def values_of(column: pa.ChunkedArray | pa.Array) -> NDArray[Any]:
    """Return a column's values, right and wrong as 1 and 0.

    pyarrow's own way to numpy imports pandas where it is installed, which takes longer than the values' whole use.
    """
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_string(whole.type):
        return np.array(whole.to_pylist())
    return np.from_dlpack(whole.cast(pa.uint8()) if pa.types.is_boolean(whole.type) else whole)
