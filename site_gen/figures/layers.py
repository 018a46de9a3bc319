"""Layer sweeps → the figure of the score by layer; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from harness.records import SWEPT, AnyEncoding, Sweep, View, declared_view
from site_gen.board.whole import WholeCell
from site_gen.figures.axes import layers_axis, points_axis
from site_gen.figures.figure import Column, Curve, Figure, Line, Point, Table
from site_gen.figures.style import POOLING_MARKS, POOLING_NAMES
from site_gen.formatting import capital, listed, metric_name, points

# View → (seed, score) of each seed that has a score.
_Scores = Mapping[View, tuple[tuple[int, float], ...]]


def sweep_figure(cell: WholeCell, encoding: AnyEncoding) -> Figure | None:
    """Return the score by layer, one curve per pooling; None where no view has a score of every seed."""
    sweep = cell.sweep
    if sweep is None:
        return None
    scores = _scores(sweep)
    complete: _Scores = {
        view: seeds for view, seeds in scores.items() if len(seeds) == len(sweep.checkpoints)
    }
    if not complete:
        return None
    declared = {
        declared_view(encoding, checkpoint.layer, cell.result.signature)
        for checkpoint in cell.result.checkpoints
    }
    chosen = {view for view in declared if view is not None}
    metric = metric_name(cell.target.metric)
    return Figure(
        name=f"layers-{cell.target.name}",
        title=f"{cell.target.title}: score by layer",
        x=layers_axis("Layer (0 is the embeddings)", max(view.layer for view in scores)),
        y=points_axis(
            f"{capital(metric)} (points)", [score for seeds in complete.values() for _, score in seeds]
        ),
        curves=tuple(_curves(complete, chosen)),
        caption=tuple(_caption(cell, sweep, scores, chosen)),
        table=_table(complete, chosen),
    )


def _scores(sweep: Sweep) -> _Scores:
    views = sorted(
        {View(view.layer, view.pooling) for checkpoint in sweep.checkpoints for view in checkpoint.views}
    )
    by_view: dict[View, dict[int, float]] = {view: {} for view in views}
    for checkpoint in sweep.checkpoints:
        for view in checkpoint.views:
            if view.score is not None:
                by_view[View(view.layer, view.pooling)][checkpoint.seed] = view.score
    return {view: tuple(seeds.items()) for view, seeds in by_view.items()}


def _curves(complete: _Scores, chosen: set[View]) -> Iterator[Curve]:
    for pooling in SWEPT:
        if views := [view for view in complete if view.pooling is pooling]:
            marked = tuple(
                _point(view, complete[view], "declared by the submission") for view in views if view in chosen
            )
            before = [view.layer for view in views[:1]] + [view.layer for view in views]
            shown = tuple(
                replace(_point(view, complete[view]), after_gap=view.layer > last + 1)
                for view, last in zip(views, before, strict=False)
            )
            yield Curve(capital(POOLING_NAMES[pooling]), POOLING_MARKS[pooling], shown, marked=marked)


def _point(view: View, seeds: tuple[tuple[int, float], ...], *notes: str) -> Point:
    hover_text = (f"Layer {view.layer}, {POOLING_NAMES[view.pooling]}", f"{points(_mean(seeds))} points")
    means = (f"mean of {len(seeds)} seeds",) if len(seeds) > 1 else ()
    return Point(view.layer, _mean(seeds), (*hover_text, *means, *notes), seeds)


def _mean(seeds: tuple[tuple[int, float], ...]) -> float:
    return sum(score for _, score in seeds) / len(seeds)


def _caption(cell: WholeCell, sweep: Sweep, scores: _Scores, chosen: set[View]) -> Iterator[str]:
    if any(len(scores.get(view, ())) == len(sweep.checkpoints) for view in chosen):
        yield (
            "The ringed symbol is the layer and pooling that the submission declares: only its score counts, "
            "even if another is better."
        )
    else:
        yield "The layer and pooling that the submission declares have no score here."
    if len(sweep.checkpoints) > 1:
        yield f"Large symbols are means of {len(sweep.checkpoints)} seeds, small dots are the seeds."
    for pooling in SWEPT:
        missing = [
            view.layer
            for view, seeds in scores.items()
            if view.pooling is pooling and len(seeds) < len(sweep.checkpoints)
        ]
        if missing:
            layers = (
                f"layer {missing[0]}"
                if len(missing) == 1
                else f"layers {listed([str(layer) for layer in missing])}"
            )
            yield f"No point for {layers} with {POOLING_NAMES[pooling]}: a language was not measured."
    if _differs_from_result(cell, sweep):
        yield "The sweep differs from the score above in weights, text or protocol."


def _differs_from_result(cell: WholeCell, sweep: Sweep) -> bool:
    """Tell whether the sweep's weights, text or protocol differ from the result's."""
    result = cell.result
    weights = {checkpoint.seed: checkpoint.weights for checkpoint in result.checkpoints}
    return (
        any(
            weights.get(checkpoint.seed, checkpoint.weights) != checkpoint.weights
            for checkpoint in sweep.checkpoints
        )
        or any(result.data.get(language, digest) != digest for language, digest in sweep.data.items())
        or result.signature.of_all_views != sweep.signature
    )


def _table(complete: _Scores, chosen: set[View]) -> Table:
    columns = (
        Column("Layer", head=True),
        Column("Pooling"),
        Column("Score", number=True),
        Column("Seeds"),
        Column("Declared"),
    )
    lines = (
        Line(
            (
                str(view.layer),
                POOLING_NAMES[view.pooling],
                points(_mean(seeds)),
                ", ".join(points(score) for _, score in seeds),
                "declared" if view in chosen else "",
            )
        )
        for view, seeds in complete.items()
    )
    return Table(columns, tuple(lines))
