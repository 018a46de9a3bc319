"""Compare two submissions on the same examples; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from harness.catalog import target_named
from harness.errors import Fault, NotComparable
from harness.kinds.tagging import COUNTS
from harness.metrics.pair_counts import pair_counts
from harness.records import Record, Result
from harness.statistics.paired import bootstrap_difference, bootstrap_f1_difference, mcnemar
from harness.statistics.resampling import f1
from harness.store import Side

REPLICATES = 10_000
Examples = NDArray[np.float64]
# Kind → the column of its outcomes whose mean is the score.
_COLUMNS = {
    "retrieval": "correct",
    "question_retrieval": "average_precision",
    "clir": "average_precision",
    "classification": "correct",
    "qa": "score",
}


class LanguageDifference(Record):
    """One language: second − first in points, with the interval of the paired bootstrap.

    `only_first` and `only_second` count the examples that one side alone got right, and `p` is McNemar's exact
    two-sided p value; all three are None when a side has several seeds, whose examples are not independent, and where an
    example is not simply right or wrong.
    """

    language: str
    n: int
    first: float
    second: float
    difference: float
    interval: tuple[float, float]
    only_first: int | None
    only_second: int | None
    p: float | None


class TargetDifference(Record):
    """One target: the unweighted mean over the languages that both sides measured, in points."""

    target: str
    metric: str
    first_signature: str
    second_signature: str
    languages: tuple[LanguageDifference, ...]
    first: float
    second: float
    difference: float
    interval: tuple[float, float]
    missing: tuple[str, ...]
    added: tuple[str, ...]
    of: int

    @property
    def verdict(self) -> str:
        """Say in words what the interval allows to say about these languages."""
        if self.interval[0] > 0:
            return "better"
        return "worse" if self.interval[1] < 0 else "no difference shown"


class Comparison(Record):
    """Two sides, compared at `level`; targets that only one side has are named."""

    first: str
    second: str
    level: float
    targets: tuple[TargetDifference, ...]
    missing: tuple[str, ...]
    added: tuple[str, ...]

    def regressions(self, min_delta: float) -> tuple[TargetDifference, ...]:
        """Return the targets that fell by at least `min_delta` points with an interval that excludes no change."""
        return tuple(t for t in self.targets if t.difference <= -min_delta and t.interval[1] < 0)


def compare(first: Side, second: Side, *, level: float = 0.95, seed: int = 0) -> Comparison:
    """Compare two sides target by target, language by language, paired on the same examples.

    The examples (for F1: the foreign sentences) are resampled within each language, so the intervals speak of these
    languages and these checkpoints.
    Raises NotComparable when no target is shared, or when protocol or text differ, naming each difference.
    """
    shared = [name for name in first.results if name in second.results]
    if not shared:
        raise NotComparable(
            f"{first.name} has results for {_names(first.results)}, {second.name} for {_names(second.results)}: no target is shared",
            cure="evaluate both on the same target",
        )
    if faults := [fault for name in shared for fault in _differences_of_measure(first, second, name)]:
        raise NotComparable(faults)
    return Comparison(
        first=first.name,
        second=second.name,
        level=level,
        targets=tuple(_compare_target(first, second, name, level, seed) for name in shared),
        missing=tuple(name for name in first.results if name not in second.results),
        added=tuple(name for name in second.results if name not in first.results),
    )


def _names(results: Mapping[str, Result]) -> str:
    return ", ".join(results) or "nothing"


def _differences_of_measure(first: Side, second: Side, target: str) -> list[Fault]:
    a, b = first.results[target], second.results[target]
    faults = []
    if a.protocol != b.protocol:
        faults.append(
            Fault(
                f"{target}: {first.name} was measured as {a.signature}, {second.name} as {b.signature}",
                cure="evaluate both with one version",
            )
        )
    faults.extend(
        Fault(
            f"{target} {name}: the text differs ({first.name}: {a.texts[name]}, {second.name}: {b.texts[name]})",
            cure="evaluate both on the same text",
        )
        for name in a.texts
        if name in b.texts and a.texts[name] != b.texts[name]
    )
    return faults


def _examples(first: Side, second: Side, target: str) -> tuple[dict[str, Examples], dict[str, Examples]]:
    """Return per side and language what each example brought, for languages that every seed of the side measured.

    (seeds, examples) where the score is a mean over examples; (seeds, sentences, 3) with the counts of `pair_counts` where it is
    an F1, over the same sentences on both sides.
    """
    ours, theirs = _by_language(first, target), _by_language(second, target)
    entry = target_named(target, tuple(first.results[target].data))
    assert entry is not None  # the store refuses results of unknown targets
    if entry.kind == "tagging":

        def arrays(side: dict[str, list[pa.Table]]) -> dict[str, Examples]:
            return {language: np.stack([_chunks(rows) for rows in tables]) for language, tables in side.items()}
    elif entry.kind != "mining":
        column = _COLUMNS[entry.kind]

        def arrays(side: dict[str, list[pa.Table]]) -> dict[str, Examples]:
            return {language: np.stack([_column(rows, column) for rows in tables]) for language, tables in side.items()}
    else:
        sentences = {language: _sentences([*ours.get(language, []), *theirs.get(language, [])]) for language in ours | theirs}

        def arrays(side: dict[str, list[pa.Table]]) -> dict[str, Examples]:
            return {language: np.stack([_counts(rows, sentences[language]) for rows in tables]) for language, tables in side.items()}

    return arrays(ours), arrays(theirs)


def _by_language(side: Side, target: str) -> dict[str, list[pa.Table]]:
    """Return per language the outcomes of each seed, for languages that every seed measured."""
    result, table = side.results[target], side.outcomes[target]
    found = {}
    for language in result.languages:
        rows = table.filter(pc.field("language") == language)
        by_seed = [rows.filter(pc.field("seed") == checkpoint.seed) for checkpoint in result.checkpoints]
        if all(len(part) for part in by_seed):
            found[language] = [_scored_split(part) for part in by_seed]
    return found


def _scored_split(rows: pa.Table) -> pa.Table:
    """Return the rows of the split that is scored: the last one where there are several."""
    return rows.filter(pc.field("split") == rows["split"][-1]) if "split" in rows.column_names else rows


def _column(rows: pa.Table, name: str) -> NDArray[np.float64]:
    values: NDArray[np.float64] = rows[name].to_numpy(zero_copy_only=False).astype(np.float64)
    return values


def _chunks(rows: pa.Table) -> NDArray[np.float64]:
    """Return the counts (sentences, 3) of a tagger."""
    return np.stack([_column(rows, name) for name in COUNTS], axis=1)


def _sentences(tables: Sequence[pa.Table]) -> NDArray[np.str_]:
    return np.unique(np.concatenate([rows["foreign"].to_numpy(zero_copy_only=False).astype(str) for rows in tables]))


def _counts(rows: pa.Table, sentences: NDArray[np.str_]) -> NDArray[np.float64]:
    """Return the counts (sentences, 3) of one seed over the given sentences."""
    gold, accepted = (rows[name].to_numpy(zero_copy_only=False) for name in ("gold", "accepted"))
    found, counts = pair_counts(rows["foreign"].to_numpy(zero_copy_only=False).astype(str), gold, accepted)
    whole = np.zeros((len(sentences), 3))
    whole[np.searchsorted(sentences, found)] = counts
    return whole


def _score(examples: Examples) -> float:
    """Return the mean over seeds of the score, a fraction."""
    return float(examples.mean() if examples.ndim == 2 else f1(examples.sum(axis=1)).mean())


def _interval(ours: Sequence[Examples], theirs: Sequence[Examples], level: float, seed: int) -> tuple[float, float]:
    """Return the bootstrap interval in points of the mean over languages of second − first."""
    if ours[0].ndim == 2:
        deltas = [second.mean(axis=0) - first.mean(axis=0) for first, second in zip(ours, theirs, strict=True)]
        low, high = bootstrap_difference(deltas, replicates=REPLICATES, level=level, seed=seed)
    else:
        low, high = bootstrap_f1_difference(ours, theirs, replicates=REPLICATES, level=level, seed=seed)
    return round(100 * low, 4), round(100 * high, 4)


def _compare_target(first: Side, second: Side, target: str, level: float, seed: int) -> TargetDifference:
    ours, theirs = _examples(first, second, target)
    shared = [language for language in ours if language in theirs]
    if not shared:
        raise NotComparable(
            f"{target}: {first.name} and {second.name} share no measured language", cure="evaluate both on the same languages"
        )
    rows = tuple(_compare_language(language, ours[language], theirs[language], level, seed) for language in shared)
    result = first.results[target]
    means = [float(np.mean([getattr(row, side) for row in rows])) for side in ("first", "second")]
    return TargetDifference(
        target=target,
        metric=result.metric,
        first_signature=result.signature,
        second_signature=second.results[target].signature,
        languages=rows,
        first=round(means[0], 4),
        second=round(means[1], 4),
        difference=round(means[1] - means[0], 4),
        interval=_interval([ours[language] for language in shared], [theirs[language] for language in shared], level, seed),
        missing=tuple(language for language in ours if language not in theirs),
        added=tuple(language for language in theirs if language not in ours),
        of=result.of,
    )


def _compare_language(language: str, ours: Examples, theirs: Examples, level: float, seed: int) -> LanguageDifference:
    scores = 100 * _score(ours), 100 * _score(theirs)
    right_or_wrong = ours.ndim == 2 and len(ours) == len(theirs) == 1 and bool(np.isin([ours, theirs], (0, 1)).all())
    test = mcnemar(ours[0] > 0, theirs[0] > 0) if right_or_wrong else None
    return LanguageDifference(
        language=language,
        n=ours.shape[1] if ours.ndim == 2 else int(ours[0, :, 2].sum()),
        first=round(scores[0], 4),
        second=round(scores[1], 4),
        difference=round(scores[1] - scores[0], 4),
        interval=_interval([ours], [theirs], level, seed),
        only_first=test.only_first if test else None,
        only_second=test.only_second if test else None,
        p=test.p if test else None,
    )
