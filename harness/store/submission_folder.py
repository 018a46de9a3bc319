"""Read a submission's folder, from this disk or out of a git tree: the one reader that every command goes through."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from harness.errors import BadInput, Fault, Where
from harness.records import AnySubmission, ReportedSubmission, Result, Sweep, Training, Verification
from harness.store.file_tree import RESULTS_FOLDER, FileTree, FolderOnDisk
from harness.store.results import RESULT_LIMIT, SWEEP_SUFFIX, in_order, is_named, parse_outcomes, parse_placed
from harness.store.submissions import SUBMISSION_FILE, parse_submission, slug_faults
from harness.store.sweeps import parse_sweep
from harness.store.training import TRAINING_FILE, parse_training
from harness.store.verification import VERIFICATION_FILE, parse_verification
from harness.store.yaml.parser import DEFAULT_LIMIT, refuse

if TYPE_CHECKING:
    import pyarrow as pa

_Read = TypeVar("_Read")


@dataclass(frozen=True)
class FolderContents:
    """What of a submission's folder could be read, and what is wrong with the rest; results, outcomes and sweeps by target."""

    slug: str
    submission: AnySubmission | None = None
    results: Mapping[str, Result] = field(default_factory=dict)
    outcomes: Mapping[str, pa.Table] = field(default_factory=dict)
    sweeps: Mapping[str, Sweep] = field(default_factory=dict)
    training: Training | None = None
    verification: Verification | None = None
    faults: tuple[Fault, ...] = ()


def every_column(_result: Result) -> Sequence[str] | None:
    """Ask for all columns of a result's outcomes."""
    return None


@dataclass(frozen=True)
class SubmissionFolder:
    """A submission's folder: what people wrote, what was trained, measured and verified."""

    tree: FileTree

    def contents(
        self,
        *,
        only: str = "",
        outcomes: Callable[[Result], Sequence[str] | None] = every_column,
        required: bool = True,
        compared: bool = False,
    ) -> FolderContents:
        """Read and check everything, and collect every fault.

        With `only` results of other targets are left alone. `outcomes` names the columns that are read of a
        result's outcomes, None for all and an empty one for no outcomes; missing ones are a fault where they
        are `required`. What is `compared` may lack its submission.yaml, and of its folder no sweep,
        verification or stray file is read.
        """
        faults: list[Fault] = []
        names = _collected(self.tree.names, faults)
        if names is None:
            return FolderContents(self.tree.slug, faults=tuple(faults))
        submission = _collected(self.submission, faults) if not compared or SUBMISSION_FILE in names else None
        faults += [] if compared else self._strays(names, submission)
        training = _collected(self.training, faults) if TRAINING_FILE in names else None
        found = self._targets(names, ".yaml", faults, but=SWEEP_SUFFIX)
        results = _each([target for target in found if only in ("", target)], self.result, faults)
        asked = {
            target: columns
            for target, result in results.items()
            if (columns := outcomes(result)) is None or columns
        }
        at_hand = [
            target
            for target in asked
            if required or f"{RESULTS_FOLDER}/{results[target].outcomes.file}" in names
        ]
        tables = _each(at_hand, lambda target: self.outcomes(results[target], asked[target]), faults)
        if compared:
            return FolderContents(
                self.tree.slug, submission, results, tables, training=training, faults=_distinct(faults)
            )
        verification = _collected(self.verification, faults) if VERIFICATION_FILE in names else None
        sweeps = _each(self._targets(names, SWEEP_SUFFIX, faults), self.sweep, faults)
        return FolderContents(
            self.tree.slug, submission, results, tables, sweeps, training, verification, _distinct(faults)
        )

    def submission(self) -> AnySubmission:
        """Read and check submission.yaml; the folder's name is its slug."""
        if faults := slug_faults(self.tree.slug, self.tree.where("")):
            refuse(faults)
        cure = f"stiltboard new {self.tree.slug} scaffolds one"
        return parse_submission(
            self.tree.read(SUBMISSION_FILE, DEFAULT_LIMIT, cure), self.tree.where(SUBMISSION_FILE)
        )

    def targets(self) -> tuple[str, ...]:
        """Return the targets of all results in the order of the catalog, then people's own; raises BadInput for an unknown one."""
        faults: list[Fault] = []
        targets = self._targets(self.tree.names(), ".yaml", faults, but=SWEEP_SUFFIX)
        if faults:
            refuse(faults)
        return targets

    def result(self, target: str) -> Result:
        """Read and check the result on a target, which names its submission and its target."""
        name = f"{RESULTS_FOLDER}/{target}.yaml"
        data = self.tree.read(name, RESULT_LIMIT, "stiltboard evaluate writes it")
        return parse_placed(data, self.tree.where(name), self.tree.slug, target)

    def outcomes(self, result: Result, columns: Sequence[str] | None = None) -> pa.Table:
        """Read the outcomes of a result, or some of their columns, and check that its scores follow from them."""
        name = f"{RESULTS_FOLDER}/{result.outcomes.file}"
        cure = f"stiltboard evaluate {result.submission} -t {result.target} --overwrite measures it again"
        return parse_outcomes(self.tree.read(name, None, cure), result, self.tree.where(name), columns)

    def sweep(self, target: str) -> Sweep:
        """Read and check what every layer would score on a target."""
        name = f"{RESULTS_FOLDER}/{target}{SWEEP_SUFFIX}"
        data = self.tree.read(name, RESULT_LIMIT, "stiltboard evaluate --layers all writes it")
        return parse_sweep(data, self.tree.where(name), self.tree.slug, target)

    def training(self) -> Training:
        """Read and check what was trained; raises BadInput where nothing says so."""
        data = self.tree.read(TRAINING_FILE, DEFAULT_LIMIT, "stiltboard train writes it")
        return parse_training(data, self.tree.where(TRAINING_FILE), self.tree.slug)

    def verification(self) -> Verification:
        """Read and check what was verified; raises BadInput where nothing says so."""
        data = self.tree.read(VERIFICATION_FILE, RESULT_LIMIT, "stiltboard verify --by writes it")
        return parse_verification(data, self.tree.where(VERIFICATION_FILE), self.tree.slug)

    def _targets(
        self, names: Iterable[str], suffix: str, faults: list[Fault], but: str = ""
    ) -> tuple[str, ...]:
        """Return the known targets of the files that end in one suffix `but` not in another; the others are faults."""
        inside = [
            name.removeprefix(f"{RESULTS_FOLDER}/") for name in names if name.startswith(f"{RESULTS_FOLDER}/")
        ]
        named = {
            name.removesuffix(suffix): name
            for name in inside
            if "/" not in name and is_named(name, suffix, but)
        }

        def known(target: str) -> tuple[str, ...]:
            return in_order({target: self.tree.where(f"{RESULTS_FOLDER}/{named[target]}")})

        return in_order(dict.fromkeys(_each(list(named), known, faults), ""))

    def _strays(self, names: Sequence[str], submission: AnySubmission | None) -> list[Fault]:
        """Return the files that belong to nothing: outcomes without a result, and anything measured next to reported numbers."""
        tables = [
            name for name in names if name.startswith(f"{RESULTS_FOLDER}/") and name.endswith(".parquet")
        ]
        lonely = [name for name in tables if f"{name.removesuffix('.parquet')}.yaml" not in names]
        what, cure = "the outcomes belong to no result", "bring both files of a result, or remove it"
        faults = [Fault(what, Where(self.tree.where(name)), cure) for name in lonely]
        return faults + self.beside_reported(names, submission)

    def beside_reported(self, names: Sequence[str], submission: AnySubmission | None) -> list[Fault]:
        """Return the files that reported numbers cannot have: nothing was trained or measured for them here."""
        if not isinstance(submission, ReportedSubmission):
            return []
        what = "stands beside reported numbers, for which nothing was trained or measured here"
        cure = "remove it, or make one submission with checkpoints and another with reported"
        parts = dict.fromkeys(name.partition("/")[0] for name in names)
        return [
            Fault(what, Where(self.tree.where(part)), cure)
            for part in parts
            if part in (RESULTS_FOLDER, TRAINING_FILE)
        ]


def on_disk(folder: Path) -> SubmissionFolder:
    """Return a submission's folder on this disk."""
    return SubmissionFolder(FolderOnDisk(folder))


def submission_faults(folder: Path) -> tuple[Fault, ...]:
    """Return everything that is wrong with a submission, its results and their outcomes files."""
    return on_disk(folder).contents().faults


def load_submission(folder: Path) -> AnySubmission:
    """Read and check a folder's submission.yaml; its slug is the folder's name, and published numbers are alone in it.

    >>> load_submission(Path("submissions/me5-small-l12")).title
    'multilingual-e5-small, first 12 layers'
    """
    found = on_disk(folder)
    submission = found.submission()
    if faults := found.beside_reported(found.tree.names(), submission):
        refuse(faults)
    return submission


def find_results(folder: Path) -> tuple[Path, ...]:
    """Return the paths of a submission's results in the order of the catalog, then of people's own targets."""
    return tuple(folder / RESULTS_FOLDER / f"{target}.yaml" for target in on_disk(folder).targets())


def load_results(folder: Path) -> tuple[Result, ...]:
    """Read and check all results of a submission, in the order of the catalog.

    >>> [result.target for result in load_results(Path("submissions/me5-small-l12"))]
    ['tatoeba', 'xquad_r']
    """
    found = on_disk(folder)
    return tuple(found.result(target) for target in found.targets())


def _distinct(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """Return each fault once: what keeps git from answering keeps every file from being read."""
    return tuple(dict.fromkeys(faults))


def _collected(read: Callable[[], _Read], faults: list[Fault]) -> _Read | None:
    """Read, or leave what is wrong in `faults`."""
    try:
        return read()
    except BadInput as error:
        faults += error.faults
        return None


def _each(targets: Sequence[str], read: Callable[[str], _Read], faults: list[Fault]) -> dict[str, _Read]:
    """Read what belongs to each target; of those that cannot be read the faults are left in `faults`."""
    found = {target: _collected(lambda target=target: read(target), faults) for target in targets}  # type: ignore[misc]
    return {target: record for target, record in found.items() if record is not None}
