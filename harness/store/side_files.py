"""Read and write records next to a target's result, whose scores are points of a curve, without outcomes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Literal, Protocol, TypeVar

from harness.catalog import is_known, target_of
from harness.characters import shown
from harness.errors import Fault, Where
from harness.records import StepCurve, Sweep
from harness.store.consistency import Inconsistency
from harness.store.file_tree import RESULTS_FOLDER, FileTree
from harness.store.files import located, no_link, plain, read_file, replace_file, typed
from harness.store.result_consistency import curve_findings, sweep_findings
from harness.store.results import RESULT_EVENTS, RESULT_LIMIT, STEPS_SUFFIX, SWEEP_SUFFIX, results_lock
from harness.store.yaml.parser import dump, parse, refuse
from harness.store.yaml.positions import Path as KeyPath

_SideRecord = TypeVar("_SideRecord", bound=Sweep | StepCurve)
_TOLERANCE = 0.01  # points; a score is written with four decimals, and so is each of its parts


class _Scored(Protocol):
    """A point of a curve: the scores of languages, and their mean where all are there."""

    @property
    def score(self) -> float | None: ...
    @property
    def scores(self) -> Mapping[str, float]: ...


@dataclass(frozen=True)
class SideFile(Generic[_SideRecord]):
    """A kind of record that is kept at <slug>/results/<target><suffix>; `option` of `evaluate` writes it."""

    record: type[_SideRecord]
    axis: Literal["layers", "steps"]
    suffix: str
    option: str
    findings: Callable[[_SideRecord], Iterator[Inconsistency]]
    points: Callable[[_SideRecord], Iterable[tuple[KeyPath, _Scored]]]

    @property
    def _cure(self) -> str:
        return f"only the harness writes this file; run stiltboard evaluate with {self.option}"

    def name(self, target: str) -> str:
        """Return the file's name in a submission's folder."""
        return f"{RESULTS_FOLDER}/{target}{self.suffix}"

    def path(self, folder: Path, target: str) -> Path:
        """Return the path of a target's record in a submission's folder."""
        return folder / self.name(target)

    def load(self, path: Path) -> _SideRecord:
        """Read and check a file, which must name the slug and the target of its path."""
        data = read_file(path, RESULT_LIMIT, f"stiltboard evaluate {self.option} writes it")
        slug = path.absolute().parent.parent.name
        return self.parse(data, str(path), slug, path.name.removesuffix(self.suffix))

    def read(self, tree: FileTree, target: str) -> _SideRecord:
        """Read and check a target's record of a submission's folder, on disk or in git."""
        name = self.name(target)
        data = tree.read(name, RESULT_LIMIT, f"stiltboard evaluate {self.option} writes it")
        return self.parse(data, tree.where(name), tree.slug, target)

    def write(self, folder: Path, record: _SideRecord) -> Path:
        """Write a record atomically next to the result, and return its path."""
        path = self.path(folder, record.target)
        text = self.text(record)
        no_link(path.parent)
        path.parent.mkdir(exist_ok=True)
        self.parse(text, str(path), folder.absolute().name, record.target)
        with results_lock(folder):
            replace_file(path, text)
        return path

    def text(self, record: _SideRecord) -> bytes:
        """Return the content of a record's file."""
        return dump(plain(record)).encode()

    def parse(self, data: bytes, file: str, slug: str, target_name: str) -> _SideRecord:
        """Parse and check a record, which must name the slug and the target of its path."""
        document = parse(data, file, limit=RESULT_LIMIT, max_events=RESULT_EVENTS)
        faults: list[Fault] = []
        record = typed(self.record, document, faults, self._cure)
        if record is None:
            refuse(faults)
        for key, value in {"submission": slug, "target": target_name}.items():
            if (actual := getattr(record, key)) != value:
                message = f"{key}: expected {value} as in the file's path, found {shown(actual)}"
                faults.append(Fault(message, document.where((key,)), self._cure))
        if not is_known(record.target) or faults:
            refuse(faults or [Fault(f"target: unknown target {record.target!r}", Where(file), self._cure)])
        faults += located(self.findings(record), document, self._cure)
        faults += located(self._false_means(record), document, self._cure)
        if faults:
            refuse(faults)
        return record

    def _false_means(self, record: _SideRecord) -> Iterator[Inconsistency]:
        """Yield the scores that are not the mean over the target's languages."""
        target = target_of(record)
        # Of languages that were added later, and of earlier versions of the protocol, only the record knows.
        earlier = target.is_former(record.signature) or record.of < len(target.languages)
        languages = set(record.data if earlier else target.languages)
        for path, point in self.points(record):
            complete = set(point.scores) == languages and len(point.scores) == record.of
            mean = sum(point.scores.values()) / len(point.scores) if complete else None
            if (mean is None) != (point.score is None) or (
                mean is not None and point.score is not None and abs(mean - point.score) > _TOLERANCE
            ):
                message = f"score: {point.score} is not the mean over the target's languages"
                yield Inconsistency((*path, "score"), message)


def _points_of_sweep(sweep: Sweep) -> Iterator[tuple[KeyPath, _Scored]]:
    for index, checkpoint in enumerate(sweep.checkpoints):
        for number, view in enumerate(checkpoint.views):
            yield ("checkpoints", index, "views", number), view


def _points_of_curve(curve: StepCurve) -> Iterator[tuple[KeyPath, _Scored]]:
    for index, checkpoint in enumerate(curve.checkpoints):
        for number, step in enumerate(checkpoint.steps):
            yield ("checkpoints", index, "steps", number), step


SWEEPS = SideFile(Sweep, "layers", SWEEP_SUFFIX, "--layers all", sweep_findings, _points_of_sweep)
"""The scores of all layers and poolings."""
STEP_CURVES = SideFile(StepCurve, "steps", STEPS_SUFFIX, "--steps", curve_findings, _points_of_curve)
"""The scores of the checkpoints that a training saved on its way."""
SIDE_FILES: tuple[SideFile[Any], ...] = (SWEEPS, STEP_CURVES)
