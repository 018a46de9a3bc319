"""Read submissions as they stood at a git revision, without touching the working tree.

How git is asked, and what strangers' names cannot do, is said in `repository`.
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
from harness.store.results import is_named
from harness.store.sides import Side, side_of
from harness.store.submission_folder import SubmissionFolder
from harness.store.submissions import SUBMISSION_FILE, slug_fault
from harness.store.yaml.parser import refuse

OUTCOMES_LIMIT = 512 * 1024 * 1024
_Found = Mapping[str, Mapping[str, str]]  # slug → file under results → the hash of what it holds
_RANGE = re.compile(r"(.*?)(\.{2,3})(.*)", re.DOTALL)


@dataclass(frozen=True)
class Changes:
    """What a range of revisions did to the results of submissions, by slug.

    `changed` have results at both ends, and other ones; `added` and `removed` exist, or have results, at one
    end only. `refused` are changed folders whose names are no slugs, made visible, with the reason.
    """

    first: str
    second: str
    changed: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    refused: tuple[tuple[str, str], ...] = ()


def is_range(revisions: str) -> bool:
    """Tell whether an argument can be a range of revisions as git has it, an empty end being HEAD, rather than a path."""
    parts = _RANGE.fullmatch(revisions)
    return (
        parts is not None
        and bool(parts[1] or parts[3])
        and not (parts[1].endswith("/") or parts[3].startswith("/"))
    )


def split_revision(name: str) -> tuple[str, str] | None:
    """Return the revision and the name of `REV:name`, or None for what names no revision, a Windows drive among it."""
    revision, colon, rest = name.partition(":")
    return (revision, rest) if colon and not re.match(r"[A-Za-z]:[\\/]", name) else None


def load_side_at(revision: str, name: str, submissions: Path) -> Side:
    """Read a submission's results, or the one result whose file is named, as they stood at a revision.

    A name without a slash is a slug beside those under `submissions`; any other is a path as git takes it:
    from the repository's root, or with ./ from the current folder.
    """
    at = resolved(repository_around(submissions), revision)
    path = _path(at.repository, name)
    one = path.endswith(".yaml")
    results = posixpath.dirname(path) if one else posixpath.join(path, RESULTS_FOLDER)
    folder = posixpath.dirname(results)
    entries = {entry.path: entry for entry in at.entries(folder, sizes=True)}
    if results in entries and entries[results].link:
        refuse([at.link_fault(entries[results])])
    if not entries or folder in entries or (one and path not in entries):
        _refuse_missing(at, path, name)
    tree = FolderAtRevision(at, folder, entries, OUTCOMES_LIMIT, cure="name another revision")
    return side_of(
        SubmissionFolder(tree),
        visible(f"{tree.slug}@{at.name}"),
        posixpath.basename(path).removesuffix(".yaml") if one else "",
    )


def changed_submissions(revisions: str, submissions: Path) -> Changes:
    """Compare the results under `submissions` at both ends of `REV1..REV2`, or since the merge base of `REV1...REV2`.

    An end that is left out is HEAD. Whether a result is sound shows when it is read.
    """
    parts = _RANGE.fullmatch(revisions)
    if parts is None or not (parts[1] or parts[3]):
        raise BadInput(f"{shown(revisions)} is no range of revisions", cure="write such as main..HEAD")
    repository = repository_around(submissions)
    first, second = (resolved(repository, name or "HEAD") for name in (parts[1], parts[3]))
    if parts[2] == "...":
        first = merge_base(first, second)
    before, after = _found(first), _found(second)
    found = sorted({*before, *after})
    ranks = {slug: (_rank(slug, before), _rank(slug, after)) for slug in found if slug_fault(slug) is None}
    # Names that anybody may push are shown, and go no further.
    faults = ((slug, slug_fault(slug)) for slug in found if before.get(slug) != after.get(slug))
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


def _rank(slug: str, found: _Found) -> int:
    """Return 0 for no submission, 1 for one without results, 2 for one with some."""
    return 1 + bool(found[slug]) if slug in found else 0


def _found(at: Revision) -> _Found:
    """Return the submissions under --submissions with what their results hold; a link counts, so that reading it refuses it."""
    found: dict[str, dict[str, str]] = {}
    place = at.repository.place
    for entry in at.entries(place):
        if entry.path == place:
            refuse([at.link_fault(entry)])
        slug, *rest = entry.path[len(place) + 1 if place else 0 :].split("/")
        if slug.startswith("."):
            continue
        if rest == [SUBMISSION_FILE]:
            found.setdefault(slug, {})
        elif (entry.link and rest in ([], [RESULTS_FOLDER])) or (
            rest[:1] == [RESULTS_FOLDER] and len(rest) > 1 and is_named(rest[1])
        ):
            found.setdefault(slug, {})["/".join(rest)] = entry.link + entry.hash
    return found


def _path(repository: Repository, name: str) -> str:
    """Return the path in the repository that a name means; the root is the empty one."""
    if not name or "\0" in name:
        raise BadInput("no submission is named after the revision", cure="write such as main:my-submission")
    if "/" not in name:
        name = posixpath.join(repository.place, name)
    elif name.startswith(("./", "../")):
        name = posixpath.join(
            os.path.relpath(Path.cwd().resolve(), repository.top).replace(os.sep, "/"), name
        )
    path = posixpath.normpath(name)
    if f"{path}/".startswith(("/", "../")):
        raise BadInput(
            f"{shown(name)} lies outside the repository", cure="name a path from the repository's root"
        )
    path = posixpath.dirname(path) if posixpath.basename(path) == SUBMISSION_FILE else path
    return "" if path == "." else path


def _refuse_missing(at: Revision, path: str, name: str) -> NoReturn:
    """Say that nothing stands at a path, and what stands near it."""
    entries = at.entries("")
    if links := [
        at.link_fault(entry) for entry in entries if entry.link and f"{path}/".startswith(f"{entry.path}/")
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
        if f"/{RESULTS_FOLDER}/" in f"/{entry.path}" and is_named(posixpath.basename(entry.path))
    ]
    there = results if path.endswith(".yaml") else folders
    if "/" not in name:
        path, there = (
            name,
            [
                posixpath.basename(folder)
                for folder in there
                if posixpath.dirname(folder) == at.repository.place
            ],
        )
    known = sorted(there)[:1000]  # a match takes its time, and anybody may push names
    near = difflib.get_close_matches(path[:200], known)
    listed = ", ".join(at.file(candidate) for candidate in near or known[:10])
    cure = (
        f"did you mean {listed}?"
        if near
        else f"such as {listed}"
        if listed
        else "no submission stands there at that revision"
    )
    raise BadInput(f"{shown(name)} does not exist at {at.name}", cure=cure)
