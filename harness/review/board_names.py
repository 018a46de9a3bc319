"""Read the names on all rows of the board: slugs, titles, submitters, families, organisations."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.errors import BadInput
from harness.records import AnySubmission, Submission
from harness.review.changed_files import slug_of
from harness.review.ownership import owners
from harness.store.git import Revision, TreeEntry
from harness.store.submissions import SUBMISSION_FILE, parse_submission
from harness.store.yaml.parser import DEFAULT_LIMIT


@dataclass(frozen=True)
class Name:
    """A name on the board, and of what: slug, title, submitter, family, organisation (on the Hub)."""

    kind: str
    text: str


@dataclass(frozen=True)
class NamedRow:
    """A row of the board: its slug and former ones, the accounts that it belongs to, all names on it."""

    slug: str
    owners: frozenset[str]
    names: tuple[Name, ...]
    aliases: tuple[str, ...] = ()


def named_row(slug: str, submission: AnySubmission) -> NamedRow:
    """Return the names on a submission's row."""
    hubs = [submission.base.id] if submission.base else []
    if isinstance(submission, Submission):
        checkpoints = (*submission.checkpoints, *submission.finetuned.values())
        hubs += [checkpoint.hub for checkpoint in checkpoints if checkpoint.hub]
    names = [Name("slug", slug), Name("title", submission.title), Name("family", submission.family)]
    names += [Name("submitter", submitter.name) for submitter in submission.submitters]
    names += [Name("organisation", hub.partition("/")[0]) for hub in hubs]
    return NamedRow(slug, owners(submission), tuple(dict.fromkeys(names)), submission.aliases)


def read_board(revision: Revision, files: Mapping[str, TreeEntry], root: str) -> Iterator[NamedRow]:
    """Read every submission's names at a revision; one that cannot be read is not shown on the board either.

    `files` are all files of the revision, and `root` is the path of the submissions' folder.
    """
    paths = {
        path: slug
        for path, entry in files.items()
        if (slug := slug_of(path, root)) is not None
        and path == posixpath.join(root, slug, SUBMISSION_FILE)
        and not entry.link
        and entry.size <= DEFAULT_LIMIT
    }
    texts = revision.contents(files, dict.fromkeys(paths, DEFAULT_LIMIT))
    for path, slug in paths.items():
        try:
            yield named_row(slug, parse_submission(texts[path], path))
        except BadInput:
            continue
