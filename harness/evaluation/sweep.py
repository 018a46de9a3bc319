"""Score every layer of a checkpoint in both poolings, in addition to the declared view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.errors import BadInput, Fault
from harness.evaluation.embeddings import Encoded, every_view
from harness.evaluation.gone_weights import are_gone
from harness.evaluation.resume import refuse_loss, refuse_mixed_measurement
from harness.evaluation.run import Run
from harness.evaluation.target_plan import TargetPlan
from harness.kinds.registry import EMBEDDED
from harness.models.checkpoint import CheckpointFiles
from harness.records import EvaluationRun, Signature, Sweep, SweptCheckpoint, View, ViewScores, joined_runs
from harness.store import load_sweep, results_lock, sweep_path, write_sweep

Point = tuple[int, View, str]  # seed, view, language


class TargetSweep:
    """The sweep of one target in progress; `points` holds headline scores, 0–100, by seed, view, language."""

    def __init__(self, plan: TargetPlan, run: Run) -> None:
        """Load the points of an earlier sweep of the same weights, text and encoding.

        Raises BadInput where the earlier sweep is damaged or was measured in another way, and this run would
        measure only a part of it again.
        """
        self.plan, self._run = plan, run
        self._fingerprints = dict(plan.fingerprints)
        self.points: dict[Point, float] = {}
        self._path = sweep_path(run.folder, plan.target.name)
        if run.options.limit or not self._path.is_file():
            return
        if run.options.untrusted:
            refuse_loss(self._path, lambda: tuple(load_sweep(self._path).data), plan)
            return
        try:
            sweep = load_sweep(self._path)
        except BadInput as reason:
            if missing := [language for language in plan.target.languages if language not in plan.examples]:
                message = (
                    f"{self._path} is damaged, and this run would measure only a part of it again, "
                    f"without {' '.join(missing)}"
                )
                raise BadInput([*reason.faults, Fault(message, cure="evaluate without -l")]) from reason
            run.reporter.report(f"{self._path} is measured again: {reason.faults[0].message}")
            return
        if not run.options.overwrite or any(language not in plan.examples for language in sweep.data):
            refuse_mixed_measurement(self._path, sweep, self._signature(), run)
            again = plan.examples if run.options.overwrite else ()
            self.points.update(
                {
                    point: value
                    for point, value in self._reusable_points(sweep).items()
                    if point[2] not in again
                }
            )

    def _reusable_points(self, sweep: Sweep) -> dict[Point, float]:
        """Return the points of a sweep that were measured on this run's weights and text."""
        points = {}
        for checkpoint in sweep.checkpoints:
            files = self.plan.checkpoints.get(checkpoint.seed)
            if files is None or files.digest != checkpoint.weights:
                continue
            for scored in checkpoint.views:
                for language, value in scored.scores.items():
                    if self._fingerprints.setdefault(language, sweep.data[language]) == sweep.data[language]:
                        points[checkpoint.seed, View(scored.layer, scored.pooling), language] = value
        return points

    def _signature(self) -> Signature:
        target = self.plan.target
        return target.signature.encoded(self.plan.encoding, roles=target.has_roles).of_all_views

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
        """Score one language in one view; there is no score where a text has no vector."""
        target, examples = self.plan.target, self.plan.examples[language]
        if encoded.why_not(view, examples) is None:
            fraction = EMBEDDED[target.kind].headline(target, examples, encoded.encode(view, examples))
            self.points[seed, view, language] = round(100 * fraction, 4)

    def write(self, description: EvaluationRun) -> None:
        """Merge the points so far into the file; a trial is not written.

        Points in the file that this run lacks are retained: another run may have written them in the
        meantime, or this run measures them again later.
        """
        if self._run.options.limit or not self.points:
            return
        with results_lock(self._run.folder):
            stored = self._stored()
            stored_points = (
                self._reusable_points(stored)
                if stored is not None and stored.signature == self._signature()
                else {}
            )
            runs = (*stored.runs, description) if stored is not None and stored_points else (description,)
            sweep = self._sweep(stored_points | self.points, runs)
            if stored is None or stored.model_copy(update={"runs": ()}) != sweep.model_copy(
                update={"runs": ()}
            ):
                write_sweep(self._run.folder, sweep)

    def _stored(self) -> Sweep | None:
        try:
            return load_sweep(self._path)
        except BadInput:  # absent or damaged: it is replaced
            return None

    def report_best_view(self) -> None:
        """Report the best view among those with a score."""
        views = [
            view
            for checkpoint in self._sweep(self.points, ()).checkpoints
            for view in checkpoint.views
            if view.score is not None
        ]
        if views:
            best = max(views, key=lambda view: view.score or 0.0)
            name, metric = self.plan.target.name, self.plan.target.metric
            self._run.reporter.report(
                f"{name}: best view h{best.layer}.{best.pooling.value} with {metric} {best.score:.2f}"
            )

    def _sweep(self, points: Mapping[Point, float], runs: Sequence[EvaluationRun]) -> Sweep:
        seeds = {seed for seed, _, _ in points}
        measured_languages = {language for _, _, language in points}
        return Sweep(
            schema_=2,
            submission=self._run.slug,
            target=self.plan.target.name,
            signature=self._signature(),
            metric=self.plan.target.metric,
            of=len(self.plan.target.languages),
            checkpoints=tuple(
                SweptCheckpoint(
                    seed=seed,
                    weights=files.digest,
                    views=tuple(self._scores(points, seed, view) for view in every_view(files)),
                )
                for seed, files in self.plan.checkpoints.items()
                if seed in seeds
            ),
            data={
                language: self._fingerprints[language]
                for language in self.plan.target.languages
                if language in measured_languages
            },
            runs=joined_runs(runs),
        )

    def _scores(self, points: Mapping[Point, float], seed: int, view: View) -> ViewScores:
        languages = self.plan.target.languages
        scores = {
            language: points[seed, view, language]
            for language in languages
            if (seed, view, language) in points
        }
        mean = round(sum(scores.values()) / len(scores), 4) if len(scores) == len(languages) else None
        return ViewScores(layer=view.layer, pooling=view.pooling, score=mean, scores=scores)


def open_sweeps(plans: Sequence[TargetPlan], run: Run) -> tuple[TargetSweep, ...]:
    """Return one sweep per target if the run's options request sweeps, else none."""
    return tuple(TargetSweep(plan, run) for plan in plans) if run.options.sweep else ()
