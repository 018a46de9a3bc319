"""Ask about results of weights that another submission's results are of, too."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from harness.review.submission_at import SubmissionAt
from harness.review.verdict import Reason, question
from harness.store.file_tree import RESULTS_FOLDER
from harness.store.git import Revision, TreeEntry
from harness.store.results import RESULT_LIMIT
from harness.store.shared_weights import weights_named


def shared_checkpoints(
    before: SubmissionAt | None,
    after: SubmissionAt,
    base: Revision,
    files: Mapping[str, TreeEntry],
    folder: str,
) -> Iterator[Reason]:
    """Yield a question for each other submission of the base with weights that are new in this one.

    One checkpoint may be in two rows, as where it is read at two layers; or a row is a copy of another.
    """
    known = _weights(before) if before is not None else {}
    new = {digest: place for digest, place in _weights(after).items() if digest not in known}
    aliases = getattr(after.submission, "aliases", ())
    root = posixpath.dirname(folder)
    entries = {
        path: entry
        for path, entry in files.items()
        if new and path.endswith(".yaml") and _slug(path, root) not in (None, after.slug, *aliases)
        if not entry.link and entry.size <= RESULT_LIMIT
    }
    contents = base.contents(entries, dict.fromkeys(entries, RESULT_LIMIT)) if entries else {}
    found: dict[str, str] = {}
    for path, data in contents.items():
        for digest in sorted(weights_named(data) & new.keys()):
            found.setdefault(str(_slug(path, root)), digest)
    for slug, digest in found.items():
        target, seed = new[digest]
        yield question(
            "copied",
            posixpath.join(folder, RESULTS_FOLDER, f"{target}.yaml"),
            f"seed {seed} has the weights of {slug}",
            "a maintainer decides whether one checkpoint needs two rows",
        )


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
