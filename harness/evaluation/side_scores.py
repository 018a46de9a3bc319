"""The points of a curve next to a target's result in progress, merged with those that are on disk."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

from harness.errors import BadInput, Fault
from harness.evaluation.embeddings import Encoded
from harness.evaluation.own_encoder import EncodedByCode
from harness.evaluation.resume import refuse_loss, refuse_mixed_measurement
from harness.evaluation.run import Run
from harness.evaluation.target_plan import TargetPlan
from harness.kinds.registry import EMBEDDED
from harness.records import EvaluationRun, Signature, StepCurve, Sweep, View
from harness.store import results_lock
from harness.store.side_files import SideFile

_SideRecord = TypeVar("_SideRecord", bound=Sweep | StepCurve)
_Place = TypeVar("_Place", bound=View | int)


class SideScores(ABC, Generic[_SideRecord, _Place]):
    """The curve of one target; `points` holds headline scores, 0–100, by seed, place on it and language."""

    def __init__(self, kind: SideFile[_SideRecord], plan: TargetPlan, run: Run) -> None:
        """Load the points of an earlier run on the same weights, text and encoding.

        Raises BadInput where the file is damaged or was measured in another way, and this run would measure
        only a part of it again.
        """
        self.plan, self.run, self._kind = plan, run, kind
        self.fingerprints = dict(plan.fingerprints)
        self.points: dict[tuple[int, _Place, str], float] = {}
        self._path = kind.path(run.folder, plan.target.name)
        if run.options.limit or not self._path.is_file():
            return
        if run.options.untrusted:
            refuse_loss(self._path, lambda: tuple(kind.load(self._path).data), plan)
            return
        try:
            stored = kind.load(self._path)
        except BadInput as reason:
            if missing := [language for language in plan.target.languages if language not in plan.examples]:
                message = (
                    f"{self._path} is damaged, and this run would measure only a part of it again, "
                    f"without {' '.join(missing)}"
                )
                raise BadInput([*reason.faults, Fault(message, cure="evaluate without -l")]) from reason
            run.reporter.report(f"{self._path} is measured again: {reason.faults[0].message}")
            return
        if not run.options.overwrite or any(language not in plan.examples for language in stored.data):
            refuse_mixed_measurement(self._path, stored, self.signature, run)
            again = plan.examples if run.options.overwrite else ()
            self.points.update(
                {
                    point: value
                    for point, value in self._reusable_points(stored).items()
                    if point[2] not in again
                }
            )

    @property
    @abstractmethod
    def signature(self) -> Signature:
        """Return the signature of the record."""

    @abstractmethod
    def reusable(self, record: _SideRecord) -> Mapping[tuple[int, _Place], Mapping[str, float]]:
        """Return the scores of a record that were measured on this run's weights, by seed and place."""

    @abstractmethod
    def record(
        self, points: Mapping[tuple[int, _Place, str], float], runs: Sequence[EvaluationRun]
    ) -> _SideRecord:
        """Return points as a record."""

    def _reusable_points(self, record: _SideRecord) -> dict[tuple[int, _Place, str], float]:
        """Return the points of a record that were measured on this run's weights and text."""
        return {
            (seed, place, language): value
            for (seed, place), scores in self.reusable(record).items()
            for language, value in scores.items()
            if self.fingerprints.setdefault(language, record.data[language]) == record.data[language]
        }

    def score(
        self, seed: int, place: _Place, language: str, view: View, encoded: Encoded | EncodedByCode
    ) -> None:
        """Score one language in one view of the encoded texts; no score where a text has no vector."""
        target, examples = self.plan.target, self.plan.examples[language]
        if encoded.why_not(view, examples) is None:
            fraction = EMBEDDED[target.kind].headline(target, examples, encoded.encode(view, examples))
            self.points[seed, place, language] = round(100 * fraction, 4)

    def scores_at(
        self, points: Mapping[tuple[int, _Place, str], float], seed: int, place: _Place
    ) -> tuple[float | None, dict[str, float]]:
        """Return the mean of a place, None unless all languages are there, and its scores by language."""
        languages = self.plan.target.languages
        scores = {
            language: points[seed, place, language]
            for language in languages
            if (seed, place, language) in points
        }
        mean = round(sum(scores.values()) / len(scores), 4) if len(scores) == len(languages) else None
        return mean, scores

    def data(self, points: Mapping[tuple[int, _Place, str], float]) -> dict[str, str]:
        """Return the fingerprint of each language's text that was measured, in the target's order."""
        measured = {language for _, _, language in points}
        return {
            language: self.fingerprints[language]
            for language in self.plan.target.languages
            if language in measured
        }

    def write(self, description: EvaluationRun) -> None:
        """Merge the points so far into the file; a trial is not written.

        Points in the file that this run lacks are retained: another run may have written them in the
        meantime, or this run measures them again later.
        """
        if self.run.options.limit or not self.points:
            return
        with results_lock(self.run.folder):
            stored = self._stored()
            stored_points = (
                self._reusable_points(stored)
                if stored is not None and stored.signature == self.signature
                else {}
            )
            runs = (*stored.runs, description) if stored is not None and stored_points else (description,)
            record = self.record(stored_points | self.points, runs)
            if stored is None or stored.model_copy(update={"runs": ()}) != record.model_copy(
                update={"runs": ()}
            ):
                self._kind.write(self.run.folder, record)

    def _stored(self) -> _SideRecord | None:
        try:
            return self._kind.load(self._path)
        except BadInput:  # absent or damaged: it is replaced
            return None
