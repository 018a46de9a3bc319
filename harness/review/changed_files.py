"""Check which files a pull request changes: only those of submissions, by name, kind and size."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.characters import refused, shown
from harness.records.scalars import TAG
from harness.review.roles import Role
from harness.review.verdict import Reason, question, refusal
from harness.store.file_tree import RESULTS_FOLDER
from harness.store.git import TreeEntry
from harness.store.notices import NOTICES_FILE, TOMBSTONE_FILE
from harness.store.results import RESULT_LIMIT, SIDE_SUFFIXES
from harness.store.submissions import SUBMISSION_FILE, slug_fault
from harness.store.training import TRAINING_FILE
from harness.store.verification import VERIFICATION_FILE
from harness.store.yaml.parser import DEFAULT_LIMIT

CHANGES_LIMIT = 1000
OUTCOMES_LIMIT = 64 * 2**20
TOTAL_LIMIT = 256 * 2**20
# A target of the catalog, or a user-provided one: bitext.NAME, clir.NAME.
_TARGET = TAG.removeprefix("^").removesuffix("$")
_ALLOWED = (
    (re.compile(re.escape(SUBMISSION_FILE)), DEFAULT_LIMIT),
    (re.compile(re.escape(TRAINING_FILE)), DEFAULT_LIMIT),
    (re.compile(re.escape(VERIFICATION_FILE)), RESULT_LIMIT),
    (re.compile(re.escape(NOTICES_FILE)), DEFAULT_LIMIT),
    (re.compile(re.escape(TOMBSTONE_FILE)), DEFAULT_LIMIT),
    (
        re.compile(rf"{RESULTS_FOLDER}/{_TARGET}({'|'.join(map(re.escape, SIDE_SUFFIXES))}|\.yaml)"),
        RESULT_LIMIT,
    ),
    (re.compile(rf"{RESULTS_FOLDER}/{_TARGET}\.parquet"), OUTCOMES_LIMIT),
)
# Files that only maintainers write, and what they do.
_MAINTAINERS_FILES = {
    VERIFICATION_FILE: ("verification", "only a maintainer's run verifies a submission"),
    NOTICES_FILE: ("notice", "only a maintainer attaches notices to a submission"),
    TOMBSTONE_FILE: ("notice", "only a maintainer withdraws a submission"),
}
# Files that control what runs, and who may approve.
_PRIVILEGED = (
    (".github/workflows/", "a workflow"),
    (".github/", "the repository's settings"),
    ("CODEOWNERS", "the code owners"),
)
COPY_CURE = "a maintainer compares the weights; the same encoder needs no second row"
_NAMES = (
    "submission.yaml, training.yaml, results/<target>.yaml, results/<target>.layers.yaml, "
    "results/<target>.steps.yaml, results/<target>.parquet"
)


@dataclass(frozen=True)
class Change:
    """The file at a path before and after a pull request; None where there is none."""

    path: str
    before: TreeEntry | None
    after: TreeEntry | None


def changes_between(before: Mapping[str, TreeEntry], after: Mapping[str, TreeEntry]) -> tuple[Change, ...]:
    """Return every path whose file or file mode differs."""
    pairs = ((path, before.get(path), after.get(path)) for path in sorted({*before, *after}))
    return tuple(Change(path, old, new) for path, old, new in pairs if _identity(old) != _identity(new))


def slug_of(path: str, root: str) -> str | None:
    """Return the slug of the submission that a path belongs to, or None.

    `root` is the path of the submissions' folder in the repository, empty for the repository itself.
    """
    inside = path[len(root) + 1 :] if root and path.startswith(f"{root}/") else path if not root else ""
    slug, slash, _ = inside.partition("/")
    return slug if slash else None


def touched_slugs(changes: Iterable[Change], root: str) -> list[str]:
    """Return the slugs of the submissions that are changed, sorted."""
    return sorted({slug for change in changes if (slug := slug_of(change.path, root)) is not None})


def size_limit(inner: str) -> int | None:
    """Return the most bytes of a file by its path in a submission's folder, or None if it is not allowed."""
    return next((limit for pattern, limit in _ALLOWED if pattern.fullmatch(inner)), None)


def path_reasons(
    changes: Sequence[Change],
    merged: Mapping[str, TreeEntry],
    root: str,
    *,
    role: Role,
    kept: bool = False,
) -> list[Reason]:
    """Check every change by its path and its kind of file; `merged` are all files after merging.

    If outcomes are `kept` outside git, maintainers and workflows move them there: a file may go whose result
    stays, since reading the submission then finds its content or refuses it.
    """
    moved = {
        change.path
        for change in changes
        if kept and role is not Role.CONTRIBUTOR and _is_moved(change, merged, root)
    }
    changes = [change for change in changes if change.path not in moved]
    if len(changes) > CHANGES_LIMIT:
        what = f"changes {len(changes):,} files, the most is {CHANGES_LIMIT:,}"
        return [refusal("too-many", None, what, "open one pull request for each submission")]
    inside = any(slug_of(change.path, root) is not None for change in changes)
    added = {change.after.hash: change.path for change in changes if change.after and not change.before}
    reasons = [
        reason
        for change in changes
        for reason in _change_reasons(change, root, added, inside=inside, role=role)
    ]
    reasons += _copies(changes, merged, root)
    slugs = touched_slugs(changes, root)
    about_weights = role is Role.WORKFLOW and all(
        change.path.endswith(f"/{NOTICES_FILE}") for change in changes
    )
    if len(slugs) > 1 and role is not Role.MAINTAINER and not about_weights:
        what = f"changes {len(slugs):,} submissions: {', '.join(map(shown, slugs[:5]))}"
        cure = "open one pull request for each submission"
        reasons.append(refusal("several", None, what + (" …" if len(slugs) > 5 else ""), cure))
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


def copy_of(slug: str | None) -> str:
    """Return what is said of outcomes that another submission has."""
    return f"has the outcomes of {slug}, byte for byte"


def _copies(changes: Sequence[Change], merged: Mapping[str, TreeEntry], root: str) -> Iterator[Reason]:
    """Ask about outcomes that are those of another submission, byte for byte: a copy, or the same weights."""
    owners: dict[str, list[str]] = defaultdict(list)
    for path, entry in merged.items():
        if path.endswith(".parquet") and slug_of(path, root) is not None:
            owners[entry.hash].append(path)
    for change in changes:
        if change.after is None or not change.path.endswith(".parquet"):
            continue
        mine = slug_of(change.path, root)
        for path in owners[change.after.hash]:
            if slug_of(path, root) != mine:
                yield question("copied", change.path, copy_of(slug_of(path, root)), COPY_CURE)
                break


def _is_moved(change: Change, merged: Mapping[str, TreeEntry], root: str) -> bool:
    """Tell whether a file of outcomes goes and its result stays."""
    slug = slug_of(change.path, root)
    if slug is None or change.after is not None:
        return False
    is_outcomes = size_limit(change.path.partition(f"{slug}/")[2]) == OUTCOMES_LIMIT
    return is_outcomes and f"{change.path.removesuffix('.parquet')}.yaml" in merged


def _identity(entry: TreeEntry | None) -> tuple[str, str] | None:
    return (entry.mode, entry.hash) if entry else None


def _change_reasons(
    change: Change, root: str, added: Mapping[str, str], *, inside: bool, role: Role
) -> Iterator[Reason]:
    path = change.path
    slug = slug_of(path, root)
    if name := _name_reason(path):
        yield name
    elif slug is None:
        yield _outside(path, root, inside=inside)
    elif (fault := slug_fault(slug)) is not None:
        yield refusal("name", path, fault, "choose a name such as xlmr-large-mnli")
    elif change.after is None:
        yield _removed(change, added, role)
    else:
        yield from _file_reasons(path, path.partition(f"{slug}/")[2], change.after, role)


def _name_reason(path: str) -> Reason | None:
    """Refuse a path that is not valid text, that displays misleadingly, or that leaves its folder."""
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
            "name", path, "the name would be read differently on other systems", "use plain lowercase names"
        )
    return None


def _outside(path: str, root: str, *, inside: bool) -> Reason:
    """Refuse a file outside submissions if a submission changes too; else a maintainer reads the code."""
    privileged = next(
        (name for prefix, name in _PRIVILEGED if path.startswith(prefix) or path.endswith(f"/{prefix}")),
        None,
    )
    what = f"changes {privileged}" if privileged else "is not a file of a submission"
    if path.startswith(f"{root}/") or not root:
        return refusal(
            "extra-file",
            path,
            f"{what}: every file belongs in its submission's folder",
            f"remove it; allowed are {_NAMES}",
        )
    if inside:
        rule = "workflow" if privileged else "extra-file"
        return refusal(rule, path, f"{what}, next to a submission", "open a separate pull request for it")
    return question("code", path, what, "a maintainer reads it; the tests show whether it works")


def _removed(change: Change, added: Mapping[str, str], role: Role) -> Reason:
    assert change.before is not None
    if role is Role.MAINTAINER:
        cure = "give in the message who requested it, and why"
        return question("deleted", change.path, "was deleted", cure)
    if new := added.get(change.before.hash):
        cure = "leave it in its place; a submission keeps its name, and results are not copied to another one"
        return refusal("moved", change.path, f"was moved to {new}", cure)
    cure = "bring it back; results are append-only, and a maintainer withdraws a submission"
    return refusal("deleted", change.path, "was deleted", cure)


def _file_reasons(path: str, inner: str, entry: TreeEntry, role: Role) -> Iterator[Reason]:
    if entry.link:
        yield refusal("link", path, f"found a {entry.link}", "commit the files themselves")
        return
    limit = size_limit(inner)
    if limit is None:
        yield refusal("extra-file", path, "is not a file of a submission", f"remove it; allowed are {_NAMES}")
        return
    if entry.mode != "100644":
        yield refusal(
            "executable",
            path,
            f"has the mode {entry.mode}",
            "git update-index --chmod=-x makes it a plain file",
        )
    # A workflow notes in several rows which weights are gone: `ownership.workflow_scope` checks that.
    by_workflow = inner == NOTICES_FILE and role is Role.WORKFLOW
    if inner in _MAINTAINERS_FILES and role is not Role.MAINTAINER and not by_workflow:
        rule, what = _MAINTAINERS_FILES[inner]
        yield refusal(rule, path, what, "remove it, and ask a maintainer")
    elif role is Role.WORKFLOW and not by_workflow and not inner.startswith(f"{RESULTS_FOLDER}/"):
        yield refusal("workflow-scope", path, "a workflow brings results only", "change it by hand")
    if entry.size > limit:
        yield refusal(
            "too-large",
            path,
            f"the file is longer than the {limit:,} bytes allowed",
            "keep to what the harness writes",
        )


def _collisions(changed: set[str], merged: Iterable[str]) -> Iterator[Reason]:
    """Refuse paths that name one file on systems that ignore case or Unicode normalization."""
    alike: dict[str, list[str]] = defaultdict(list)
    for path in merged:
        alike[_folded(path)].append(path)
    for paths in alike.values():
        if len(paths) > 1 and (mine := sorted(changed.intersection(paths))):
            existing = next(path for path in sorted(paths) if path != mine[0])
            what = f"is the same file as {existing} where case is ignored"
            yield refusal("collision", mine[0], what, "choose names that differ in more than case")


def _folded(path: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", path).casefold())
