"""THE STORY of an import: another board's rows → copied aside → judged → moved in, all of them or none."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from harness.clock import now
from harness.errors import BadInput, Fault, Unwritable, Where, WrongUsage
from harness.importing.other_board import OtherBoard
from harness.records import RowOrigin
from harness.review.board_names import NamedRow, named_row
from harness.review.changed_files import size_limit
from harness.review.history import claims, dates
from harness.review.lookalikes import lookalikes
from harness.review.submission_at import SubmissionAt, read_submission
from harness.review.verdict import Reason
from harness.store import SUBMISSION_FILE, find_submissions, parse_submission
from harness.store.file_tree import FileTree, FolderOnDisk
from harness.store.files import plain_record, read_file
from harness.store.memory import bounded_memory
from harness.store.migration import migrate
from harness.store.notices import TOMBSTONE_FILE
from harness.store.renaming import with_key, with_slug
from harness.store.results import LOCK_FILE
from harness.store.slugs import slug_taken
from harness.store.submissions import slug_faults
from harness.store.verification import VERIFICATION_FILE
from harness.store.yaml.parser import DEFAULT_LIMIT

_MEMORY = 4 * 2**30


@dataclass(frozen=True)
class ImportedRow:
    """A row that was brought in, or would be: its slugs there and here, and what a person has to look at.

    `dropped` says which of its files were left behind, and why.
    """

    there: str
    here: str
    dropped: tuple[str, ...]
    questions: tuple[Reason, ...]


@dataclass(frozen=True)
class Import:
    """The rows that were brought in, and why others were refused, by their slugs on the other board."""

    rows: tuple[ImportedRow, ...]
    refused: Mapping[str, tuple[Fault, ...]]


def import_rows(
    board: OtherBoard,
    root: Path,
    slugs: Sequence[str] = (),
    *,
    prefix: str = "",
    url: str | None = None,
    only_accepted: bool = False,
    only_check: bool = False,
) -> Import:
    """Bring rows of another board, by default all, into a folder of submissions, with `prefix` before slugs.

    They are judged by the rules for a stranger's pull request: every number is computed again, slugs must be
    free and names not confusable. Nothing is written if one is refused, unless `only_accepted`, and with
    `only_check` in no case. Raises WrongUsage for a slug that the other board does not have.
    """
    if unknown := [slug for slug in slugs if slug not in board.rows]:
        cure = f"one of: {', '.join(board.rows)}"
        raise WrongUsage(f"the other board has no submission {unknown[0]}", cure=cure)
    chosen = {slug: tree for slug, tree in board.rows.items() if not slugs or slug in slugs}
    names = list(_names(root))
    with _staging(root) as staging:
        rows: list[ImportedRow] = []
        refused: dict[str, tuple[Fault, ...]] = {}
        for slug, tree in chosen.items():
            try:
                row = _staged(tree, staging, root, prefix, _origin(board, slug, url), names)
            except BadInput as error:
                refused[slug] = _named(error.faults, staging)
            else:
                rows.append(row)
        if not only_check and (only_accepted or not refused):
            for row in rows:
                (staging / row.here).rename(root / row.here)
    return Import(tuple(rows), refused)


def _origin(board: OtherBoard, slug: str, url: str | None) -> RowOrigin:
    return RowOrigin(board=board.title, slug=slug, date=now()[:10], url=url or board.url, commit=board.commit)


def _names(root: Path) -> Iterator[NamedRow]:
    """Yield the names on this board's rows; one that cannot be read is not shown either."""
    for slug in find_submissions(root):
        path = root / slug / SUBMISSION_FILE
        try:
            yield named_row(slug, parse_submission(read_file(path, DEFAULT_LIMIT, ""), str(path)))
        except BadInput:
            continue


@contextmanager
def _staging(root: Path) -> Iterator[Path]:
    """Yield a hidden folder next to the rows, which is removed in the end."""
    try:
        folder = Path(tempfile.mkdtemp(prefix=".import-", suffix=".partial", dir=root))
    except OSError as reason:
        raise Unwritable(f"{root} cannot be written: {reason.strerror}", cure="make it writable") from reason
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _staged(
    tree: FileTree, staging: Path, root: Path, prefix: str, origin: RowOrigin, names: Sequence[NamedRow]
) -> ImportedRow:
    """Write a row as it will be here, and judge it; raises BadInput with every reason to refuse it."""
    there, here = tree.slug, f"{prefix}{tree.slug}"
    if faults := slug_faults(here, there):
        raise BadInput(faults)
    if taken := slug_taken(root, here):
        raise BadInput(taken, cure="import it under another slug: --prefix OTHER-")
    if (root / here).exists():
        raise BadInput("there is something already", where=Where(str(root / here)), cure="remove it")
    if TOMBSTONE_FILE in tree.names():
        raise BadInput(f"{there} was withdrawn there", cure="name the slugs of the other rows")
    folder = staging / there
    dropped = _copied(tree, folder)
    if unreadable := migrate(folder).faults:
        raise BadInput(unreadable)
    (folder / LOCK_FILE).unlink(missing_ok=True)
    path = folder / SUBMISSION_FILE
    submission = parse_submission(read_file(path, DEFAULT_LIMIT, ""), tree.where(SUBMISSION_FILE))
    renamed = with_slug(folder, here) if here != there else {}
    for name, data in renamed.items():
        (folder / name).write_bytes(data)
    text = with_key(path.read_text(encoding="utf-8"), "aliases", None)
    # A row that came there from a third board was measured on that one.
    text = with_key(text, "origin", plain_record(submission.origin or origin))
    path.write_text(text, encoding="utf-8")
    if here != there:
        folder = folder.rename(staging / here)
    with bounded_memory(_MEMORY):
        row = read_submission(FolderOnDisk(folder))
    reasons = _reasons(row, names)
    refusals = [Fault(reason.what, cure=reason.cure) for reason in reasons if reason.refuses]
    if row.faults or refusals:
        raise BadInput([*row.faults, *refusals])
    if submission.aliases:
        dropped.append(f"aliases: {', '.join(submission.aliases)} lead to it on the other board only")
    return ImportedRow(there, here, tuple(dropped), tuple(reasons))


def _copied(tree: FileTree, folder: Path) -> list[str]:
    """Write the files that a submission may have, and return what was left behind."""
    dropped = []
    for name in tree.names():
        limit = size_limit(name)
        if name == VERIFICATION_FILE:
            dropped.append(
                f"{name}: checks by another board's maintainers; check again with verify --rerun --by"
            )
        elif limit is not None:
            data = tree.read(name, limit, "")
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        elif "/" in name or not name.startswith("results"):
            dropped.append(f"{name}: not a file of a submission")
    return dropped


def _reasons(row: SubmissionAt, names: Sequence[NamedRow]) -> list[Reason]:
    """Return the objections to a new row by the review's rules."""
    if row.submission is None:
        return []
    file = f"{row.slug}/{SUBMISSION_FILE}"
    brought = named_row(row.slug, row.submission).names
    return [
        *claims(None, row, row.slug),
        *dates(row, row.slug),
        *lookalikes(brought, names, file, maintainer=False),
    ]


def _named(faults: Sequence[Fault], staging: Path) -> tuple[Fault, ...]:
    """Return faults whose place is named by slug and file, not by the folder that a row was copied to."""
    prefix = f"{staging}/"
    return tuple(
        replace(fault, where=replace(fault.where, file=fault.where.file.removeprefix(prefix)))
        if fault.where
        else fault
        for fault in faults
    )
