"""Read a submission as one side of a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.catalog import target_named
from harness.characters import visible
from harness.errors import BadInput, NotComparable
from harness.records import AnySubmission, Regime, ReportedSubmission, Result, Submission, Training
from harness.store.results import find_results, load_outcomes, load_result
from harness.store.submissions import SUBMISSION_FILE, load_submission
from harness.store.training import load_training

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

    target = target_named(result.target, tuple(result.data))
    assert target is not None  # a result of an unknown target is refused
    return paired_columns(target)


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
    """Read every result of a submission's folder with its outcomes, or the one result whose file is named."""
    one = path.suffix == ".yaml"
    folder = path.absolute().parent.parent if one else path.absolute()
    if not folder.is_dir() or (one and not path.is_file()):
        raise BadInput(f"{path} does not exist", cure="name a slug under --submissions, a folder, or a results/<target>.yaml")
    submission = measured(load_submission(folder), folder.name) if (folder / SUBMISSION_FILE).exists() else None
    paths = (path,) if one else find_results(folder)
    results = [load_result(result_path) for result_path in paths]
    outcomes = [load_outcomes(result_path, result, scored_columns(result)) for result_path, result in zip(paths, results, strict=True)]
    targets = [result.target for result in results]
    return Side(
        name=visible(folder.name),
        results=dict(zip(targets, results, strict=True)),
        outcomes=dict(zip(targets, outcomes, strict=True)),
        submission=submission,
        training=load_training(folder),
    )
