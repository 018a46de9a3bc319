"""Say which files a pull request may change: those of submissions, by name, kind and size."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.characters import refused
from harness.records.scalars import TAG
from harness.review.verdict import Reason, question, refusal
from harness.store.file_tree import RESULTS_FOLDER
from harness.store.git import TreeEntry
from harness.store.results import RESULT_LIMIT, SWEEP_SUFFIX
from harness.store.submissions import SUBMISSION_FILE, slug_fault
from harness.store.training import TRAINING_FILE
from harness.store.verification import VERIFICATION_FILE
from harness.store.yaml.parser import DEFAULT_LIMIT

CHANGES_LIMIT = 1000
OUTCOMES_LIMIT = 64 * 2**20
TOTAL_LIMIT = 256 * 2**20
# A target of the catalog, or somebody's own: bitext.NAME, clir.NAME.
_TARGET = TAG.removeprefix("^").removesuffix("$")
_ALLOWED = (
    (re.compile(re.escape(SUBMISSION_FILE)), DEFAULT_LIMIT),
    (re.compile(re.escape(TRAINING_FILE)), DEFAULT_LIMIT),
    (re.compile(re.escape(VERIFICATION_FILE)), RESULT_LIMIT),
    (re.compile(rf"{RESULTS_FOLDER}/{_TARGET}({re.escape(SWEEP_SUFFIX)}|\.yaml)"), RESULT_LIMIT),
    (re.compile(rf"{RESULTS_FOLDER}/{_TARGET}\.parquet"), OUTCOMES_LIMIT),
)
# What decides over others: who runs what, and whose word counts.
_POWERFUL = (
    (".github/workflows/", "a workflow"),
    (".github/", "the repository's settings"),
    ("CODEOWNERS", "the code owners"),
)
_NAMES = "submission.yaml, training.yaml, results/<target>.yaml, results/<target>.layers.yaml, results/<target>.parquet"


@dataclass(frozen=True)
class Change:
    """What a path holds before and after a pull request; None where it holds nothing."""

    path: str
    before: TreeEntry | None
    after: TreeEntry | None


def changes_between(before: Mapping[str, TreeEntry], after: Mapping[str, TreeEntry]) -> tuple[Change, ...]:
    """Return every path that does not hold the same file with the same mode."""
    pairs = ((path, before.get(path), after.get(path)) for path in sorted({*before, *after}))
    return tuple(Change(path, old, new) for path, old, new in pairs if _held(old) != _held(new))


def slug_of(path: str, place: str) -> str | None:
    """Return the submission whose folder holds a path, or None for what lies elsewhere."""
    inside = path[len(place) + 1 :] if place and path.startswith(f"{place}/") else path if not place else ""
    slug, slash, _ = inside.partition("/")
    return slug if slash else None


def size_limit(inner: str) -> int | None:
    """Return how many bytes a file of a submission may have, by its path in the submission's folder; None where it is no such file."""
    return next((limit for pattern, limit in _ALLOWED if pattern.fullmatch(inner)), None)


def place_reasons(
    changes: Sequence[Change], merged: Iterable[str], place: str, *, maintainer: bool
) -> list[Reason]:
    """Judge every change by its path and its kind; `merged` are the paths that stand after merging."""
    if len(changes) > CHANGES_LIMIT:
        what = f"changes {len(changes):,} files, the most is {CHANGES_LIMIT:,}"
        return [refusal("too-many", None, what, "open one pull request for each submission")]
    inside = any(slug_of(change.path, place) is not None for change in changes)
    came = {change.after.hash: change.path for change in changes if change.after and not change.before}
    reasons = [
        reason
        for change in changes
        for reason in _judged(change, place, came, inside=inside, maintainer=maintainer)
    ]
    total = sum(change.after.size for change in changes if change.after)
    if total > TOTAL_LIMIT:
        reasons.append(
            refusal(
                "too-large",
                None,
                f"brings {total:,} bytes, the most is {TOTAL_LIMIT:,}",
                "bring fewer results at once",
            )
        )
    return reasons + list(_collisions({change.path for change in changes if change.after}, merged))


def _held(entry: TreeEntry | None) -> tuple[str, str] | None:
    return (entry.mode, entry.hash) if entry else None


def _judged(
    change: Change, place: str, came: Mapping[str, str], *, inside: bool, maintainer: bool
) -> Iterator[Reason]:
    path = change.path
    slug = slug_of(path, place)
    if name := _name_reason(path):
        yield name
    elif slug is None:
        yield _outside(path, place, inside=inside)
    elif (fault := slug_fault(slug)) is not None:
        yield refusal("name", path, fault, "choose a name such as xlmr-large-mnli")
    elif change.after is None:
        yield _removed(change, came, maintainer=maintainer)
    else:
        yield from _file_reasons(path, path.partition(f"{slug}/")[2], change.after, maintainer=maintainer)


def _name_reason(path: str) -> Reason | None:
    """Refuse names that are no text, or that no reader sees as they are; a path out of the tree is no submission's anyway."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return refusal("name", path, "the name is not valid UTF-8", "use plain lowercase names")
    parts = path.split("/")
    if (
        refused(path)
        or not path.isprintable()
        or "\\" in path
        or any(part in ("", ".", "..") or part.lower() == ".git" for part in parts)
    ):
        return refusal(
            "name", path, "the name would be another one on somebody's machine", "use plain lowercase names"
        )
    return None


def _outside(path: str, place: str, *, inside: bool) -> Reason:
    """Judge what belongs to no submission: beside one it is refused, alone it is somebody's code for a maintainer to read."""
    whose = next(
        (
            words
            for beginning, words in _POWERFUL
            if path.startswith(beginning) or path.endswith(f"/{beginning}")
        ),
        None,
    )
    what = f"changes {whose}" if whose else "is no file of a submission"
    if path.startswith(f"{place}/") or not place:
        return refusal(
            "extra-file",
            path,
            f"{what}: every file lies in its submission's folder",
            f"remove it; allowed are {_NAMES}",
        )
    if inside:
        rule = "workflow" if whose else "extra-file"
        return refusal(rule, path, f"{what}, beside a submission", "open a pull request of its own for it")
    return question("code", path, what, "a maintainer reads it; the tests say whether it works")


def _removed(change: Change, came: Mapping[str, str], *, maintainer: bool) -> Reason:
    assert change.before is not None
    if new := came.get(change.before.hash):
        cure = "leave it where it is; a submission keeps its name, and results are not copied between submissions"
        return refusal("moved", change.path, f"was moved to {new}", cure)
    if maintainer:
        return question("deleted", change.path, "was deleted", "say in the message who asked for it, and why")
    cure = "bring it back; results are append-only, and a maintainer withdraws a submission"
    return refusal("deleted", change.path, "was deleted", cure)


def _file_reasons(path: str, inner: str, entry: TreeEntry, *, maintainer: bool) -> Iterator[Reason]:
    if entry.link:
        yield refusal("link", path, f"found a {entry.link}", "put the files themselves there")
        return
    limit = size_limit(inner)
    if limit is None:
        yield refusal("extra-file", path, "is no file of a submission", f"remove it; allowed are {_NAMES}")
        return
    if entry.mode != "100644":
        yield refusal(
            "executable",
            path,
            f"has the mode {entry.mode}",
            "git update-index --chmod=-x makes it a plain file",
        )
    if inner == VERIFICATION_FILE and not maintainer:
        yield refusal(
            "verification",
            path,
            "only a maintainer's run verifies a submission",
            "remove it; a maintainer will run it",
        )
    if entry.size > limit:
        yield refusal(
            "too-large",
            path,
            f"the file is longer than the {limit:,} bytes allowed",
            "keep to what the harness writes",
        )


def _collisions(changed: set[str], merged: Iterable[str]) -> Iterator[Reason]:
    """Name paths that are one and the same where case or a letter's composition is not told apart."""
    alike: dict[str, list[str]] = defaultdict(list)
    for path in merged:
        alike[_folded(path)].append(path)
    for paths in alike.values():
        if len(paths) > 1 and (mine := sorted(changed.intersection(paths))):
            other = next(path for path in sorted(paths) if path != mine[0])
            what = f"is the same file as {other} where case is not told apart"
            yield refusal("collision", mine[0], what, "choose names that differ in more than case")


def _folded(path: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", path).casefold())
