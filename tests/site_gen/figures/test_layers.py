from __future__ import annotations

from harness.records import (
    Pooling,
    SavedEncoding,
    Signature,
    Sweep,
    SweptCheckpoint,
    TextEncoding,
    ViewScores,
)
from site_gen.board.whole import WholeCell
from site_gen.figures.figure import Figure
from site_gen.figures.layers import sweep_figure
from tests.support.boards import ENCODING, PAIR, result

MEAN = {(layer, Pooling.MEAN): 10.0 * layer for layer in range(5)}


def swept(*seeds: dict[tuple[int, Pooling], float | None], **more: object) -> Sweep:
    made = result("toy", [{"de": 1.0, "fi": 2.0}])
    checkpoints = [
        SweptCheckpoint(
            seed=seed,
            weights=f"sha256:{'e' * 64}",
            views=tuple(
                ViewScores(
                    layer=layer,
                    pooling=pooling,
                    score=score,
                    scores={} if score is None else {"de": score, "fi": score},
                )
                for (layer, pooling), score in views.items()
            ),
        )
        for seed, views in enumerate(seeds)
    ]
    fields = {
        "schema": 2, "submission": "toy", "target": "pair", "signature": str(PAIR.signature.encoded(TextEncoding.stated(ENCODING, 0), roles=False).of_all_views), "metric": "accuracy",
        "of": 2, "checkpoints": tuple(checkpoints), "data": made.data,
    }  # fmt: skip
    return Sweep.model_validate(fields | more)


def figure(sweep: Sweep, signature: str = "") -> Figure | None:
    made = result("toy", [{"de": 20.0, "fi": 20.0}] * len(sweep.checkpoints))
    if not signature:
        return sweep_figure(WholeCell(PAIR, made, sweep), ENCODING)
    saved = made.model_copy(update={"signature": Signature.parse(signature)})
    return sweep_figure(WholeCell(PAIR, saved, sweep), SavedEncoding())


def test_what_the_folder_says_is_ringed_where_it_is_a_view_of_the_sweep() -> None:
    ringed = figure(swept(MEAN), "pair|acc|en→xx|cos|h2.mean|as saved|prefix=|len=64|v1")
    assert ringed is not None and [point.x for curve in ringed.curves for point in curve.marked] == [2]
    other = figure(swept(MEAN), "pair|acc|en→xx|cos|h2.mean>dense8|as saved|prefix=|len=64|v1")
    assert other is not None and not any(curve.marked for curve in other.curves)
    assert "The layer and pooling that the submission declares have no score here." in other.caption


def test_each_pooling_has_a_curve_and_the_declared_view_stands_out() -> None:
    found = figure(swept({**MEAN, (2, Pooling.CLS): 5.0}))
    assert found is not None
    assert [(curve.label, [(point.x, point.y) for point in curve.points]) for curve in found.curves] == [
        ("Mean pooling", [(0, 0.0), (1, 10.0), (2, 20.0), (3, 30.0), (4, 40.0)]),
        ("First token", [(2, 5.0)]),
    ]
    assert [[point.hover_text for point in curve.marked] for curve in found.curves] == [
        [("Layer 2, mean pooling", "20.00 points", "declared by the submission")],
        [],
    ]
    assert found.caption == (
        "The ringed symbol is the layer and pooling that the submission declares: only its score counts, even if another is better.",
    )
    assert [line.cells for line in found.table.lines][2:4] == [
        ("2", "first token", "5.00", "5.00", ""),
        ("2", "mean pooling", "20.00", "20.00", "declared"),
    ]


def test_seeds_are_averaged_and_a_view_that_one_lacks_has_no_point_and_parts_the_line() -> None:
    found = figure(
        swept(MEAN, {**{view: score + 2 for view, score in MEAN.items()}, (2, Pooling.MEAN): None})
    )
    assert found is not None
    (curve,) = found.curves
    assert [(point.x, point.y, point.after_gap) for point in curve.points] == [
        (0, 1.0, False), (1, 11.0, False), (3, 31.0, True), (4, 41.0, False),
    ]  # fmt: skip
    assert curve.points[0].seeds == ((0, 0.0), (1, 2.0))
    assert found.caption == (
        "The layer and pooling that the submission declares have no score here.",
        "Large symbols are means of 2 seeds, small dots are the seeds.",
        "No point for layer 2 with mean pooling: a language was not measured.",
    )


def test_a_sweep_of_another_measurement_says_so() -> None:
    apart = "The sweep differs from the score above in weights, text or protocol."
    other = f"sha256:{'0' * 64}"
    for sweep in (swept(MEAN, data={"de": other}), swept(MEAN, signature="pair|other|yy→xx|v1")):
        found = figure(sweep)
        assert found is not None
        assert found.caption[-1] == apart


def test_without_any_whole_view_there_is_no_figure() -> None:
    assert figure(swept(dict.fromkeys(MEAN))) is None
