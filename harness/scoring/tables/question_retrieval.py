"""Outcomes of question retrieval: a row is a question with the ranks of its answers in each language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from harness.records import Score, Target
from harness.scoring.metrics.average_precision import average_precision
from harness.scoring.metrics.rank_distance import rank_distance
from harness.scoring.metrics.recall import recall
from harness.scoring.outcomes import RowRange, values_of
from harness.scoring.statistics.intervals import bootstrap_mean
from harness.scoring.tables.outcome_table import (
    NUMBERS,
    Answer,
    Contradiction,
    MeanTable,
    Schema,
    contradiction,
    contradictions,
    first_wrong,
    padded,
    points,
    selected,
    wrong_ranks,
)

CUTOFF = 20
# The measures that a result states for each pair of languages.
_BY_PAIR = ("map", "recall_1", "recall_10")


class QuestionRetrievalTable(MeanTable):
    """`rank_in_language` and `rank_in_union` have a rank for each target language, 0 for no answer."""

    title = "question retrieval"
    schemas: tuple[Schema, ...] = (
        {
            "index": pa.int32(),
            "question_language": pa.string(),
            "rank_in_language": NUMBERS,
            "rank_in_union": NUMBERS,
            "average_precision": pa.float64(),
        },
    )
    columns: tuple[str, ...] = ("index", "rank_in_union", "average_precision")
    shares: tuple[str, ...] = ("average_precision",)
    mean = "average_precision"

    def derived(self, outcomes: pa.Table, runs: Sequence[RowRange]) -> Mapping[str, NDArray[Any]]:
        """Return the average precision in the union, cut at rank 20."""
        return {"average_precision": average_precision(padded(outcomes["rank_in_union"]), CUTOFF)}

    def faults(self, target: Target, outcomes: pa.Table, runs: Sequence[RowRange]) -> Iterator[Contradiction]:
        """Yield ranks that cannot be, and an average precision that does not follow from them."""
        if wrong := list(_other_lengths("rank_in_union", target, outcomes)):
            yield from wrong
            return
        yield from wrong_ranks("rank_in_union", outcomes)
        yield from contradictions(outcomes, self.derived(outcomes, runs))
        if {"question_language", "rank_in_language"} <= {*outcomes.column_names}:
            yield from _faults_of_secondary_columns(target, outcomes, runs)

    def answer(self, row: Mapping[str, Any]) -> Answer:
        """Return the ranks of the answers in all languages among the sentences of all languages."""
        return Answer(ranks=tuple(row["rank_in_union"]))

    def score(self, target: Target, outcomes: pa.Table) -> Score:
        """Return mAP@20 in the union with its interval; mono, cross, recall and uncut mAP are secondary.

        mono searches the sentences of the question's language. cross searches those of each other language
        and is the unweighted mean over the languages with an answer to any question (0 without one). The
        language bias is in ranks.
        """
        in_language, in_union = (
            np.array(outcomes[column].to_pylist(), np.int64)
            for column in ("rank_in_language", "rank_in_union")
        )
        question_language = outcomes["question_language"][0].as_py()
        settings = {
            language: _measures(in_language[:, [i]])
            for i, language in enumerate(target.languages)
            if in_language[:, i].any()
        }
        mono, multi = settings.pop(question_language), _measures(in_union)
        secondary: dict[str, float] = {}
        for name in (*_BY_PAIR, "full_map"):
            cross = [setting[name] for setting in settings.values()]
            means = {
                "mono": mono[name],
                "cross": sum(cross) / len(cross) if cross else 0.0,
                "multi": multi[name],
            }
            secondary |= {f"{name}_{setting}": points(mean) for setting, mean in means.items()}
        low, high = bootstrap_mean(average_precision(in_union, CUTOFF))
        bias = round(float(np.mean(rank_distance(in_union))), 4)
        return Score(
            score=secondary["map_multi"],
            n=len(in_union),
            interval=(points(low), points(high)),
            secondary=selected(target.secondary, secondary),
            quantities=selected(target.quantities, {"language_bias": bias}),
            pairs={
                language: {name: points(setting[name]) for name in _BY_PAIR}
                for language, setting in settings.items()
            },
        )


def _other_lengths(name: str, target: Target, outcomes: pa.Table) -> Iterator[Contradiction]:
    """Yield the first row without exactly one rank for each language of the target."""
    languages = len(target.languages)
    wrong = pc.list_value_length(outcomes[name]).to_numpy() != languages
    yield from first_wrong(name, wrong, f"a rank for each of {languages} languages", outcomes)


def _faults_of_secondary_columns(
    target: Target, outcomes: pa.Table, runs: Sequence[RowRange]
) -> Iterator[Contradiction]:
    """Yield what the secondary scores cannot use: ranks that the union lacks, another question's language."""
    sizes = [run.end - run.begin for run in runs]
    languages = np.repeat([run.language for run in runs], sizes)
    yield from contradiction("question_language", values_of(outcomes["question_language"]), languages)
    if wrong := list(_other_lengths("rank_in_language", target, outcomes)):
        yield from wrong
        return
    in_language, in_union = padded(outcomes["rank_in_language"]), padded(outcomes["rank_in_union"])
    unlike = (in_language < 0) | ((in_language > 0) != (in_union > 0))
    expected = "a rank for each language that has one in the union"
    yield from first_wrong("rank_in_language", unlike.any(axis=1), expected, outcomes)
    numbers = {language: number for number, language in enumerate(target.languages)}
    # Rows of other languages are refused for the result's lack of a score of them.
    own = np.repeat([numbers.get(run.language, 0) for run in runs], sizes)
    unanswered = in_language[np.arange(len(own)), own] < 1
    expected = "a rank for the question's own language"
    yield from first_wrong("rank_in_language", unanswered, expected, outcomes)


def _measures(ranks: NDArray[np.int64]) -> dict[str, float]:
    """Return the means over the questions that have an answer among the ranked sentences."""
    answered = ranks[ranks.any(axis=1)]
    return {
        "map": float(np.mean(average_precision(answered, CUTOFF))),
        "full_map": float(np.mean(average_precision(answered))),
        "recall_1": float(np.mean(recall(answered, 1))),
        "recall_10": float(np.mean(recall(answered, 10))),
    }
