"""Retrieve sentences over parallel text: the nearest sentence should be the translation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.data import Bitext
from harness.metrics.accuracy import accuracy
from harness.metrics.weighted_f1 import weighted_f1
from harness.neighbours import nearest
from harness.records import Score
from harness.statistics.intervals import wilson

Encode = Callable[[Sequence[str]], NDArray[np.float32]]


@dataclass(frozen=True)
class RetrievalOutcomes:
    """For each pair i, the index that was answered: `answer` among the foreign sentences, `answer_to_english` among the English."""

    answer: NDArray[np.int32]
    answer_to_english: NDArray[np.int32]


def texts(bitext: Bitext) -> list[str]:
    """Return every text whose vector is needed."""
    return [*bitext.foreign, *bitext.english]


def run(bitext: Bitext, encode: Encode) -> RetrievalOutcomes:
    """Answer every sentence of both sides with its nearest neighbour on the other; `encode` gives unit vectors (n, d)."""
    foreign, english = encode(bitext.foreign), encode(bitext.english)
    return RetrievalOutcomes(nearest(english, foreign).astype(np.int32), nearest(foreign, english).astype(np.int32))


def score(outcomes: RetrievalOutcomes) -> Score:
    """Return the scores in points: accuracy English → foreign with Wilson's interval; the other direction and mteb's F1 beside it."""
    gold = np.arange(len(outcomes.answer))
    correct = int(np.sum(outcomes.answer == gold))
    low, high = wilson(correct, len(gold))
    secondary = {
        "accuracy_to_english": accuracy(outcomes.answer_to_english, gold),
        "f1": weighted_f1(outcomes.answer),
        "f1_to_english": weighted_f1(outcomes.answer_to_english),
    }
    return Score(
        score=_points(accuracy(outcomes.answer, gold)),
        n=len(gold),
        interval=(_points(low), _points(high)),
        secondary={name: _points(value) for name, value in secondary.items()},
    )


def _points(fraction: float) -> float:
    return round(100 * fraction, 4)
