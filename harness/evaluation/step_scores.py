"""Score the other checkpoints of a submission's training, which are a curve over its steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.errors import BadInput
from harness.evaluation.embeddings import Encoded
from harness.evaluation.own_encoder import EncodedByCode
from harness.evaluation.plan import Plan
from harness.evaluation.side_scores import SideScores
from harness.evaluation.target_plan import TargetPlan
from harness.models.encoding_choice import choose_encoding
from harness.records import (
    EvaluationRun,
    Signature,
    StepCurve,
    SteppedCheckpoint,
    StepScores,
    joined_runs,
)
from harness.store import STEP_CURVES

Point = tuple[int, int, str]  # seed, step, language


class TargetSteps(SideScores[StepCurve, int]):
    """The curve over steps of one target in progress."""

    def __init__(self, plan: TargetPlan, whole: Plan) -> None:
        """Load the points of an earlier run; raises BadInput where a step's texts are encoded otherwise."""
        self._files = whole.steps
        self._weights = {step: files.digest for step, files in whole.steps.items()}
        for (seed, step), files in whole.steps.items():
            chosen = choose_encoding(whole.run.submission.encoding, files, roles=plan.target.has_roles)
            if chosen != plan.encoding:
                raise BadInput(
                    f"step {step} of seed {seed} ({files.source}) is encoded otherwise than the seed itself",
                    cure="checkpoints of one training have one tokenizer, pooling and depth",
                )
        self._replaced: list[tuple[int, int]] = []
        super().__init__(STEP_CURVES, plan, whole.run)
        options = whole.run.options
        if self._replaced and not (options.stale or options.overwrite):
            names = ", ".join(f"step {step} of seed {seed}" for seed, step in self._replaced)
            raise BadInput(
                f"{STEP_CURVES.path(whole.run.folder, plan.target.name)} was measured on other weights of "
                f"{names} than are here now",
                cure=f"stiltboard evaluate {whole.run.slug} --steps --stale measures them again",
            )

    @property
    def signature(self) -> Signature:
        """Return the signature of the result."""
        return self.plan.signature

    def reusable(self, record: StepCurve) -> dict[tuple[int, int], Mapping[str, float]]:
        """Return the scores that this run's weights gave, or weights that are gone, by seed and step."""
        scores: dict[tuple[int, int], Mapping[str, float]] = {}
        for checkpoint in record.checkpoints:
            for scored in checkpoint.steps:
                step = (checkpoint.seed, scored.step)
                if step not in self.declared:
                    continue
                if self._weights.setdefault(step, scored.weights) == scored.weights:
                    scores[step] = scored.scores
                else:
                    self._replaced.append(step)
        return scores

    @property
    def declared(self) -> tuple[tuple[int, int], ...]:
        """Return seed and step of everything that the submission lists, in order."""
        return tuple(
            (checkpoint.seed, step)
            for checkpoint in self.run.submission.checkpoints
            for step in sorted(saved.step for saved in checkpoint.steps)
        )

    def unfinished(self, seed: int, step: int) -> list[str]:
        """Return the languages of this run without a score at a step."""
        if self.plan.seeds and seed not in self.plan.seeds:
            return []
        return [language for language in self.plan.examples if (seed, step, language) not in self.points]

    def measure(self, seed: int, step: int, language: str, encoded: Encoded | EncodedByCode) -> None:
        """Score one language at one step."""
        self.score(seed, step, language, self.plan.encoding.view, encoded)

    def record(self, points: Mapping[Point, float], runs: Sequence[EvaluationRun]) -> StepCurve:
        """Return points as a curve."""
        measured = {(seed, step) for seed, step, _ in points}
        steps = [step for step in self.declared if step in measured]
        return StepCurve(
            schema_=1,
            submission=self.run.slug,
            target=self.plan.target.name,
            signature=self.signature,
            metric=self.plan.target.metric,
            of=len(self.plan.target.languages),
            checkpoints=tuple(
                SteppedCheckpoint(
                    seed=seed, steps=tuple(self._step(points, seed, step) for of, step in steps if of == seed)
                )
                for seed in dict.fromkeys(seed for seed, _ in steps)
            ),
            data=self.data(points),
            runs=joined_runs(runs),
        )

    def _step(self, points: Mapping[Point, float], seed: int, step: int) -> StepScores:
        mean, scores = self.scores_at(points, seed, step)
        return StepScores(step=step, weights=self._weights[seed, step], score=mean, scores=scores)


def open_curves(targets: Sequence[TargetPlan], plan: Plan) -> tuple[TargetSteps, ...]:
    """Return one curve per target if the run's options request them and the submission lists steps."""
    return tuple(TargetSteps(target, plan) for target in targets) if plan.steps else ()
