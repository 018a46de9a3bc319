"""Mine pairs of translations from two comparable corpora."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from harness.data.bucc import Comparable, Split
from harness.kinds.protocols import Encode
from harness.kinds.search.margins import match
from harness.kinds.search.nearest import mutual_neighbours
from harness.records import Mining, Target
from harness.scoring.recount import recount
from harness.scoring.tables.mining import accepted_of


def run(target: Target, examples: Comparable, encode: Encode) -> pa.Table:
    """Mine each split separately; `encode` returns unit vectors (n, d).

    A row is a matched pair, best margin first; gold pairs that were not matched follow without a margin.
    `accepted` tells whether the margin reaches the dev threshold. Matched pairs far below the last gold or
    accepted one are left out: neither a score nor a threshold that F1 favours depends on them.
    """
    assert target.mining is not None
    mined = pa.concat_tables(
        _mine(name, split, encode, target.mining) for name, split in examples.splits.items()
    )
    return _without_tail(mined.append_column("accepted", pa.array(accepted_of(mined))))


def similarities(examples: Comparable) -> int:
    """Count the similarities, which serve both directions."""
    return sum(len(split.foreign) * len(split.english) for split in examples.splits.values())


def headline(target: Target, examples: Comparable, encode: Encode) -> float:
    """Return F1 on the scored split, a fraction."""
    return recount(target, run(target, examples, encode)).score / 100


def _mine(name: str, split: Split, encode: Encode, policy: Mining) -> pa.Table:
    foreign, english = _distinct(split.foreign), _distinct(split.english)
    x_to_y, y_to_x = mutual_neighbours(encode(list(foreign)), encode(list(english)), policy.neighbours)
    matches = match(x_to_y, y_to_x, policy.margin)
    # Each distinct text keeps the first id that has it: ids are never looked up by text afterwards.
    ids = [list(foreign.values()), list(english.values())]
    rows = [
        (ids[0][i], ids[1][j], margin)
        for i, j, margin in zip(*(column.tolist() for column in matches), strict=True)
    ]
    if not policy.keep_duplicates:
        repeated = [_repeated(split.foreign), _repeated(split.english)]
        rows = [row for row in rows if row[0] not in repeated[0] and row[1] not in repeated[1]]
    gold = dict.fromkeys(split.gold)
    matched = {row[:2] for row in rows}
    missed = [pair for pair in gold if pair not in matched]
    columns = {
        "split": pa.array([name] * (len(rows) + len(missed)), pa.string()),
        "foreign": pa.array([row[0] for row in rows] + [pair[0] for pair in missed], pa.string()),
        "english": pa.array([row[1] for row in rows] + [pair[1] for pair in missed], pa.string()),
        "margin": pa.array([row[2] for row in rows] + [None] * len(missed), pa.float64()),
        "gold": pa.array([row[:2] in gold for row in rows] + [True] * len(missed), pa.bool_()),
    }
    return pa.table(columns)


def _without_tail(outcomes: pa.Table) -> pa.Table:
    """Drop from each split the rows after the first margin below its last gold or accepted row.

    That margin itself is kept: the threshold may be halfway to it.
    """
    needed = np.logical_or(*(outcomes[name].to_numpy(zero_copy_only=False) for name in ("gold", "accepted")))
    splits, margins = (outcomes[name].to_numpy(zero_copy_only=False) for name in ("split", "margin"))
    keep = np.isnan(margins)  # gold pairs that were not matched
    for split in dict.fromkeys(splits.tolist()):
        rows = np.flatnonzero((splits == split) & ~np.isnan(margins))
        last = np.flatnonzero(needed[rows])
        if len(last):
            below = margins[rows][margins[rows] < margins[rows[last[-1]]]]
            keep[rows] = margins[rows] >= (below[0] if len(below) else -np.inf)
    return outcomes.filter(pa.array(keep))


def _distinct(sentences: Mapping[str, str]) -> dict[str, str]:
    """Return each distinct text with the first id that has it."""
    first: dict[str, str] = {}
    for name, text in sentences.items():
        first.setdefault(text, name)
    return first


def _repeated(sentences: Mapping[str, str]) -> set[str]:
    """Return the ids whose text occurs more than once."""
    counts = Counter(sentences.values())
    return {name for name, text in sentences.items() if counts[text] > 1}
