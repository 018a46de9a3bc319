"""Score runs by the measures of a collection, and compare them by the paired tests of results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from harness.data.ir_collection import Collection
from harness.records import Record
from harness.retrieval.ranked_run import RankedRun, Ranking
from harness.scoring.metrics.average_precision import average_precision
from harness.scoring.metrics.ndcg import ndcg
from harness.scoring.metrics.recall import recall
from harness.scoring.metrics.reciprocal_rank import reciprocal_rank
from harness.scoring.statistics.corrections import holm
from harness.scoring.statistics.intervals import bootstrap_mean
from harness.scoring.statistics.multilevel import difference_claims
from harness.scoring.statistics.samples import Sample
from harness.scoring.tables.outcome_table import points

Floats = NDArray[np.float64]
_MAIN = "map"


class RunDifference(Record):
    """A run − the first run in mean average precision, in points, paired by query.

    `p` is that of the permutation test, `holm` the same after Holm's correction over the runs.
    """

    difference: float
    interval: tuple[float, float]
    p: float
    holm: float


class RunScore(Record):
    """A run's measures in points, the interval of MAP over queries, and the difference to the first run.

    `retrieved` counts the queries with a document.
    """

    run: str
    signature: str
    scores: Mapping[str, float]
    interval: tuple[float, float]
    retrieved: int
    seconds: float | None = None
    difference: RunDifference | None = None


def measures(collection: Collection, rankings: Mapping[str, Ranking]) -> dict[str, Floats]:
    """Return each measure by judged query (queries,), as fractions; a query without a ranking has 0."""
    longest = max(1, *(len(grades) for grades in collection.judgements.values()))
    shape = len(collection), longest
    ranks, gains = np.zeros(shape), np.zeros(shape)
    for row, (query, grades) in enumerate(collection.judgements.items()):
        ranking = rankings.get(query)
        place = (
            {} if ranking is None else {name: rank for rank, name in enumerate(ranking.documents, start=1)}
        )
        for column, (document, grade) in enumerate(grades.items()):
            ranks[row, column] = place.get(document, np.inf)
            gains[row, column] = grade
    return {
        _MAIN: average_precision(ranks),
        "ndcg_10": ndcg(ranks, gains, 10),
        "recall_100": recall(ranks, 100),
        "mrr": reciprocal_rank(ranks),
    }


def compare_runs(
    collection: Collection, runs: Sequence[RankedRun], signatures: Sequence[str], seconds: Mapping[str, float]
) -> tuple[RunScore, ...]:
    """Return the scores of all runs, each compared with the first one."""
    values = [measures(collection, run.rankings) for run in runs]
    return tuple(
        RunScore(
            run=run.name,
            signature=signature,
            scores={name: points(by_query.mean()) for name, by_query in by_measure.items()},
            interval=_points(bootstrap_mean(by_measure[_MAIN])),
            retrieved=sum(bool(ranking.documents) for ranking in run.rankings.values()),
            seconds=seconds.get(run.name),
            difference=difference,
        )
        for run, signature, by_measure, difference in zip(
            runs, signatures, values, _differences([by_measure[_MAIN] for by_measure in values]), strict=True
        )
    )


def _differences(values: Sequence[Floats]) -> list[RunDifference | None]:
    first, *others = (Sample([by_query[None]], trained=False) for by_query in values)
    claims = [difference_claims(first, other).these for other in others]
    p = [1.0 if claim.p is None else claim.p for claim in claims]
    return [
        None,
        *(
            RunDifference(
                difference=points(claim.estimate), interval=_points(claim.interval), p=value, holm=adjusted
            )
            for claim, value, adjusted in zip(claims, p, holm(p), strict=True)
        ),
    ]


def _points(interval: tuple[float, float]) -> tuple[float, float]:
    return points(interval[0]), points(interval[1])
