"""Results that a person names → one figure of them by size, step or language; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from harness.catalog import target_of
from harness.errors import BadInput
from harness.records import Result, StepCurve, Submission
from site_gen.board.recipe import recipe
from site_gen.figures.axes import Axis, log_axis, points_axis, round_axis
from site_gen.figures.figure import Column, Curve, Figure, Line, Point, Table
from site_gen.figures.style import SERIES_MARKS
from site_gen.formatting import capital, compact, count, language_name, listed, metric_name, points

Across = Literal["size", "step", "language"]
# Codes of languages next to each other on an axis that can still be read.
_MOST_LANGUAGES = 40


@dataclass(frozen=True)
class Chosen:
    """A result, the submission that it is of, where there is a submission.yaml, and its curve over steps."""

    result: Result
    submission: Submission | None = None
    curve: StepCurve | None = None

    @property
    def step(self) -> int | None:
        """Return the step of the training at which its checkpoint was saved."""
        return self.submission.checkpoints[0].step if self.submission is not None else None

    @property
    def run(self) -> str:
        """Return the name of the training that a checkpoint is of."""
        assert self.submission is not None
        return self.submission.checkpoints[0].run.rpartition("/")[2]

    @property
    def parameters(self) -> int:
        """Return the parameters outside the embeddings, 0 where they are not known."""
        return self.result.checkpoints[0].parameters.body

    def seeds(self, languages: Sequence[str]) -> tuple[tuple[int, float], ...]:
        """Return each seed with its mean over languages."""
        return tuple(
            (checkpoint.seed, fmean(checkpoint.scores[language].score for language in languages))
            for checkpoint in self.result.checkpoints
        )


def step_figure(curve: StepCurve, result: Result, submission: Submission) -> Figure | None:
    """Return the curve over the steps of a submission's training; None where its steps share no language."""
    chosen = Chosen(result, submission, curve)
    return selection_figure([chosen], "step") if _languages_of(chosen, "step") else None


def selection_figure(chosen: Sequence[Chosen], across: Across, languages: Sequence[str] = ()) -> Figure:
    """Return the figure of some results on one target; `languages` are those that are shown, empty for all.

    A point by size or step is the mean over the languages that all results have. Raises BadInput where that
    is none, where a result has no size or step, or where there are more curves than are told apart.
    """
    shared = _shared_languages(chosen, across, languages)
    groups, x = {"size": _by_size, "step": _by_step, "language": _by_language}[across](chosen, shared)
    if len(groups) > len(SERIES_MARKS):
        raise BadInput(
            f"{len(groups)} curves, of which {len(SERIES_MARKS)} can be told apart", cure="name fewer of them"
        )
    counting = _counting(chosen, shared) if across == "step" else ()
    curves = tuple(
        Curve(
            label,
            mark,
            tuple(found),
            joined=across != "language" and len(found) > 1,
            marked=tuple(point for point in found if point in counting),
        )
        for (label, found), mark in zip(groups.items(), SERIES_MARKS, strict=False)
    )
    target = target_of(chosen[0].result)
    metric = metric_name(target.metric)
    shown = [point for curve in curves for point in curve.points]
    bounds = [point.y for point in shown] + [score for point in shown for _, score in point.seeds]
    bounds += [bound for point in shown if point.interval is not None for bound in point.interval]
    by = {"size": "model size", "step": "training step", "language": "language"}[across]
    return Figure(
        name=f"{across}-{target.name}",
        title=f"{target.title}: {metric} by {by}",
        x=x,
        y=points_axis(f"{capital(metric)} (points)", bounds),
        curves=curves,
        caption=tuple(_caption(chosen, across, shared)),
        table=_table(curves, x.title.partition(" (")[0]),
    )


def _languages_of(one: Chosen, across: Across) -> set[str]:
    """Return the languages that every seed of a result has, and, by step, every point of its curve."""
    scores = [checkpoint.scores.keys() for checkpoint in one.result.checkpoints]
    if one.curve is not None and across == "step":
        scores += [step.scores.keys() for seed in one.curve.checkpoints for step in seed.steps]
    return set[str]().union(*scores[:1]).intersection(*scores)


def _shared_languages(chosen: Sequence[Chosen], across: Across, requested: Sequence[str]) -> list[str]:
    """Return the languages that all results have, of those requested, in the order of the target."""
    target = target_of(chosen[0].result)
    shared = set.intersection(*(_languages_of(one, across) for one in chosen))
    if lacking := [language for language in requested if language not in shared]:
        raise BadInput(
            f"not all of these results have {target.name} in {listed(lacking)}",
            cure="leave out what lacks it, or the language",
        )
    languages = [language for language in target.languages if language in (requested or shared)]
    if not languages:
        raise BadInput(
            f"no language of {target.name} is measured in all of these results", cure="plot fewer of them"
        )
    return languages


Groups = dict[str, list[Point]]


def _by_size(chosen: Sequence[Chosen], languages: Sequence[str]) -> tuple[Groups, Axis]:
    """Return a curve for each family under one regime and recipe, and the axis of sizes."""
    groups: Groups = {}
    for one in sorted(chosen, key=lambda one: one.parameters):
        if not one.parameters:
            raise BadInput(
                f"the size of {one.result.submission} is not known", cure="--x language, or leave it out"
            )
        size = f"{compact(one.parameters)} parameters outside the embeddings"
        groups.setdefault(_kind(one), []).append(_mean(one, one.parameters, languages, size))
    sizes = [point.x for group in groups.values() for point in group]
    return groups, log_axis("Parameters outside the embeddings (log scale)", sizes)


def _kind(one: Chosen) -> str:
    """Return what the points of one curve share, as on the site: family, regime and recipe."""
    if one.submission is None:
        return one.result.submission
    name = recipe(one.submission)
    regime = one.submission.intermediate.regime.value
    return f"{one.submission.family}, regime {regime}{f' ({name})' if name else ''}"


def _by_step(chosen: Sequence[Chosen], languages: Sequence[str]) -> tuple[Groups, Axis]:
    """Return a curve for each training, and the axis of its steps."""
    groups: Groups = {}
    for one in sorted(chosen, key=lambda one: one.step or 0):
        if one.curve is not None:
            groups[one.result.submission] = sorted(_curve_points(one, languages), key=lambda point: point.x)
            continue
        if one.step is None:
            raise BadInput(
                f"{one.result.submission} is no checkpoint of a training whose step is known",
                cure="leave it out, or draw by another measure: stiltboard plot --x size",
            )
        point = _mean(one, one.step, languages, f"step {count(one.step)}")
        groups.setdefault(one.run, []).append(point)
    steps = [point.x for group in groups.values() for point in group]
    axis = round_axis("Training step", [0.0, *steps])
    ticks = tuple((value, count(round(value))) for value, _ in axis.ticks if value == round(value))
    return groups, Axis(axis.title, axis.low, axis.high, ticks)


def _curve_points(one: Chosen, languages: Sequence[str]) -> Iterator[Point]:
    """Yield a point for each step of a submission's training, and that of its checkpoint if it is stated."""
    assert one.curve is not None
    yield from _counting([one], languages)
    for step in one.curve.steps:
        seeds = tuple(
            (seed, fmean(scored.scores[language] for language in languages))
            for seed, scored in one.curve.at(step).items()
        )
        score = fmean(value for _, value in seeds)
        text = (one.result.submission, f"step {count(step)}", f"{points(score)} points")
        yield Point(step, score, text, seeds if len(seeds) > 1 else ())


def _counting(chosen: Sequence[Chosen], languages: Sequence[str]) -> tuple[Point, ...]:
    """Return the points of checkpoints whose score counts, of submissions with a curve over steps."""
    return tuple(
        _mean(one, one.step, languages, f"step {count(one.step)}, whose score counts")
        for one in chosen
        if one.curve is not None and one.step is not None
    )


def _mean(one: Chosen, x: float, languages: Sequence[str], where: str) -> Point:
    seeds = one.seeds(languages)
    score = fmean(value for _, value in seeds)
    whole = len(languages) == one.result.of
    text = (one.result.submission, where, f"{points(score)} points")
    interval = one.result.interval if whole and len(seeds) == 1 else None
    return Point(x, score, text, seeds if len(seeds) > 1 else (), interval=interval)


def _by_language(chosen: Sequence[Chosen], languages: Sequence[str]) -> tuple[Groups, Axis]:
    """Return the symbols of each submission, and the axis of languages, best first."""
    if len(languages) > _MOST_LANGUAGES:
        raise BadInput(
            f"{len(languages)} languages do not fit next to each other, the most is {_MOST_LANGUAGES}",
            cure="name fewer with -l",
        )
    scores = {language: [one.seeds([language]) for one in chosen] for language in languages}
    order = sorted(languages, key=lambda code: -fmean(value for seeds in scores[code] for _, value in seeds))
    groups: Groups = {}
    for number, one in enumerate(chosen):
        for place, language in enumerate(order):
            seeds = scores[language][number]
            score = fmean(value for _, value in seeds)
            interval = one.result.checkpoints[0].scores[language].interval if len(seeds) == 1 else None
            text = (one.result.submission, language_name(language), f"{points(score)} points")
            groups.setdefault(one.result.submission, []).append(
                Point(place, score, text, seeds if len(seeds) > 1 else (), interval=interval)
            )
    ticks = tuple((float(place), language) for place, language in enumerate(order))
    return groups, Axis("Language", -0.5, len(order) - 0.5, ticks)


def _caption(chosen: Sequence[Chosen], across: Across, languages: Sequence[str]) -> Iterator[str]:
    of = chosen[0].result.of
    if across != "language" and len(languages) < of:
        names = f": {', '.join(languages)}" if len(languages) <= 12 else ""
        yield f"Mean of {len(languages)} of {of} languages, not the target's score{names}."
    if across == "step" and _counting(chosen, languages):
        yield "The ringed symbol is the checkpoint whose score counts; the others are of the same training."
    elif across == "step" and any(one.curve is not None for one in chosen):
        yield "At which step the checkpoint was saved whose score counts is not stated."
    if any(len(one.result.checkpoints) > 1 for one in chosen):
        yield "Large symbols are means of the seeds, small dots are the seeds."
    if any(len(one.result.checkpoints) == 1 for one in chosen) and (
        across == "language" or len(languages) == of
    ):
        yield "Whiskers are intervals at 95\u00a0% over the examples."
    signatures = list(dict.fromkeys(str(one.result.signature) for one in chosen))
    yield f"{listed(signatures)}." if len(signatures) <= 3 else "The results differ in how texts are encoded."


def _table(curves: Iterable[Curve], x: str) -> Table:
    columns = (
        Column("Curve"), Column("Result", head=True), Column(x), Column("Score", number=True),
        Column("Seeds"),
    )  # fmt: skip
    return Table(
        columns,
        tuple(
            Line(
                (
                    curve.label,
                    *point.hover_text[:2],
                    points(point.y),
                    ", ".join(points(seed) for _, seed in point.seeds),
                )
            )
            for curve in curves
            for point in curve.points
        ),
    )
