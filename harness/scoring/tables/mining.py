"""Outcomes of mining: a row is a matched sentence pair, best margin first, or an unmatched gold pair."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from harness.records import Score, Target
from harness.scoring.metrics.pair_counts import pair_counts
from harness.scoring.metrics.precision_recall import best_threshold, precision_recall
from harness.scoring.outcomes import RowRange, codes_of, values_of
from harness.scoring.statistics.intervals import bootstrap_f1
from harness.scoring.statistics.resampling import Floats, f1
from harness.scoring.tables.outcome_table import (
    Answer,
    Contradiction,
    Recounted,
    Schema,
    contradictions,
    f1_of_runs,
    points,
    selected,
)


class MiningTable:
    """`split` is dev or test, `foreign` and `english` are ids of sentences.

    `accepted` is whether the margin reaches the dev threshold.
    """

    title = "mining of sentence pairs"
    schemas: tuple[Schema, ...] = (
        {
            "split": pa.string(),
            "foreign": pa.string(),
            "english": pa.string(),
            "margin": pa.float64(),
            "gold": pa.bool_(),
            "accepted": pa.bool_(),
        },
    )
    columns: tuple[str, ...] = ("split", "foreign", "margin", "gold", "accepted")
    shares: tuple[str, ...] = ()
    nullable: tuple[str, ...] = ("margin",)
    resamples = True

    def derived(self, outcomes: pa.Table, runs: Sequence[RowRange]) -> Mapping[str, NDArray[Any]]:
        """Return which pairs reach the threshold that the dev split gives."""
        parts = [accepted_of(outcomes.slice(run.begin, run.end - run.begin)) for run in runs]
        return {"accepted": np.concatenate(parts)}

    def faults(self, target: Target, outcomes: pa.Table, runs: Sequence[RowRange]) -> Iterator[Contradiction]:
        """Yield pairs that are accepted, or not, against the threshold that the dev split gives."""
        yield from contradictions(outcomes, self.derived(outcomes, runs))

    def out_of_order(self, outcomes: pa.Table, runs: Sequence[RowRange]) -> NDArray[np.bool_]:
        """Return all False: mined pairs are identified by ids, not by position."""
        return np.zeros(outcomes.num_rows, np.bool_)

    def units(self, outcomes: Sequence[pa.Table]) -> Floats:
        """Return the counts by foreign sentence of the scored split (tables, sentences, 3)."""
        scored = [scored_split(rows) for rows in outcomes]
        sentences = _sentences(scored)
        return np.stack([_counts_by_sentence(rows, sentences) for rows in scored])

    def keys(self, outcomes: Sequence[pa.Table]) -> Floats | None:
        """Return a number for each foreign sentence with a pair: a digest of its id of 48 bits."""
        sentences = _sentences([scored_split(rows) for rows in outcomes]).tolist()
        digests = [hashlib.blake2b(sentence.encode(), digest_size=6).digest() for sentence in sentences]
        return np.array([int.from_bytes(digest) for digest in digests], dtype=np.float64)

    def ids(self, outcomes: Sequence[pa.Table]) -> list[str]:
        """Return the ids of the foreign sentences with a pair on the scored split."""
        return list(_sentences([scored_split(rows) for rows in outcomes]).tolist())

    def answers(self, outcomes: pa.Table, ids: Sequence[str]) -> list[Answer]:
        """Return the accepted English sentences of each foreign one, the gold ones, and the best margin."""
        scored = scored_split(outcomes)
        rows = scored.filter(pc.is_in(scored["foreign"], pa.array(ids, pa.string()))).to_pylist()
        answers = []
        for name in ids:
            pairs = [row for row in rows if row["foreign"] == name]
            given, right = (
                ", ".join(row["english"] for row in pairs if row[column]) for column in ("accepted", "gold")
            )
            margins = [row["margin"] for row in pairs if row["margin"] is not None]
            answers.append(Answer(given, right, margin=max(margins, default=None)))
        return answers

    def recount(self, outcomes: pa.Table, runs: Sequence[RowRange]) -> list[Recounted]:
        """Return F1 over each run's scored split, the split of its last row; n counts gold pairs."""
        gold, accepted = (values_of(outcomes[name]).astype(bool) for name in ("gold", "accepted"))
        splits, sizes = codes_of(outcomes["split"]), [run.end - run.begin for run in runs]
        scored = splits == np.repeat(splits[[run.end - 1 for run in runs]], sizes)
        scores, counts = f1_of_runs([gold & accepted & scored, accepted & scored, gold & scored], runs)
        return [
            Recounted(float(score), int(total)) for score, total in zip(scores, counts[:, 2], strict=True)
        ]

    def score(self, target: Target, outcomes: pa.Table) -> Score:
        """Return F1, precision and recall of the scored split; the interval resamples foreign sentences.

        The scored split is the last one. If it is the dev split itself, the threshold is an oracle threshold.
        """
        last = outcomes["split"].to_numpy(zero_copy_only=False) == outcomes["split"][-1].as_py()
        gold = outcomes["gold"].to_numpy(zero_copy_only=False)[last]
        foreign = outcomes["foreign"].to_numpy(zero_copy_only=False)[last].astype(str)
        counts = pair_counts(foreign, gold, accepted_of(outcomes)[last])[1]  # (sentences, 3)
        correct, proposed, total = counts.sum(axis=0).tolist()
        low, high = bootstrap_f1(counts)
        threshold = threshold_of(outcomes)
        return Score(
            score=points(float(f1(counts.sum(axis=0)))),
            n=total,
            interval=(points(low), points(high)),
            secondary=selected(
                target.secondary,
                {
                    "precision": points(correct / proposed if proposed else 0.0),
                    "recall": points(correct / total),
                },
            ),
            quantities=selected(
                target.quantities,
                {"mined": proposed} | ({"threshold": round(threshold, 6)} if np.isfinite(threshold) else {}),
            ),
        )


def threshold_of(outcomes: pa.Table) -> float:
    """Return the margin with the best F1 on the dev split; infinity if no gold pair was mined there."""
    dev = outcomes.filter(pc.equal(outcomes["split"], "dev"))
    total = pc.sum(dev["gold"]).as_py()
    if not total:
        return float("inf")
    matched = dev.filter(pc.is_valid(dev["margin"]))
    gold = matched["gold"].to_numpy(zero_copy_only=False)
    return best_threshold(precision_recall(matched["margin"].to_numpy(), gold, int(total)))


def accepted_of(outcomes: pa.Table) -> NDArray[np.bool_]:
    """Return which pairs reach the dev threshold (rows,)."""
    margins = outcomes["margin"].to_numpy(zero_copy_only=False)  # NaN for a gold pair that was not matched
    return np.asarray(margins >= threshold_of(outcomes))


def scored_split(rows: pa.Table) -> pa.Table:
    """Return the rows of the scored split: the split of the last row."""
    splits = codes_of(rows["split"])
    earlier_splits = np.flatnonzero(splits != splits[-1])
    return rows.slice(int(earlier_splits[-1]) + 1 if len(earlier_splits) else 0)


def _sentences(scored: Sequence[pa.Table]) -> NDArray[np.str_]:
    """Return the foreign sentences with a pair in any of the tables, sorted."""
    return np.unique(np.concatenate([_strings(rows, "foreign") for rows in scored]))


def _counts_by_sentence(rows: pa.Table, sentences: NDArray[np.str_]) -> Floats:
    """Return the counts (sentences, 3) for the given sentences, 0 for those without a pair."""
    gold, accepted = (values_of(rows[name]).astype(bool) for name in ("gold", "accepted"))
    with_pairs, counts = pair_counts(_strings(rows, "foreign"), gold, accepted)
    all_counts = np.zeros((len(sentences), 3))
    all_counts[np.searchsorted(sentences, with_pairs)] = counts
    return all_counts


def _strings(rows: pa.Table, name: str) -> NDArray[np.str_]:
    return np.asarray(values_of(rows[name]).astype(str))
