"""One result by language, and by pair of languages; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.records import Result, Score, Target
from site_gen.board.compact_result import CompactResult

# Of the scores of a pair of languages, the one that stands in the table, and where a score keeps it for its
# own language.
PAIR_METRIC = "map"
_OWN_LANGUAGE = f"{PAIR_METRIC}_mono"


@dataclass(frozen=True)
class LanguageLine:
    """One language of one submission on one target, over its seeds; what is not the headline score is their mean."""

    code: str
    score: float | None
    seeds: tuple[tuple[int, float, tuple[float, float]], ...]  # (seed, score, interval)
    n: int | None
    secondary: Mapping[str, float]
    quantities: Mapping[str, float]
    failures: tuple[tuple[int, str], ...]  # (seed, reason)


@dataclass(frozen=True)
class PairLine:
    """One question language: its score against the sentences of each language, in points; None where there is none."""

    code: str
    values: tuple[float | None, ...]


def language_lines(target: Target, result: Result | CompactResult) -> tuple[LanguageLine, ...]:
    """Line up a result's languages in the order of the protocol."""
    return tuple(language_line(target, result, language) for language in target.languages)


def pair_lines(target: Target, result: Result) -> tuple[PairLine, ...]:
    """Line up question languages against the languages of the sentences; none where a result has no pairs."""
    languages = target.languages
    if not any(score.pairs for checkpoint in result.checkpoints for score in checkpoint.scores.values()):
        return ()
    return tuple(
        PairLine(asked, tuple(_pair(result, asked, other) for other in languages)) for asked in languages
    )


def language_line(target: Target, result: Result | CompactResult, language: str) -> LanguageLine:
    """Return what a result says of one language."""
    measured = [(c.seed, c.scores[language]) for c in result.checkpoints if language in c.scores]
    scores = [score for _, score in measured]
    return LanguageLine(
        language,
        result.language_score(language),
        tuple((seed, score.score, score.interval) for seed, score in measured),
        scores[0].n if scores else None,
        _means(target.secondary, [score.secondary for score in scores]),
        _means(target.quantities, [score.quantities for score in scores]),
        tuple((c.seed, c.failed[language]) for c in result.checkpoints if language in c.failed),
    )


def _means(names: tuple[str, ...], seeds: list[Mapping[str, float]]) -> Mapping[str, float]:
    """Average over seeds what every seed has."""
    return {
        name: sum(values[name] for values in seeds) / len(seeds)
        for name in names
        if seeds and all(name in values for values in seeds)
    }


def _pair(result: Result, asked: str, other: str) -> float | None:
    found = [
        _pair_score(c.scores[asked], asked, other) if asked in c.scores else None for c in result.checkpoints
    ]
    known = [value for value in found if value is not None]
    return sum(known) / len(known) if known and len(known) == len(found) else None


def _pair_score(score: Score, asked: str, other: str) -> float | None:
    return (
        score.secondary.get(_OWN_LANGUAGE) if asked == other else score.pairs.get(other, {}).get(PAIR_METRIC)
    )
