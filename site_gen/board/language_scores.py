"""The scores of one result by language and by pair of languages; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.records import Result, Score, Target
from site_gen.board.compact_result import CompactResult

# The metric of the table of language pairs, and the secondary metric that holds it for questions and
# candidates in the same language.
PAIR_METRIC = "map"
_MONOLINGUAL_METRIC = f"{PAIR_METRIC}_mono"


@dataclass(frozen=True)
class LanguageLine:
    """One language of one submission on one target; secondary metrics and quantities are means over seeds."""

    code: str
    score: float | None
    seeds: tuple[tuple[int, float, tuple[float, float]], ...]  # (seed, score, interval)
    n: int | None
    secondary: Mapping[str, float]
    quantities: Mapping[str, float]
    failures: tuple[tuple[int, str], ...]  # (seed, reason)


@dataclass(frozen=True)
class PairLine:
    """One question language: its score (points) against each candidate language; None where not measured."""

    code: str
    values: tuple[float | None, ...]


def language_lines(target: Target, result: Result | CompactResult) -> tuple[LanguageLine, ...]:
    """Return one line for each language, in the order of the protocol."""
    return tuple(language_line(target, result, language) for language in target.languages)


def pair_lines(target: Target, result: Result) -> tuple[PairLine, ...]:
    """Return one line for each question language; empty where a result has no language pairs."""
    languages = target.languages
    if not any(score.pairs for checkpoint in result.checkpoints for score in checkpoint.scores.values()):
        return ()
    return tuple(
        PairLine(question, tuple(_pair(result, question, candidate) for candidate in languages))
        for question in languages
    )


def language_line(target: Target, result: Result | CompactResult, language: str) -> LanguageLine:
    """Return the scores and failures of one language."""
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
    """Average over seeds the values that every seed has."""
    return {
        name: sum(values[name] for values in seeds) / len(seeds)
        for name in names
        if seeds and all(name in values for values in seeds)
    }


def _pair(result: Result, question: str, candidate: str) -> float | None:
    scores = [
        _pair_score(c.scores[question], question, candidate) if question in c.scores else None
        for c in result.checkpoints
    ]
    known = [value for value in scores if value is not None]
    return sum(known) / len(known) if known and len(known) == len(scores) else None


def _pair_score(score: Score, question: str, candidate: str) -> float | None:
    return (
        score.secondary.get(_MONOLINGUAL_METRIC)
        if question == candidate
        else score.pairs.get(candidate, {}).get(PAIR_METRIC)
    )
