"""Read submissions as of a git revision, without touching the working tree.

`harness.store.git` explains how git is called, and how names from untrusted people are handled.
"""

from __future__ import annotations

import difflib
import os
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from harness.characters import shown, visible
from harness.errors import BadInput
from harness.store.file_tree import RESULTS_FOLDER, FolderAtRevision
from harness.store.git import Repository, Revision, merge_base, repository_around, resolved
from harness.store.kept_outcomes import kept_for
from harness.store.results import has_suffix
from harness.store.sides import ColumnChoice, Side, scored_columns, side_of
from harness.store.submission_folder import SubmissionFolder
from harness.store.submissions import SUBMISSION_FILE, slug_fault
from harness.store.yaml.parser import refuse

OUTCOMES_LIMIT = 512 * 1024 * 1024
_ResultHashes = Mapping[str, Mapping[str, str]]  # slug → file under results → hash of its content
_RANGE = re.compile(r"(.*?)(\.{2,3})(.*)", re.DOTALL)


@dataclass(frozen=True)
class Changes:
    """How a range of revisions changed the results of submissions, by slug.

    `changed` have different results at both ends; `added` and `removed` exist, or have results, at one end
    only. `refused` are changed folders whose names are not slugs, escaped for display, with the reason.
    """

    first: str
    second: str
    changed: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    refused: tuple[tuple[str, str], ...] = ()


def is_range(revisions: str) -> bool:
    """Tell whether an argument is a git range, in which an empty end is HEAD, rather than a path."""
    parts = _RANGE.fullmatch(revisions)
    return (
        parts is not None
        and bool(parts[1] or parts[3])
        and not (parts[1].endswith("/") or parts[3].startswith("/"))
    )


def split_revision(name: str) -> tuple[str, str] | None:
    """Return the revision and the name of `REV:name`, or None without one; a Windows drive is no revision."""
    revision, colon, rest = name.partition(":")
    return (revision, rest) if colon and not re.match(r"[A-Za-z]:[\\/]", name) else None


def load_side_at(revision: str, name: str, submissions: Path, columns: ColumnChoice = scored_columns) -> Side:
    """Read all results of a submission, or only the result whose file is named, as of a revision.

    A name without a slash is a slug under `submissions`; any other is a path as in git: from the
    repository's root, or with ./ from the current folder. Where the board keeps outcomes elsewhere, its
    settings on disk say where, and not those of the revision, which anyone may have pushed.
    """
    commit = resolved(repository_around(submissions), revision)
    path = _path(commit.repository, name)
    single = path.endswith(".yaml")
    results = posixpath.dirname(path) if single else posixpath.join(path, RESULTS_FOLDER)
    folder = posixpath.dirname(results)
    entries = {entry.path: entry for entry in commit.entries(folder, sizes=True)}
    if results in entries and entries[results].link:
        refuse([commit.link_fault(entries[results])])
    if not entries or folder in entries or (single and path not in entries):
        _refuse_missing(commit, path, name)
    tree = FolderAtRevision(commit, folder, entries, OUTCOMES_LIMIT, cure="name another revision")
    return side_of(
        SubmissionFolder(tree, kept_for(submissions)),
        visible(f"{tree.slug}@{commit.name}"),
        posixpath.basename(path).removesuffix(".yaml") if single else "",
        columns,
    )


def changed_submissions(revisions: str, submissions: Path) -> Changes:
    """Compare the results under `submissions` at both ends of `REV1..REV2`; `...` starts at the merge base.

    An omitted end is HEAD. Results are compared by hash, without checking that they are valid.
    """
    parts = _RANGE.fullmatch(revisions)
    if parts is None or not (parts[1] or parts[3]):
        raise BadInput(f"{shown(revisions)} is not a range of revisions", cure="for example main..HEAD")
    repository = repository_around(submissions)
    first, second = (resolved(repository, name or "HEAD") for name in (parts[1], parts[3]))
    if parts[2] == "...":
        first = merge_base(first, second)
    before, after = _result_hashes(first), _result_hashes(second)
    slugs = sorted({*before, *after})
    ranks = {slug: (_rank(slug, before), _rank(slug, after)) for slug in slugs if slug_fault(slug) is None}
    # Anyone may push a folder of any name: one that is not a slug is only shown.
    faults = ((slug, slug_fault(slug)) for slug in slugs if before.get(slug) != after.get(slug))
    return Changes(
        first.revision,
        second.revision,
        changed=tuple(
            slug for slug, (old, new) in ranks.items() if old == new and before[slug] != after[slug]
        ),
        added=tuple(slug for slug, (old, new) in ranks.items() if old < new),
        removed=tuple(slug for slug, (old, new) in ranks.items() if old > new),
        refused=tuple((shown(slug), fault) for slug, fault in faults if fault is not None),
    )


def _rank(slug: str, hashes: _ResultHashes) -> int:
    """Return 0 for no submission, 1 for one without results, 2 for one with results."""
    return 1 + bool(hashes[slug]) if slug in hashes else 0


def _result_hashes(revision: Revision) -> _ResultHashes:
    """Return the hashes of all results under --submissions; links are included, and refused when read."""
    hashes: dict[str, dict[str, str]] = {}
    root = revision.repository.place
    for entry in revision.entries(root):
        if entry.path == root:
            refuse([revision.link_fault(entry)])
        slug, *rest = entry.path[len(root) + 1 if root else 0 :].split("/")
        if slug.startswith("."):
            continue
        if rest == [SUBMISSION_FILE]:
            hashes.setdefault(slug, {})
        elif (entry.link and rest in ([], [RESULTS_FOLDER])) or (
            rest[:1] == [RESULTS_FOLDER] and len(rest) > 1 and has_suffix(rest[1])
        ):
            hashes.setdefault(slug, {})["/".join(rest)] = entry.link + entry.hash
    return hashes


def _path(repository: Repository, name: str) -> str:
    """Return the path in the repository that a name refers to; the root is the empty path."""
    if not name or "\0" in name:
        raise BadInput("no submission is given after the revision", cure="for example main:my-submission")
    if "/" not in name:
        name = posixpath.join(repository.place, name)
    elif name.startswith(("./", "../")):
        name = posixpath.join(
            os.path.relpath(Path.cwd().resolve(), repository.top).replace(os.sep, "/"), name
        )
    path = posixpath.normpath(name)
    if f"{path}/".startswith(("/", "../")):
        raise BadInput(
            f"{shown(name)} is outside the repository", cure="name a path from the repository's root"
        )
    path = posixpath.dirname(path) if posixpath.basename(path) == SUBMISSION_FILE else path
    return "" if path == "." else path


def _refuse_missing(revision: Revision, path: str, name: str) -> NoReturn:
    """Report that a path does not exist, with similar existing ones."""
    entries = revision.entries("")
    if links := [
        revision.link_fault(entry)
        for entry in entries
        if entry.link and f"{path}/".startswith(f"{entry.path}/")
    ]:
        refuse(links)
    folders = [
        posixpath.dirname(entry.path)
        for entry in entries
        if posixpath.basename(entry.path) == SUBMISSION_FILE
    ]
    results = [
        entry.path
        for entry in entries
        if f"/{RESULTS_FOLDER}/" in f"/{entry.path}" and has_suffix(posixpath.basename(entry.path))
    ]
    existing = results if path.endswith(".yaml") else folders
    if "/" not in name:
        path, root = name, revision.repository.place
        existing = [posixpath.basename(folder) for folder in existing if posixpath.dirname(folder) == root]
    candidates = sorted(existing)[:1000]  # matching is slow, and anyone may push any number of names
    similar = difflib.get_close_matches(path[:200], candidates)
    listed = ", ".join(revision.file(candidate) for candidate in similar or candidates[:10])
    cure = (
        f"did you mean {listed}?"
        if similar
        else f"for example {listed}"
        if listed
        else "there is no submission at that revision"
    )
    raise BadInput(f"{shown(name)} does not exist at {revision.name}", cure=cure)
