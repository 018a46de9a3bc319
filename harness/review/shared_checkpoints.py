"""Ask about results of weights, or of outcomes, that another submission's results are of, too."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from harness.review.changed_files import COPY_CURE, copy_of
from harness.review.submission_at import SubmissionAt
from harness.review.verdict import Reason, question
from harness.store.file_tree import RESULTS_FOLDER
from harness.store.git import Revision, TreeEntry
from harness.store.results import RESULT_LIMIT
from harness.store.shared_weights import outcomes_named, weights_named

_Place = TypeVar("_Place")


def shared_checkpoints(
    before: SubmissionAt | None,
    after: SubmissionAt,
    base: Revision,
    files: Mapping[str, TreeEntry],
    folder: str,
    *,
    kept: bool = False,
) -> Iterator[Reason]:
    """Yield a question for each other submission of the base with weights that are new in this one.

    One checkpoint may be in two rows, as where it is read at two layers; or a row is a copy of another. If
    outcomes are `kept` outside git, their digests in results are compared, too, instead of their files.
    """
    new = _new(_weights, before, after)
    outcomes = _new(_outcomes, before, after) if kept else {}
    aliases = getattr(after.submission, "aliases", ())
    root = posixpath.dirname(folder)
    entries = {
        path: entry
        for path, entry in files.items()
        if (new or outcomes) and path.endswith(".yaml")
        if _slug(path, root) not in (None, after.slug, *aliases)
        if not entry.link and entry.size <= RESULT_LIMIT
    }
    contents = base.contents(entries, dict.fromkeys(entries, RESULT_LIMIT)) if entries else {}
    found: dict[str, str] = {}
    copies: dict[str, str] = {}
    for path, data in contents.items():
        for digest in sorted(weights_named(data) & new.keys()):
            found.setdefault(str(_slug(path, root)), digest)
        for digest in outcomes_named(data) & outcomes.keys():
            copies.setdefault(digest, str(_slug(path, root)))
    for slug, digest in found.items():
        target, seed = new[digest]
        yield question(
            "copied",
            posixpath.join(folder, RESULTS_FOLDER, f"{target}.yaml"),
            f"seed {seed} has the weights of {slug}",
            "a maintainer decides whether one checkpoint needs two rows",
        )
    for digest, slug in copies.items():
        file = posixpath.join(folder, RESULTS_FOLDER, f"{outcomes[digest]}.yaml")
        yield question("copied", file, copy_of(slug), COPY_CURE)


def _new(
    read: Callable[[SubmissionAt], dict[str, _Place]], before: SubmissionAt | None, after: SubmissionAt
) -> dict[str, _Place]:
    known = read(before) if before is not None else {}
    return {digest: place for digest, place in read(after).items() if digest not in known}


def _outcomes(snapshot: SubmissionAt) -> dict[str, str]:
    """Return the target of each digest of outcomes."""
    return {result.outcomes.sha256: target for target, result in snapshot.results.items()}


def _weights(snapshot: SubmissionAt) -> dict[str, tuple[str, int]]:
    """Return target and seed of each digest of weights."""
    return {
        scored.weights: (target, scored.seed)
        for target, result in snapshot.results.items()
        for scored in result.checkpoints
    }


def _slug(path: str, root: str) -> str | None:
    """Return the submission of a result's path, None for other files."""
    parts = path.removeprefix(f"{root}/").split("/")
    return parts[0] if len(parts) == 3 and parts[1] == RESULTS_FOLDER else None
