from __future__ import annotations

import re

import pytest

from harness.records import Training, TrainingPoint
from harness.store import load_training
from site_gen.figures.axes import round_axis
from site_gen.figures.chart import make_chart
from site_gen.figures.training_curve import training_figures
from site_gen.pages.submission_details import training_section
from tests.support.folders import ROOT


def record(*curves: list[TrainingPoint]) -> Training:
    """Return a real record of a training, its seeds with these curves."""
    training = load_training(ROOT / "submissions/me5-small-l4-nli-english")
    assert training is not None
    seeds = [
        seed.model_copy(update={"curve": tuple(curve)})
        for seed, curve in zip(training.seeds, curves, strict=False)
    ]
    return training.model_copy(update={"seeds": tuple(seeds)})


def point(step: int, loss: float | None, dev_loss: float, score: float, **probe: float) -> TrainingPoint:
    return TrainingPoint(
        step=step, loss=loss, dev_loss={"xnli_dev": dev_loss}, dev_score={"xnli_dev": score}, probe=probe
    )


def test_scores_probe_and_losses_are_curves_over_the_steps() -> None:
    first = [point(0, None, 1.1, 33, de=40, fr=60), point(70, 1.0, 0.9, 50, de=30, fr=40)]
    second = [point(0, None, 1.1, 35, de=40, fr=60), point(70, 0.8, 0.7, 54, de=50, fr=40)]
    scores, losses = training_figures(record(first, second))
    assert [(curve.label, [(one.x, one.y) for one in curve.points]) for curve in scores.curves] == [
        ("xnli_dev, accuracy", [(0, 34.0), (70, 52.0)]),
        ("probe, accuracy", [(0, 50.0), (70, 40.0)]),
    ]
    assert scores.curves[0].points[1].seeds == ((0, 50.0), (1, 54.0))
    assert [(curve.label, [(one.x, one.y) for one in curve.points]) for curve in losses.curves] == [
        ("xnli_dev, dev", [(0, pytest.approx(1.1)), (70, pytest.approx(0.8))]),
        ("training", [(70, pytest.approx(0.9))]),
    ]
    assert (scores.x.low, scores.x.high) == (pytest.approx(-1.4), pytest.approx(72.8))
    assert [line.cells for line in losses.table.lines] == [
        ("0", "xnli_dev, dev", "1.10", "1.10, 1.10"),
        ("70", "xnli_dev, dev", "0.80", "0.90, 0.70"),
        ("70", "training", "0.90", "1.00, 0.80"),
    ]


def test_a_training_without_a_curve_has_no_figure_and_one_with_it_shows_it_on_its_page() -> None:
    without = record([], [], [])
    assert training_figures(without) == ()
    assert "<figure" not in training_section(without, [])
    with_it = record([point(0, None, 1.1, 33), point(70, 1.0, 0.9, 50)])
    charts = [chart for figure in training_figures(with_it) if (chart := make_chart(figure))]
    page = training_section(with_it, charts)
    assert re.findall(r'<figure class="chart" id="([^"]+)"', page) == ["training-dev-score", "training-loss"]
    assert page.index("<figure") < page.rindex("</section>")


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([0, 64], ["0", "10", "20", "30", "40", "50", "60"]),
        ([0, 1.2], ["0", "0.2", "0.4", "0.6", "0.8", "1", "1.2"]),
        ([3, 3], ["3"]),
        ([0, 4000], ["0", "500", "1000", "1500", "2000", "2500", "3000", "3500", "4000"]),
    ],
)
def test_round_ticks(values: list[float], ticks: list[str]) -> None:
    assert [label for _, label in round_axis("", values).ticks] == ticks
