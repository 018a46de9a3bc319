"""Read one submission as it would stand after merging, and check every file of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.errors import Fault, Where
from harness.records import AnySubmission, Result, Submission, Training
from harness.review.changed_files import OUTCOMES_LIMIT
from harness.store.consistency import other_recipe, other_text
from harness.store.file_tree import RESULTS_FOLDER, FolderAtRevision
from harness.store.git import Revision, TreeEntry
from harness.store.submission_folder import FolderContents, SubmissionFolder

if TYPE_CHECKING:
    import pyarrow as pa

_AGAIN = "only the harness writes results; run stiltboard evaluate"


@dataclass(frozen=True)
class SubmissionAt:
    """A submission at a revision: what of it could be read, and what is wrong with the rest. Results by target."""

    slug: str
    submission: AnySubmission | None = None
    results: Mapping[str, Result] = field(default_factory=dict)
    outcomes: Mapping[str, pa.Table] = field(default_factory=dict)
    training: Training | None = None
    faults: tuple[Fault, ...] = ()
    revision: str = ""


def read_submission_at(at: Revision, entries: Mapping[str, TreeEntry], folder: str) -> SubmissionAt:
    """Read and check the files of a submission; `entries` holds all of its paths, none of them a link."""
    tree = FolderAtRevision(at, folder, entries, OUTCOMES_LIMIT)
    found = SubmissionFolder(tree).contents()
    faults = (*found.faults, *_foreign(found, tree))
    return SubmissionAt(
        found.slug, found.submission, found.results, found.outcomes, found.training, faults, at.name
    )


def _foreign(found: FolderContents, tree: FolderAtRevision) -> Iterator[Fault]:
    """Yield where a result is not of its submission, or not of the official text."""
    for target, result in found.results.items():
        reasons = list(other_text(result))
        if isinstance(found.submission, Submission):
            reasons += other_recipe(result, found.submission)
        where = Where(tree.where(f"{RESULTS_FOLDER}/{target}.yaml"))
        yield from (Fault(reason, where, _AGAIN) for reason in reasons)
