"""What the board needs of a result, in a few arrays instead of thousands of records; pure.

What only the submission's own page and files show (secondary scores, pairs, fingerprints of weights) is not
in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
    """The measured languages of one seed, each made into a score when it is asked for."""

    def __init__(self, places: Mapping[str, int], table: NDArray[np.float64]) -> None:
        """Take where each language stands in the table (languages, 4): score, interval, n; NaN where it was not measured."""
        self._places, self._table = places, table

    def __getitem__(self, language: str) -> CompactScore:
        score, low, high, n = self._table[self._places[language]].tolist()
        if np.isnan(score):
            raise KeyError(language)
        return CompactScore(score, (low, high), int(n))

    def __contains__(self, language: object) -> bool:
        place = self._places.get(language)  # type: ignore[call-overload]
        return place is not None and not np.isnan(self._table[place, 0])

    def __iter__(self) -> Iterator[str]:
        return (language for language, place in self._places.items() if not np.isnan(self._table[place, 0]))

    def mean(self, languages: Sequence[str]) -> float:
        """Return the mean score over languages that were all measured, added in their order."""
        scores = self._table[:, 0].tolist()
        return float(sum(scores[self._places[language]] for language in languages) / len(languages))

    def __len__(self) -> int:
        return int(np.count_nonzero(~np.isnan(self._table[:, 0])))


class CompactCheckpoint(NamedTuple):
    """One seed; `failed` names languages without their reasons."""

    seed: int
    parameters: Parameters
    scores: CompactScores
    failed: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class CompactResult:
    """One target of one submission. `table` is (seeds, languages, 4): score and interval in points, and n.

    `places` are the languages' rows of the table. `stamp` is the digest of all that the result says: two of
    one stamp are the same.
    """

    target: str
    signature: Signature
    score: float | None
    interval: tuple[float, float] | None
    seeds: tuple[tuple[int, int, int], ...]  # (seed, parameters in total, outside the embeddings)
    failed: tuple[tuple[str, ...], ...]
    places: Mapping[str, int]
    table: NDArray[np.float64]
    texts: Mapping[str, str]
    data: Mapping[str, str]
    run: Mapping[str, str]
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
    def languages(self) -> tuple[str, ...]:
        """Return every language that was measured or failed, in the order of the file."""
        return tuple(self.places)

    @cached_property
    def checkpoints(self) -> tuple[CompactCheckpoint, ...]:
        """Return the seeds."""
        return tuple(
            CompactCheckpoint(
                seed, _parameters(total, body), CompactScores(self.places, table), dict.fromkeys(failed, "")
            )
            for (seed, total, body), failed, table in zip(self.seeds, self.failed, self.table, strict=True)
        )

    @cached_property
    def means(self) -> NDArray[np.float64]:
        """Return the mean over seeds (languages,), NaN where a seed lacks the language."""
        found: NDArray[np.float64] = sum(
            self.table[:, :, 0], np.zeros(len(self.places))
        )  # in the order of the seeds, as a `Result` adds
        return found / len(self.table) if len(self.table) else np.full(len(self.places), np.nan)

    def has(self, languages: Iterable[str]) -> bool:
        """Tell whether nothing is missing in its file, and these languages are all there."""
        return (
            bool(len(self.table))
            and not np.isnan(self.table[:, :, 0]).any()
            and self.places.keys() >= set(languages)
        )

    def rests_on(self, sizes: Mapping[str, int]) -> bool:
        """Tell whether every seed was measured on so many examples of these languages."""
        at = [self.places[language] for language in sizes]
        return bool((self.table[:, at, 3] == np.array(list(sizes.values()))).all())

    def language_score(self, language: str) -> float | None:
        """Return the mean over seeds in points, or None where a seed lacks the language."""
        place = self.places.get(language)
        score = float("nan") if place is None else float(self.means[place])
        return None if np.isnan(score) else score


def compact(result: Result) -> CompactResult:
    """Return what the board needs of a result."""
    languages = dict.fromkeys((*result.languages, *result.data))
    places = {language: place for place, language in enumerate(languages)}
    table = np.full((len(result.checkpoints), len(places), 4), np.nan)
    for rows, checkpoint in zip(table, result.checkpoints, strict=True):
        for language, score in checkpoint.scores.items():
            rows[places[language]] = (score.score, *score.interval, score.n)
    date = result.run.get("date")
    return CompactResult(
        result.target,
        result.signature,
        result.score,
        result.interval,
        tuple((each.seed, each.parameters.total, each.parameters.body) for each in result.checkpoints),
        tuple(tuple(each.failed) for each in result.checkpoints),
        places,
        table,
        result.texts,
        result.data,
        {"date": date} if isinstance(date, str) and len(date) <= 40 else {},
        hashlib.sha256(result.model_dump_json(by_alias=True).encode()).digest()[:16],
    )


@lru_cache(4096)
def _parameters(total: int, body: int) -> Parameters:
    """Return a size; few sizes stand on thousands of results."""
    return Parameters(total=total, body=body)
