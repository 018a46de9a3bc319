"""The record of a training → figures of its dev score, its probe and its losses by step; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import fmean

from harness.records import TrainedSeed, Training, TrainingPoint
from site_gen.figures.axes import Axis, points_axis, round_axis
from site_gen.figures.figure import Column, Curve, Figure, Line, Point, Table
from site_gen.figures.style import SERIES_MARKS, CurveMark
from site_gen.formatting import count, metric_name, points

# A curve's name → by step, (seed, value) of each seed.
_Series = Mapping[str, Mapping[int, Sequence[tuple[int, float]]]]
_HELD_OUT = "On held-out text of the training tasks, never on a target's test set."
_PROBE = (
    "The probe is the share of English texts whose translation is the nearest text in its language: the mean "
    "over the languages."
)
_LOSSES = (
    "The loss in training is the mean over the steps since the point before. A ranking compares the texts of "
    "a step in training, and all held-out texts on dev, so that the two differ in level."
)


def training_figures(record: Training) -> tuple[Figure, ...]:
    """Return the figures of scores and of losses by step; none where the training recorded no curve."""
    seeds = [seed for seed in record.seeds if len(seed.curve) > 1]
    if not seeds:
        return ()
    metrics = {task.task: metric_name(task.metric) for task in record.tasks}
    scores = _series(seeds, lambda point: _scores(point, metrics))
    losses = _series(seeds, _losses)
    captions = (f"{_HELD_OUT} {_PROBE}" if record.recipe.probe is not None else _HELD_OUT, _LOSSES)
    score_axis = points_axis("Score (points)", _values(scores))
    loss_axis = round_axis("Loss", [0.0, *_values(losses)])
    return (
        _figure("dev-score", "Dev score by step", scores, score_axis, captions[0]),
        _figure("loss", "Loss by step", losses, loss_axis, captions[1]),
    )


def _scores(point: TrainingPoint, metrics: Mapping[str, str]) -> dict[str, float]:
    scores = {f"{task}, {metrics[task]}": score for task, score in point.dev_score.items()}
    return scores | ({"probe, accuracy": fmean(point.probe.values())} if point.probe else {})


def _losses(point: TrainingPoint) -> dict[str, float]:
    losses = {f"{task}, dev": loss for task, loss in point.dev_loss.items()}
    return losses | ({"training": point.loss} if point.loss is not None else {})


def _series(
    seeds: Sequence[TrainedSeed], values_of: Callable[[TrainingPoint], Mapping[str, float]]
) -> _Series:
    series: dict[str, dict[int, list[tuple[int, float]]]] = {}
    for seed in seeds:
        for point in seed.curve:
            for name, value in values_of(point).items():
                series.setdefault(name, {}).setdefault(point.step, []).append((seed.seed, value))
    return series


def _values(series: _Series) -> list[float]:
    return [value for steps in series.values() for seeds in steps.values() for _, value in seeds]


def _figure(name: str, title: str, series: _Series, y: Axis, caption: str) -> Figure:
    last = max(step for steps in series.values() for step in steps)
    several = any(len(seeds) > 1 for steps in series.values() for seeds in steps.values())
    seeds = ("Large symbols are means of the seeds, small dots are the seeds.",) if several else ()
    return Figure(
        name=f"training-{name}",
        title=title,
        x=round_axis("Steps", [0.0, float(last)]),
        y=y,
        curves=tuple(
            Curve(label, mark, tuple(_points(label, steps)))
            for (label, steps), mark in zip(series.items(), _marks(len(series)), strict=True)
        ),
        caption=(caption, *seeds),
        table=_table(series),
    )


def _marks(curves: int) -> list[CurveMark]:
    return [SERIES_MARKS[number % len(SERIES_MARKS)] for number in range(curves)]


def _points(label: str, steps: Mapping[int, Sequence[tuple[int, float]]]) -> Iterator[Point]:
    for step, seeds in sorted(steps.items()):
        mean = fmean(value for _, value in seeds)
        yield Point(
            step, mean, (label, f"step {count(step)}", points(mean)), tuple(seeds) if len(seeds) > 1 else ()
        )


def _table(series: _Series) -> Table:
    columns = (
        Column("Step", number=True),
        Column("Curve", head=True),
        Column("Mean", number=True),
        Column("Seeds"),
    )
    lines = (
        Line(
            (
                count(step),
                label,
                points(fmean(value for _, value in seeds)),
                ", ".join(points(value) for _, value in seeds),
            )
        )
        for label, steps in series.items()
        for step, seeds in sorted(steps.items())
    )
    return Table(columns, tuple(lines))
