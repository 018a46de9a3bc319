"""Read one submission at a revision, such as after merging, and check every file of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.errors import BadInput, Fault, Where
from harness.records import (
    AnySubmission,
    Notices,
    OutcomeSettings,
    Result,
    StepCurve,
    Submission,
    Sweep,
    Tombstone,
    Training,
)
from harness.review.changed_files import OUTCOMES_LIMIT
from harness.store.agreement import other_recipe, other_text
from harness.store.file_tree import RESULTS_FOLDER, FileTree, FolderAtRevision
from harness.store.folder_contents import FolderContents
from harness.store.git import Revision, TreeEntry
from harness.store.notices import TOMBSTONE_FILE, parse_tombstone
from harness.store.submission_folder import SubmissionFolder
from harness.store.yaml.parser import DEFAULT_LIMIT

if TYPE_CHECKING:
    import pyarrow as pa

_CURE = "only the harness writes results; run stiltboard evaluate"


@dataclass(frozen=True)
class SubmissionAt:
    """A submission at a revision: what could be read of it, by target, and the faults of the rest.

    One that was withdrawn has only its tombstone.
    """

    slug: str
    submission: AnySubmission | None = None
    results: Mapping[str, Result] = field(default_factory=dict)
    outcomes: Mapping[str, pa.Table] = field(default_factory=dict)
    sweeps: Mapping[str, Sweep] = field(default_factory=dict)
    training: Training | None = None
    notices: Notices | None = None
    tombstone: Tombstone | None = None
    faults: tuple[Fault, ...] = ()
    revision: str = ""
    curves: Mapping[str, StepCurve] = field(default_factory=dict)


def read_submission_at(
    revision: Revision, entries: Mapping[str, TreeEntry], folder: str, kept: OutcomeSettings | None = None
) -> SubmissionAt:
    """Read and check the files of a submission; `entries` are all of its paths, without links.

    Outcomes that are not among them are read from `kept`, if the board keeps them there.
    """
    tree = FolderAtRevision(revision, folder, entries, OUTCOMES_LIMIT)
    return read_submission(tree, revision.name, kept)


def read_submission(tree: FileTree, revision: str = "", kept: OutcomeSettings | None = None) -> SubmissionAt:
    """Read and check the files of a submission, in a git tree or on disk."""
    if TOMBSTONE_FILE in tree.names():
        return _withdrawn(tree, revision)
    contents = SubmissionFolder(tree, lambda: kept).contents(recount=True)
    faults = (*contents.faults, *_mismatches(contents, tree))
    return SubmissionAt(
        contents.slug,
        contents.submission,
        contents.results,
        contents.outcomes,
        contents.sweeps,
        contents.training,
        contents.notices,
        faults=faults,
        revision=revision,
        curves=contents.curves,
    )


def _withdrawn(tree: FileTree, revision: str) -> SubmissionAt:
    """Read a tombstone; no other file may stand next to it."""
    where = tree.where(TOMBSTONE_FILE)
    try:
        tombstone = parse_tombstone(tree.read(TOMBSTONE_FILE, DEFAULT_LIMIT, ""), where, tree.slug)
    except BadInput as error:
        return SubmissionAt(tree.slug, faults=error.faults, revision=revision)
    message, cure = "found next to a tombstone", "choose another slug; a withdrawn one is never used again"
    faults = tuple(
        Fault(message, Where(tree.where(name)), cure) for name in tree.names() if name != TOMBSTONE_FILE
    )
    return SubmissionAt(tree.slug, tombstone=tombstone, faults=faults, revision=revision)


def _mismatches(contents: FolderContents, tree: FileTree) -> Iterator[Fault]:
    """Yield a fault for every result that does not match its submission or the official text."""
    for target, result in contents.results.items():
        reasons = list(other_text(result))
        if isinstance(contents.submission, Submission):
            reasons += other_recipe(result, contents.submission)
        where = Where(tree.where(f"{RESULTS_FOLDER}/{target}.yaml"))
        yield from (Fault(reason, where, _CURE) for reason in reasons)
