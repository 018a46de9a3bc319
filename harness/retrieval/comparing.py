"""Score runs by the measures of a collection, and compare them by the paired tests of results."""

from __future__ import annotations

import math
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
from harness.scoring.statistics.claims import Claim, difference_claims
from harness.scoring.statistics.corrections import holm
from harness.scoring.statistics.intervals import bootstrap_mean
from harness.scoring.statistics.samples import Sample
from harness.scoring.tables.outcome_table import points

Floats = NDArray[np.float64]


class RunDifference(Record):
    """A run − the first run in mean average precision, in points, paired by query.

    `p` is that of the test of two results, `holm` the same after Holm's correction over the runs; None where
    too few queries differ.
    """

    difference: float
    interval: tuple[float, float]
    p: float | None
    holm: float | None


class RunScore(Record):
    """A run's measures in points, with the interval of the first one, and the difference to the first run.

    `retrieved` counts the queries with a document.
    """

    run: str
    signature: str
    scores: Mapping[str, float]
    interval: tuple[float, float]
    retrieved: int
    seconds: float | None = None
    difference: RunDifference | None = None


def measures(
    collection: Collection, rankings: Mapping[str, Ranking], cutoff: int | None = None
) -> dict[str, Floats]:
    """Return each measure by judged query (queries,), as fractions; a query without a ranking has 0.

    The first is average precision, up to the rank `cutoff` if there is one.
    """
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
        f"map_{cutoff}" if cutoff else "map": average_precision(ranks, cutoff),
        "ndcg_10": ndcg(ranks, gains, 10),
        "recall_100": recall(ranks, 100),
        "mrr": reciprocal_rank(ranks),
    }


def compare_runs(
    collection: Collection,
    runs: Sequence[RankedRun],
    signatures: Sequence[str],
    seconds: Mapping[str, float],
    cutoff: int | None = None,
) -> tuple[RunScore, ...]:
    """Return the scores of all runs, each compared with the first one in average precision."""
    values = [measures(collection, run.rankings, cutoff) for run in runs]
    main = [next(iter(by_measure.values())) for by_measure in values]
    return tuple(
        RunScore(
            run=run.name,
            signature=signature,
            scores={name: points(by_query.mean()) for name, by_query in by_measure.items()},
            interval=_points(bootstrap_mean(precision)),
            retrieved=sum(bool(ranking.documents) for ranking in run.rankings.values()),
            seconds=seconds.get(run.name),
            difference=difference,
        )
        for run, signature, by_measure, precision, difference in zip(
            runs, signatures, values, main, _differences(main), strict=True
        )
    )


def _differences(values: Sequence[Floats]) -> list[RunDifference | None]:
    first, *others = (Sample([by_query[None]], trained=False) for by_query in values)
    claims = [difference_claims(first, other).these for other in others]
    tested = [claim.p for claim in claims if _is_tested(claim)]
    adjusted = iter(holm([p for p in tested if p is not None]))
    return [
        None,
        *(
            RunDifference(
                difference=points(claim.estimate),
                interval=_points(claim.interval),
                p=claim.p if _is_tested(claim) else None,
                holm=next(adjusted) if _is_tested(claim) else None,
            )
            for claim in claims
        ),
    ]


def _is_tested(claim: Claim) -> bool:
    return claim.p is not None and not math.isnan(claim.p)


def _points(interval: tuple[float, float]) -> tuple[float, float]:
    return points(interval[0]), points(interval[1])
