"""Score every layer of a checkpoint in both poolings, in addition to the declared view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.evaluation.embeddings import Encoded, every_view
from harness.evaluation.gone_weights import are_gone
from harness.evaluation.run import Run
from harness.evaluation.side_scores import SideScores
from harness.evaluation.target_plan import TargetPlan
from harness.models.checkpoint import CheckpointFiles
from harness.records import EvaluationRun, Signature, Sweep, SweptCheckpoint, View, ViewScores, joined_runs
from harness.store import SWEEPS

Point = tuple[int, View, str]  # seed, view, language


class TargetSweep(SideScores[Sweep, View]):
    """The sweep of one target in progress."""

    def __init__(self, plan: TargetPlan, run: Run) -> None:
        """Load the points of an earlier sweep; see `SideScores`."""
        super().__init__(SWEEPS, plan, run)

    @property
    def signature(self) -> Signature:
        """Return the signature of all views."""
        return self.plan.signature.of_all_views

    def reusable(self, record: Sweep) -> dict[tuple[int, View], Mapping[str, float]]:
        """Return the scores of a sweep that were measured on this run's weights, by seed and view."""
        return {
            (checkpoint.seed, View(scored.layer, scored.pooling)): scored.scores
            for checkpoint in record.checkpoints
            if (files := self.plan.checkpoints.get(checkpoint.seed)) is not None
            and files.digest == checkpoint.weights
            for scored in checkpoint.views
        }

    def unfinished(self, seed: int, files: CheckpointFiles) -> list[str]:
        """Return the languages of this run without a score in some view; none where the weights are gone."""
        if are_gone(files) or (self.plan.seeds and seed not in self.plan.seeds):
            return []
        views = every_view(files)
        return [
            language
            for language in self.plan.examples
            if any((seed, view, language) not in self.points for view in views)
        ]

    def measure(self, seed: int, language: str, view: View, encoded: Encoded) -> None:
        """Score one language in one view."""
        self.score(seed, view, language, view, encoded)

    def report_best_view(self) -> None:
        """Report the best view among those with a score."""
        views = [
            view
            for checkpoint in self.record(self.points, ()).checkpoints
            for view in checkpoint.views
            if view.score is not None
        ]
        if views:
            best = max(views, key=lambda view: view.score or 0.0)
            name, metric = self.plan.target.name, self.plan.target.metric
            self.run.reporter.report(
                f"{name}: best view h{best.layer}.{best.pooling.value} with {metric} {best.score:.2f}"
            )

    def record(self, points: Mapping[Point, float], runs: Sequence[EvaluationRun]) -> Sweep:
        """Return points as a sweep."""
        seeds = {seed for seed, _, _ in points}
        return Sweep(
            schema_=2,
            submission=self.run.slug,
            target=self.plan.target.name,
            signature=self.signature,
            metric=self.plan.target.metric,
            of=len(self.plan.target.languages),
            checkpoints=tuple(
                SweptCheckpoint(
                    seed=seed,
                    weights=files.digest,
                    views=tuple(self._view(points, seed, view) for view in every_view(files)),
                )
                for seed, files in self.plan.checkpoints.items()
                if seed in seeds
            ),
            data=self.data(points),
            runs=joined_runs(runs),
        )

    def _view(self, points: Mapping[Point, float], seed: int, view: View) -> ViewScores:
        mean, scores = self.scores_at(points, seed, view)
        return ViewScores(layer=view.layer, pooling=view.pooling, score=mean, scores=scores)


def open_sweeps(plans: Sequence[TargetPlan], run: Run) -> tuple[TargetSweep, ...]:
    """Return one sweep per target if the run's options request sweeps, else none."""
    return tuple(TargetSweep(plan, run) for plan in plans) if run.options.sweep else ()
