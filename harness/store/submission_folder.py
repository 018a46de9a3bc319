"""Read a submission's folder, from disk or a git tree; every command reads through this module."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from harness.catalog import target_of
from harness.errors import BadInput, Fault, Unreachable, Where
from harness.records import (
    AnySubmission,
    Notices,
    ReportedSubmission,
    Result,
    StepCurve,
    Submission,
    Sweep,
    Training,
    Verification,
)
from harness.store.agreement import behind, other_text
from harness.store.file_tree import RESULTS_FOLDER, FileTree, FolderOnDisk
from harness.store.folder_consistency import (
    curve_contradictions,
    sweep_contradictions,
    training_contradictions,
    verification_contradictions,
    weights_contradictions,
)
from harness.store.folder_contents import FolderContents, every_column
from harness.store.kept_outcomes import SettingsSource, in_git, kept_for, outcome_bytes_in
from harness.store.notices import NOTICES_FILE, TOMBSTONE_FILE, parse_notices
from harness.store.results import (
    RESULT_LIMIT,
    SIDE_SUFFIXES,
    catalog_order,
    has_suffix,
    parse_outcomes,
    parse_result_of,
)
from harness.store.side_files import STEP_CURVES, SWEEPS, SideFile
from harness.store.submissions import SUBMISSION_FILE, parse_submission, slug_faults
from harness.store.training import TRAINING_FILE, parse_training
from harness.store.verification import VERIFICATION_FILE, parse_verification
from harness.store.yaml.parser import DEFAULT_LIMIT, refuse

if TYPE_CHECKING:
    import pyarrow as pa

_Read = TypeVar("_Read")
_Side = TypeVar("_Side", bound=Sweep | StepCurve)


@dataclass(frozen=True)
class SubmissionFolder:
    """A submission's folder: submission.yaml, and records of training, results and verification.

    Outcomes that are not in the folder are read from where `kept` says that the board keeps them, if it does.
    """

    tree: FileTree
    kept: SettingsSource = in_git

    def contents(
        self,
        *,
        only: str = "",
        outcomes: Callable[[Result], Sequence[str] | None] = every_column,
        required: bool = True,
        compared: bool = False,
        recount: bool = False,
    ) -> FolderContents:
        """Read and check everything, and collect every fault.

        `only` restricts results to one target. `outcomes` returns the columns to read of a result's outcomes:
        None for all, an empty sequence for no outcomes; missing outcomes are a fault if `required`, and where
        the board keeps them elsewhere. Raises Unreachable where that place does not answer.
        With `compared`, submission.yaml may be missing; sweeps, verification and stray files are not read.
        With `recount`, every number of the results is computed again, which takes all columns of the
        outcomes, and the files are checked against each other.
        """
        faults: list[Fault] = []
        names = _collected(self.tree.names, faults)
        if names is None:
            return FolderContents(self.tree.slug, faults=tuple(faults))
        submission = _collected(self.submission, faults) if not compared or SUBMISSION_FILE in names else None
        faults += [] if compared else self._strays(names, submission)
        training = _collected(self.training, faults) if TRAINING_FILE in names else None
        targets = self._targets(names, ".yaml", faults, excluded=SIDE_SUFFIXES)
        results = _by_target([target for target in targets if only in ("", target)], self.result, faults)
        requested = {
            target: columns
            for target, result in results.items()
            if (columns := outcomes(result)) is None or columns
        }
        required = required or (bool(requested) and self.kept() is not None)
        with_outcomes = [
            target
            for target in requested
            if required or f"{RESULTS_FOLDER}/{results[target].outcomes.file}" in names
        ]
        tables = _by_target(
            with_outcomes, lambda target: self.outcomes(results[target], requested[target]), faults
        )
        if recount:
            faults += self._false_numbers(results, tables)
        if isinstance(submission, Submission):
            faults += self._mixed_weights(submission, results, training)
        curves = self._side_records(STEP_CURVES, names, faults)
        if compared:
            contents = FolderContents(self.tree.slug, submission, results, tables, curves=curves)
            return replace(contents, training=training, faults=_distinct(faults))
        verification = _collected(self.verification, faults) if VERIFICATION_FILE in names else None
        sweeps = self._side_records(SWEEPS, names, faults)
        notices = _collected(self.notices, faults) if NOTICES_FILE in names else None
        contents = FolderContents(
            self.tree.slug,
            submission,
            results,
            tables,
            sweeps,
            curves,
            training,
            verification,
            notices,
            _distinct(faults),
        )
        contradictions = self._contradictions(contents) if recount else ()
        return replace(contents, faults=(*contents.faults, *contradictions))

    def submission(self) -> AnySubmission:
        """Read and check submission.yaml; the folder's name is its slug."""
        if faults := slug_faults(self.tree.slug, self.tree.where("")):
            refuse(faults)
        cure = f"stiltboard new {self.tree.slug} scaffolds one"
        return parse_submission(
            self.tree.read(SUBMISSION_FILE, DEFAULT_LIMIT, cure), self.tree.where(SUBMISSION_FILE)
        )

    def targets(self) -> tuple[str, ...]:
        """Return the targets of all results in the catalog's order, then user-provided; unknown: BadInput."""
        faults: list[Fault] = []
        targets = self._targets(self.tree.names(), ".yaml", faults, excluded=SIDE_SUFFIXES)
        if faults:
            refuse(faults)
        return targets

    def result(self, target: str) -> Result:
        """Read and check the result on a target, which must name its submission and its target."""
        name = f"{RESULTS_FOLDER}/{target}.yaml"
        data = self.tree.read(name, RESULT_LIMIT, "stiltboard evaluate writes it")
        return parse_result_of(data, self.tree.where(name), self.tree.slug, target)

    def outcomes(self, result: Result, columns: Sequence[str] | None = None) -> pa.Table:
        """Read a result's outcomes, or some columns, and check that its scores follow from them."""
        data = outcome_bytes_in(self.tree, self.kept, result)
        where = self.tree.where(f"{RESULTS_FOLDER}/{result.outcomes.file}")
        return parse_outcomes(data, result, where, columns)

    def _false_numbers(self, results: Mapping[str, Result], tables: Mapping[str, pa.Table]) -> list[Fault]:
        """Return a fault for every number of the results that does not follow from its outcomes."""
        from harness.scoring.recalculation import differences  # noqa: PLC0415  # loads scipy

        return [
            Fault(
                what,
                Where(self.tree.where(f"{RESULTS_FOLDER}/{target}.yaml")),
                f"stiltboard evaluate {self.tree.slug} -t {target} --overwrite measures it again",
            )
            for target, table in tables.items()
            for what in differences(target_of(results[target]), results[target], table)
        ]

    def _mixed_weights(
        self, submission: Submission, results: Mapping[str, Result], training: Training | None
    ) -> Iterator[Fault]:
        """Yield a fault for every seed of a result whose weights are not those of the others."""
        compared = {name: result for name, result in results.items() if name not in submission.finetuned}
        for target, result in compared.items():
            where = Where(self.tree.where(f"{RESULTS_FOLDER}/{target}.yaml"))
            cure = f"stiltboard evaluate {self.tree.slug} --stale measures again what former weights gave"
            for checkpoint in result.checkpoints:
                for what in weights_contradictions(target, checkpoint, compared, training):
                    yield Fault(what, where, cure)

    def _contradictions(self, contents: FolderContents) -> Iterator[Fault]:
        """Yield a fault for everything that one of the valid files says against another."""
        submission, training = contents.submission, contents.training
        if not isinstance(submission, Submission):
            return
        for what in training_contradictions(training, submission) if training else ():
            cure = "correct submission.yaml, or train again; only the harness writes training.yaml"
            yield Fault(what, Where(self.tree.where(TRAINING_FILE)), cure)
        for target, sweep in contents.sweeps.items():
            contradictions = sweep_contradictions(sweep, submission, contents.results.get(target))
            yield from self._of_side(SWEEPS, target, contradictions)
        for target, curve in contents.curves.items():
            contradictions = curve_contradictions(curve, submission, contents.results.get(target))
            yield from self._of_side(STEP_CURVES, target, contradictions)
        if contents.verification:
            for what in verification_contradictions(contents.verification, contents.results):
                cure = "a maintainer's stiltboard verify --by writes this file"
                yield Fault(what, Where(self.tree.where(VERIFICATION_FILE)), cure)

    def _side_records(
        self, kind: SideFile[_Side], names: Iterable[str], faults: list[Fault]
    ) -> dict[str, _Side]:
        """Return the records of one kind by target; what is wrong with others is added to `faults`."""
        targets = self._targets(names, kind.suffix, faults)
        return _by_target(targets, lambda target: kind.read(self.tree, target), faults)

    def _of_side(self, kind: SideFile[Any], target: str, contradictions: Iterable[str]) -> Iterator[Fault]:
        """Yield a fault for each contradiction of a record that is kept next to a result."""
        cure = f"stiltboard evaluate {self.tree.slug} -t {target} {kind.option} --overwrite measures it again"
        return (Fault(what, Where(self.tree.where(kind.name(target))), cure) for what in contradictions)

    def training(self) -> Training:
        """Read and check training.yaml; raises BadInput if there is none."""
        data = self.tree.read(TRAINING_FILE, DEFAULT_LIMIT, "stiltboard train writes it")
        return parse_training(data, self.tree.where(TRAINING_FILE), self.tree.slug)

    def verification(self) -> Verification:
        """Read and check verification.yaml; raises BadInput if there is none."""
        data = self.tree.read(VERIFICATION_FILE, RESULT_LIMIT, "stiltboard verify --by writes it")
        return parse_verification(data, self.tree.where(VERIFICATION_FILE), self.tree.slug)

    def notices(self) -> Notices:
        """Read and check notices.yaml; raises BadInput if there is none."""
        data = self.tree.read(NOTICES_FILE, DEFAULT_LIMIT, "stiltboard notice writes it")
        return parse_notices(data, self.tree.where(NOTICES_FILE), self.tree.slug)

    def _targets(
        self, names: Iterable[str], suffix: str, faults: list[Fault], excluded: tuple[str, ...] = ()
    ) -> tuple[str, ...]:
        """Return the known targets of files with a suffix but not the excluded one; others are faults."""
        inside = [
            name.removeprefix(f"{RESULTS_FOLDER}/") for name in names if name.startswith(f"{RESULTS_FOLDER}/")
        ]
        files = {
            name.removesuffix(suffix): name
            for name in inside
            if "/" not in name and has_suffix(name, suffix, excluded)
        }

        def check(target: str) -> tuple[str, ...]:
            return catalog_order({target: self.tree.where(f"{RESULTS_FOLDER}/{files[target]}")})

        return catalog_order(dict.fromkeys(_by_target(list(files), check, faults), ""))

    def _strays(self, names: Sequence[str], submission: AnySubmission | None) -> list[Fault]:
        """Return faults for outcomes without a result, results next to reported numbers, and a tombstone."""
        tables = [
            name for name in names if name.startswith(f"{RESULTS_FOLDER}/") and name.endswith(".parquet")
        ]
        orphans = [name for name in tables if f"{name.removesuffix('.parquet')}.yaml" not in names]
        message, cure = "there is no result for these outcomes", "add the result's file, or remove this one"
        faults = [Fault(message, Where(self.tree.where(name)), cure) for name in orphans]
        if TOMBSTONE_FILE in names and submission is not None:
            message, cure = (
                "the submission was withdrawn, and its folder holds nothing else",
                "remove the rest",
            )
            faults.append(Fault(message, Where(self.tree.where(TOMBSTONE_FILE)), cure))
        return faults + self.reported_folder_faults(names, submission)

    def reported_folder_faults(self, names: Sequence[str], submission: AnySubmission | None) -> list[Fault]:
        """Return faults for results and training.yaml next to reported numbers, which can have neither."""
        if not isinstance(submission, ReportedSubmission):
            return []
        message = "found next to reported numbers, for which nothing was trained or measured here"
        cure = "remove it, or make one submission with checkpoints and another with reported"
        parts = dict.fromkeys(name.partition("/")[0] for name in names)
        return [
            Fault(message, Where(self.tree.where(part)), cure)
            for part in parts
            if part in (RESULTS_FOLDER, TRAINING_FILE)
        ]


def on_disk(folder: Path) -> SubmissionFolder:
    """Return a submission's folder on disk."""
    return SubmissionFolder(FolderOnDisk(folder), kept_for(folder.absolute().parent))


def submission_faults(folder: Path) -> tuple[Fault, ...]:
    """Return all faults of a submission, its results and their outcomes."""
    return checked_submission(folder)[0]


def checked_submission(folder: Path) -> tuple[tuple[Fault, ...], tuple[str, ...]]:
    """Return all faults of a submission, its results and their outcomes, and notes on sound results.

    The notes say which results are behind their target, and which are not on the official text.
    """
    contents = on_disk(folder).contents(recount=True)
    notes = [
        f"{target}: {what}"
        for target, result in contents.results.items()
        for what in (*behind(result), *_not_official(result))
    ]
    return contents.faults, tuple(notes)


def _not_official(result: Result) -> Iterator[str]:
    """Yield in one line that a result is on other text than the official one."""
    if other := list(other_text(result)):
        yield f"not on the official text: {other[0]}" + (
            f", and {len(other) - 1} more" if len(other) > 1 else ""
        )


def load_submission(folder: Path | str) -> AnySubmission:
    """Read and check a folder's submission.yaml; next to reported numbers, results are a fault.

    >>> load_submission("submissions/me5-small-l12").title
    'multilingual-e5-small, first 12 layers'
    """
    submission_folder = on_disk(Path(folder))
    submission = submission_folder.submission()
    if faults := submission_folder.reported_folder_faults(submission_folder.tree.names(), submission):
        refuse(faults)
    return submission


def find_results(folder: Path) -> tuple[Path, ...]:
    """Return the paths of a submission's results in the catalog's order, then user-provided targets."""
    return tuple(folder / RESULTS_FOLDER / f"{target}.yaml" for target in on_disk(folder).targets())


def load_results(folder: Path | str) -> tuple[Result, ...]:
    """Read and check all results of a submission, in the order of the catalog.

    >>> [result.target for result in load_results("submissions/me5-small-l12")]
    ['tatoeba', 'xquad_r']
    """
    submission_folder = on_disk(Path(folder))
    return tuple(submission_folder.result(target) for target in submission_folder.targets())


def _distinct(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """Return the faults without repetition: if git fails, every file has the same fault."""
    return tuple(dict.fromkeys(faults))


def _collected(read: Callable[[], _Read], faults: list[Fault]) -> _Read | None:
    """Return what `read` returns; on BadInput, add its faults to `faults` and return None.

    A place of outcomes that does not answer says nothing about any file: Unreachable goes through.
    """
    try:
        return read()
    except Unreachable:
        raise
    except BadInput as error:
        faults += error.faults
        return None


def _by_target(targets: Sequence[str], read: Callable[[str], _Read], faults: list[Fault]) -> dict[str, _Read]:
    """Return what `read` returns for each target; targets that raise BadInput only add to `faults`."""
    values = {target: _collected(lambda target=target: read(target), faults) for target in targets}  # type: ignore[misc]
    return {target: value for target, value in values.items() if value is not None}
