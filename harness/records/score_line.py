"""What `evaluate --json` prints: one line a model and target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from harness.records.record import Record
from harness.records.result import Result
from harness.records.scalars import Language
from harness.records.signature import PrintedSignature
from harness.records.step_curve import StepCurve
from harness.records.submission import Submission


class LanguageScore(Record):
    """One language: the mean over seeds in points, and each seed's score and 95 % interval.

    `secondary` holds the means over seeds of the further scores in points.
    """

    score: float
    n: int
    seeds: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    secondary: Mapping[str, float] = {}


class ScoreLine(Record):
    """The scores of one model on one target, in points.

    `score` and `interval` are None unless all of the target's languages were measured; `mean` is the mean
    over those that were, and `secondary` holds the means of the further scores. `trial` is the number of
    examples a language that a trial was limited to: its scores are no result, and `file` is None. Of a
    checkpoint within a training, `step` is its step, and `run` what it shares with the others.
    """

    schema_: Annotated[Literal[1], Field(alias="schema")] = 1
    model: str
    target: str
    metric: str
    signature: PrintedSignature
    score: float | None
    interval: tuple[float, float] | None
    mean: float | None
    secondary: Mapping[str, float]
    measured: int
    of: int
    languages: Mapping[Language, LanguageScore]
    failed: Mapping[Language, str]
    trial: int | None = None
    file: str | None = None
    run: str | None = None
    step: int | None = None

    @classmethod
    def of_result(
        cls,
        result: Result,
        submission: Submission | None = None,
        *,
        trial: int | None = None,
        file: str | None = None,
    ) -> ScoreLine:
        """Return the line of a result; its languages are those that every seed has.

        `submission` is the one that was evaluated, where it is known.
        """
        checkpoint = submission.checkpoints[0] if submission is not None else None
        step = checkpoint.step if checkpoint is not None else None
        measured = {
            language: _language_score(result, language)
            for language in result.languages
            if result.checkpoints and all(language in seed.scores for seed in result.checkpoints)
        }
        names = dict.fromkeys(name for score in measured.values() for name in score.secondary)
        secondary = {
            name: _mean([score.secondary[name] for score in measured.values()])
            for name in names
            if all(name in score.secondary for score in measured.values())
        }
        return cls(
            model=result.submission,
            target=result.target,
            metric=result.metric,
            signature=result.signature,
            score=result.score,
            interval=result.interval,
            mean=result.score if result.complete else _mean_of(measured),
            secondary=secondary,
            measured=result.measured,
            of=result.of,
            languages=measured,
            failed={
                language: reason
                for checkpoint in result.checkpoints
                for language, reason in checkpoint.failed.items()
            },
            trial=trial,
            file=file,
            run=checkpoint.run if checkpoint is not None and step is not None else None,
            step=step,
        )


def lines_of_steps(curve: StepCurve, result: Result, file: str | None = None) -> list[ScoreLine]:
    """Return a line for each step of a curve, which has the name of its submission as its run.

    The curve is on the texts of the result, whose numbers of examples it has. `file` is the curve's.
    """
    sizes = {
        language: score.n
        for checkpoint in result.checkpoints
        for language, score in checkpoint.scores.items()
    }
    return [_step_line(curve, step, sizes, file) for step in curve.steps]


def _step_line(curve: StepCurve, step: int, sizes: Mapping[str, int], file: str | None) -> ScoreLine:
    """Return the line of one step; its languages are those that every seed has there."""
    seeds = curve.at(step)
    first, *others = seeds.values()
    languages = {
        language: LanguageScore(
            score=_mean([scored.scores[language] for scored in seeds.values()]),
            n=sizes[language],
            seeds={str(seed): scored.scores[language] for seed, scored in seeds.items()},
            intervals={},
        )
        for language in first.scores
        if language in sizes and all(language in other.scores for other in others)
    }
    scores = [scored.score for scored in seeds.values() if scored.score is not None]
    score = _mean(scores) if len(scores) == len(seeds) else None
    return ScoreLine(
        model=curve.submission,
        target=curve.target,
        metric=curve.metric,
        signature=curve.signature,
        score=score,
        interval=None,
        mean=score if score is not None else _mean_of(languages),
        secondary={},
        measured=len(languages),
        of=curve.of,
        languages=languages,
        failed={},
        file=file,
        run=curve.submission,
        step=step,
    )


def _language_score(result: Result, language: str) -> LanguageScore:
    by_seed = {str(checkpoint.seed): checkpoint.scores[language] for checkpoint in result.checkpoints}
    scores = list(by_seed.values())
    shared = [name for name in scores[0].secondary if all(name in score.secondary for score in scores)]
    return LanguageScore(
        score=_mean([score.score for score in scores]),
        n=scores[0].n,
        seeds={seed: score.score for seed, score in by_seed.items()},
        intervals={seed: score.interval for seed, score in by_seed.items()},
        secondary={name: _mean([score.secondary[name] for score in scores]) for name in shared},
    )


def _mean_of(languages: Mapping[str, LanguageScore]) -> float | None:
    return _mean([score.score for score in languages.values()]) if languages else None


def _mean(values: list[float]) -> float:
    return round(sum(values) / len(values), 4)
