"""Read a submission as one side of a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.catalog import target_of
from harness.characters import visible
from harness.errors import BadInput, NotComparable
from harness.records import AnySubmission, Regime, ReportedSubmission, Result, Submission, Training
from harness.store.submission_folder import SubmissionFolder, on_disk
from harness.store.yaml.parser import refuse

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Side:
    """A submission as one side of a comparison: its name, and per target the result with what of its outcomes the score rests on.

    `submission` is None where there is nothing but results, `training` where nothing says how it was trained.
    """

    name: str
    results: Mapping[str, Result]
    outcomes: Mapping[str, pa.Table]
    submission: Submission | None = None
    training: Training | None = None

    def trained(self, target: str) -> bool:
        """Tell whether another training would have given other weights; as long as nobody says otherwise, it would."""
        untrained = self.submission is not None and self.submission.intermediate.regime is Regime.NONE
        return not untrained or any(checkpoint.head for checkpoint in self.results[target].checkpoints)

    def design(self, target: str) -> str | None:
        """Return what another side must have too for the seeds of both to be matched."""
        return self.training.design(self.results[target].checkpoints) if self.training else None


def scored_columns(result: Result) -> tuple[str, ...]:
    """Return the columns of a result's outcomes that its score is computed from."""
    from harness.scoring.tables import paired_columns  # noqa: PLC0415  # numpy and pyarrow, which most commands need not load

    return paired_columns(target_of(result))


def measured(submission: AnySubmission, name: str) -> Submission:
    """Return a submission that was evaluated here; of published numbers no single sentence is known, so nothing can be paired."""
    if isinstance(submission, ReportedSubmission):
        raise NotComparable(
            f"{name} holds numbers that others reported ({submission.reported.source}): without the outcome of every sentence nothing "
            "can be paired",
            cure="compare submissions that were evaluated here",
        )
    return submission


def load_side(path: Path) -> Side:
    """Read every result of a submission's folder with its outcomes, or the one result whose file is named.

    >>> side = load_side(Path("submissions/me5-small-l9"))
    >>> side.results["tatoeba"].score
    75.1332
    """
    one = path.suffix == ".yaml"
    folder = path.absolute().parent.parent if one else path.absolute()
    if not folder.is_dir() or (one and not path.is_file()):
        raise BadInput(
            f"{path} does not exist",
            cure="name a slug under --submissions, a folder, or a results/<target>.yaml",
        )
    return side_of(on_disk(folder), visible(folder.name), path.stem if one else "")


def side_of(folder: SubmissionFolder, name: str, only: str = "") -> Side:
    """Return a folder as a side under a name, or one of its results alone; raises BadInput with every fault."""
    contents = folder.contents(only=only, outcomes=scored_columns, compared=True)
    if contents.faults:
        refuse(list(contents.faults))
    submission = measured(contents.submission, name) if contents.submission is not None else None
    return Side(name, contents.results, contents.outcomes, submission, contents.training)
