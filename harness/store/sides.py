"""Read a submission as one side of a comparison."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.catalog import target_of
from harness.characters import visible
from harness.errors import BadInput, NotComparable
from harness.records import (
    AnySubmission,
    Regime,
    ReportedSubmission,
    Result,
    StepCurve,
    Submission,
    Training,
)
from harness.store.file_tree import RESULTS_FOLDER, FolderOnDisk
from harness.store.kept_outcomes import kept_for
from harness.store.results import RESULT_LIMIT, has_suffix, parse_result
from harness.store.submission_folder import SubmissionFolder
from harness.store.yaml.parser import refuse

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Side:
    """A submission as one side of a comparison: name, and by target results and outcomes.

    `outcomes` has only the columns that scores are computed from, unless others were asked for; `curves` are
    those over the steps of its training. `submission` is None without a submission.yaml, `training` without a
    training.yaml.
    """

    name: str
    results: Mapping[str, Result]
    outcomes: Mapping[str, pa.Table]
    submission: Submission | None = None
    training: Training | None = None
    curves: Mapping[str, StepCurve] = field(default_factory=dict)

    def trained(self, target: str) -> bool:
        """Tell whether another training would give other weights; assumed unless regime none is declared."""
        untrained = self.submission is not None and self.submission.intermediate.regime is Regime.NONE
        return not untrained or any(checkpoint.head for checkpoint in self.results[target].checkpoints)

    @property
    def regime(self) -> str:
        """Return the regime by which the variance of seeds borrows from others; empty if unknown."""
        return self.submission.intermediate.regime.value if self.submission is not None else ""

    def design(self, target: str) -> str | None:
        """Return the training settings that two sides with matched seeds share; None if unknown."""
        return self.training.design(self.results[target].checkpoints) if self.training else None


def scored_columns(result: Result) -> tuple[str, ...]:
    """Return the columns of a result's outcomes that its score is computed from."""
    from harness.scoring.tables import paired_columns  # noqa: PLC0415  # loads numpy and pyarrow

    return paired_columns(target_of(result))


ColumnChoice = Callable[[Result], Sequence[str] | None]
"""Returns the columns to read of a result's outcomes, None for all."""


def require_measured(submission: AnySubmission, name: str) -> Submission:
    """Return a submission that was evaluated here; published numbers raise NotComparable."""
    if isinstance(submission, ReportedSubmission):
        raise NotComparable(
            f"{name} holds numbers that others reported ({submission.reported.source}): without the outcome "
            "of every sentence nothing can be paired",
            cure="compare submissions that were evaluated here",
        )
    return submission


def load_side(path: Path | str, columns: ColumnChoice = scored_columns) -> Side:
    """Read all results of a submission's folder with their outcomes, or only the result at `path`.

    A folder that came from elsewhere may have any name: the side's name is the one that its results state.

    >>> side = load_side("submissions/me5-small-l9")
    >>> side.results["tatoeba"].score
    75.1252
    """
    path = Path(path)
    single = path.suffix == ".yaml"
    folder = path.absolute().parent.parent if single else path.absolute()
    if not folder.is_dir() or (single and not path.is_file()):
        raise BadInput(
            f"{path} does not exist",
            cure="name a slug under --submissions, a folder, or a results/<target>.yaml",
        )
    name = _stated_name(folder) or folder.name
    read = SubmissionFolder(FolderOnDisk(folder, name), kept_for(folder.parent))
    return side_of(read, visible(name), path.stem if single else "", columns)


def _stated_name(folder: Path) -> str:
    """Return the submission that the first result in a folder is of; nothing where it cannot be read."""
    tree = FolderOnDisk(folder)
    try:
        first = next((name for name in tree.names() if _is_result(name)), None)
        return parse_result(tree.read(first, RESULT_LIMIT, ""), "").submission if first else ""
    except BadInput:  # is named with all other faults when everything is read
        return ""


def _is_result(name: str) -> bool:
    return name.startswith(f"{RESULTS_FOLDER}/") and has_suffix(name)


def side_of(
    folder: SubmissionFolder, name: str, only: str = "", columns: ColumnChoice = scored_columns
) -> Side:
    """Return a folder, or with `only` one result in it, as a side; raises BadInput with all faults."""
    contents = folder.contents(only=only, outcomes=columns, compared=True)
    if contents.faults:
        refuse(list(contents.faults))
    submission = require_measured(contents.submission, name) if contents.submission is not None else None
    return Side(name, contents.results, contents.outcomes, submission, contents.training, contents.curves)
