"""Retrieve sentences over parallel text: the nearest sentence should be the translation."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from harness.data.bitext import Bitext
from harness.kinds.protocols import Encode
from harness.kinds.search.nearest import nearest
from harness.records import Score, Target
from harness.scoring.metrics.accuracy import accuracy
from harness.scoring.metrics.weighted_f1 import weighted_f1
from harness.scoring.statistics.intervals import wilson


def run(target: Target, examples: Bitext, encode: Encode) -> pa.Table:
    """Answer every sentence of both sides with its nearest neighbour on the other; `encode` gives unit vectors (n, d).

    A row is a pair: `answer` is the index that its English sentence chose among the foreign ones, `answer_to_english` the
    other way round, `correct` whether `answer` is the pair's own.
    """
    foreign, english = encode(examples.foreign), encode(examples.english)
    index = np.arange(len(foreign), dtype=np.int32)
    answer = nearest(english, foreign).astype(np.int32)
    to_english = nearest(foreign, english).astype(np.int32)
    return pa.table({"index": index, "answer": answer, "answer_to_english": to_english, "correct": answer == index})


def similarities(examples: Bitext) -> int:
    """Count the similarities of both directions."""
    return 2 * len(examples) ** 2


def headline(target: Target, examples: Bitext, encode: Encode) -> float:
    """Return the accuracy English → foreign, a fraction; the other direction is not searched."""
    answer = nearest(encode(examples.english), encode(examples.foreign))
    return accuracy(answer, np.arange(len(answer)))


def score(target: Target, outcomes: pa.Table) -> Score:
    """Return the scores in points: accuracy English → foreign with Wilson's interval; the other direction and mteb's F1 beside it."""
    answer, to_english = (outcomes[column].to_numpy() for column in ("answer", "answer_to_english"))
    gold = np.arange(len(answer))
    low, high = wilson(int(np.sum(answer == gold)), len(gold))
    secondary = {
        "accuracy_to_english": accuracy(to_english, gold),
        "f1": weighted_f1(answer),
        "f1_to_english": weighted_f1(to_english),
    }
    return Score(
        score=_points(accuracy(answer, gold)),
        n=len(gold),
        interval=(_points(low), _points(high)),
        secondary={name: _points(value) for name, value in secondary.items()},
    )


def _points(fraction: float) -> float:
    return round(100 * fraction, 4)
