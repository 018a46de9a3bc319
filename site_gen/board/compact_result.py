"""The part of a result that the board needs, in a few arrays instead of thousands of records; pure.

It leaves out what only the submission's page and files show: secondary scores, language pairs, weight
digests.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.records import Parameters, Result, Signature

_NOTHING: Mapping[str, float] = {}


class CompactScore(NamedTuple):
    """One language of one seed: score and interval in points, n examples."""

    score: float
    interval: tuple[float, float]
    n: int
    secondary: Mapping[str, float] = _NOTHING
    quantities: Mapping[str, float] = _NOTHING
    pairs: Mapping[str, Mapping[str, float]] = {}


class CompactScores(Mapping[str, CompactScore]):
    """The measured languages of one seed; each score is created on access."""

    def __init__(self, language_index: Mapping[str, int], table: NDArray[np.float64]) -> None:
        """Take each language's row in `table` (languages, 4): score, interval, n; NaN if not measured."""
        self._language_index, self._table = language_index, table

    def __getitem__(self, language: str) -> CompactScore:
        score, low, high, n = self._table[self._language_index[language]].tolist()
        if np.isnan(score):
            raise KeyError(language)
        return CompactScore(score, (low, high), int(n))

    def __contains__(self, language: object) -> bool:
        row = self._language_index.get(language)  # type: ignore[call-overload]
        return row is not None and not np.isnan(self._table[row, 0])

    def __iter__(self) -> Iterator[str]:
        return (
            language for language, row in self._language_index.items() if not np.isnan(self._table[row, 0])
        )

    def mean(self, languages: Sequence[str]) -> float:
        """Return the mean score over languages that were all measured, added in their order."""
        scores = self._table[:, 0].tolist()
        return float(sum(scores[self._language_index[language]] for language in languages) / len(languages))

    def __len__(self) -> int:
        return int(np.count_nonzero(~np.isnan(self._table[:, 0])))


class CompactCheckpoint(NamedTuple):
    """One seed; `failed` has the failed languages, without the reasons."""

    seed: int
    parameters: Parameters
    scores: CompactScores
    failed: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class CompactResult:
    """One target of one submission. `table` is (seeds, languages, 4): score and interval in points, and n.

    `language_index` is the position of each language in the table. `stamp` is the digest of the whole result:
    results with equal stamps are equal.
    """

    target: str
    signature: Signature
    score: float | None
    interval: tuple[float, float] | None
    seeds: tuple[tuple[int, int, int], ...]  # (seed, all parameters, parameters outside the embeddings)
    failed: tuple[tuple[str, ...], ...]
    language_index: Mapping[str, int]
    table: NDArray[np.float64]
    texts: Mapping[str, str]
    data: Mapping[str, str]
    outcomes: str  # the digest of its outcomes
    measured_at: datetime | None  # when its newest part was measured, in UTC
    mixed: Mapping[str, Sequence[str]]  # what differs between its runs, with the values
    stamp: bytes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CompactResult) and self.stamp == other.stamp

    def __hash__(self) -> int:
        return hash(self.stamp)

    @property
    def complete(self) -> bool:
        """Tell whether the target has a score."""
        return self.score is not None

    @property
    def examples(self) -> int:
        """Return the number of examples of all languages, which every seed is scored on."""
        return int(np.nansum(self.table[0, :, 3])) if len(self.table) else 0

    @property
    def languages(self) -> tuple[str, ...]:
        """Return every language that was measured or failed, in the order of the file."""
        return tuple(self.language_index)

    @cached_property
    def checkpoints(self) -> tuple[CompactCheckpoint, ...]:
        """Return one record for each seed."""
        return tuple(
            CompactCheckpoint(
                seed,
                _parameters(total, body),
                CompactScores(self.language_index, table),
                dict.fromkeys(failed, ""),
            )
            for (seed, total, body), failed, table in zip(self.seeds, self.failed, self.table, strict=True)
        )

    @cached_property
    def means(self) -> NDArray[np.float64]:
        """Return the mean over seeds (languages,), NaN where a seed lacks the language."""
        # Added in the order of the seeds, as a `Result` adds.
        totals: NDArray[np.float64] = sum(self.table[:, :, 0], np.zeros(len(self.language_index)))
        return totals / len(self.table) if len(self.table) else np.full(len(self.language_index), np.nan)

    def has(self, languages: Iterable[str]) -> bool:
        """Tell whether every seed has a score in each of the result's languages, and these are among them."""
        return (
            bool(len(self.table))
            and not np.isnan(self.table[:, :, 0]).any()
            and self.language_index.keys() >= set(languages)
        )

    def has_sizes(self, sizes: Mapping[str, int]) -> bool:
        """Tell whether every seed was measured on exactly this many examples of each language."""
        columns = [self.language_index[language] for language in sizes]
        return bool((self.table[:, columns, 3] == np.array(list(sizes.values()))).all())

    def language_score(self, language: str) -> float | None:
        """Return the mean over seeds in points, or None where a seed lacks the language."""
        row = self.language_index.get(language)
        score = float("nan") if row is None else float(self.means[row])
        return None if np.isnan(score) else score


def compact(result: Result) -> CompactResult:
    """Return a result in compact form."""
    languages = dict.fromkeys((*result.languages, *result.data))
    language_index = {language: row for row, language in enumerate(languages)}
    table = np.full((len(result.checkpoints), len(language_index), 4), np.nan)
    for rows, checkpoint in zip(table, result.checkpoints, strict=True):
        for language, score in checkpoint.scores.items():
            rows[language_index[language]] = (score.score, *score.interval, score.n)
    return CompactResult(
        result.target,
        result.signature,
        result.score,
        result.interval,
        tuple(
            (checkpoint.seed, checkpoint.parameters.total, checkpoint.parameters.body)
            for checkpoint in result.checkpoints
        ),
        tuple(tuple(checkpoint.failed) for checkpoint in result.checkpoints),
        language_index,
        table,
        result.texts,
        result.data,
        result.outcomes.sha256,
        result.measured_at,
        result.mixed,
        hashlib.sha256(result.model_dump_json(by_alias=True).encode()).digest()[:16],
    )


@lru_cache(4096)
def _parameters(total: int, body: int) -> Parameters:
    """Return a size as one shared object: thousands of results have few distinct sizes."""
    return Parameters(total=total, body=body)
