"""Outcomes of tagging: a row is a sentence with its predicted tags and the counts for micro-averaged F1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from harness.records import Score, Target
from harness.scoring.outcomes import RowRange, values_of
from harness.scoring.statistics.intervals import bootstrap_f1
from harness.scoring.statistics.resampling import Floats, f1
from harness.scoring.tables.outcome_table import (
    TEXTS,
    Answer,
    Contradiction,
    Numbered,
    Recounted,
    Schema,
    f1_of_runs,
    first_wrong,
    numbers_of,
    points,
    selected,
)

# Counts of chunks, from which F1 is computed.
COUNTS = ("true_positives", "proposed", "gold")


class TaggingTable(Numbered):
    """`tags` are the predicted tags; `words` and `correct` count the words and the correct tags."""

    title = "tagging"
    schemas: tuple[Schema, ...] = (
        {
            "index": pa.int32(),
            "tags": TEXTS,
            "words": pa.int32(),
            "correct": pa.int32(),
            **dict.fromkeys(COUNTS, pa.int32()),
        },
    )
    columns: tuple[str, ...] = ("index", *COUNTS)

    def faults(self, target: Target, outcomes: pa.Table, runs: Sequence[RowRange]) -> Iterator[Contradiction]:
        """Yield counts that cannot be: more true positives than chunks, more correct tags than words."""
        true_positives, proposed, gold = (values_of(outcomes[name]) for name in COUNTS)
        for name, minimum, values in (
            ("proposed", true_positives, proposed),
            ("gold", true_positives, gold),
            ("true_positives", 0, true_positives),
        ):
            if (too_low := values < minimum).any():
                row = int(too_low.argmax())
                expected = "at least 0" if name == "true_positives" else "at least the true positives"
                yield Contradiction(name, row, expected, values[row])
        if {"words", "correct"} <= {*outcomes.column_names}:
            words, correct = (values_of(outcomes[name]) for name in ("words", "correct"))
            yield from first_wrong("words", words < 0, "at least 0", outcomes)
            wrong = (correct < 0) | (correct > words)
            yield from first_wrong("correct", wrong, "from 0 to the number of words", outcomes)

    def answer(self, row: Mapping[str, Any]) -> Answer:
        """Return the predicted tags; the right ones are in the data only."""
        return Answer(" ".join(row["tags"]))

    def units(self, outcomes: Sequence[pa.Table]) -> Floats:
        """Return the counts of each sentence (tables, sentences, 3)."""
        return np.stack([np.stack([numbers_of(rows, name) for name in COUNTS], axis=1) for rows in outcomes])

    def recount(self, outcomes: pa.Table, runs: Sequence[RowRange]) -> list[Recounted]:
        """Return F1 over all sentences of each run."""
        scores, _ = f1_of_runs([values_of(outcomes[name]) for name in COUNTS], runs)
        return [Recounted(float(score), run.end - run.begin) for score, run in zip(scores, runs, strict=True)]

    def score(self, target: Target, outcomes: pa.Table) -> Score:
        """Return seqeval's F1 with its interval over sentences; accuracy over words as a secondary score."""
        counts = np.stack([outcomes[name].to_numpy() for name in COUNTS], axis=1)  # (sentences, 3)
        low, high = bootstrap_f1(counts)
        correct, words = (int(outcomes[name].to_numpy().sum()) for name in ("correct", "words"))
        return Score(
            score=points(float(f1(counts.sum(axis=0)))),
            n=len(counts),
            interval=(points(low), points(high)),
            secondary=selected(target.secondary, {"accuracy": points(correct / words) if words else 0.0}),
        )
