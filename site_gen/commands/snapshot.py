"""`stiltboard snapshot`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click

from harness.clock import now
from harness.errors import BadInput, Fault, Where
from harness.records.origin import Snapshot
from harness.store.archive import write_archive, write_folder
from harness.store.committed import origin_at
from harness.store.git import Revision, repository_around
from harness.store.snapshots import TAG_PREFIX, checked_name, is_tagged, named_revision
from harness.verbosity import note, print_result, verbosity_options
from site_gen import paths
from site_gen.board.board import Board
from site_gen.board.edition import Edition
from site_gen.commands.build import base_url_option
from site_gen.commands.shared_options import submissions_option
from site_gen.exports.csv_tables import leaderboard_csv
from site_gen.exports.deposit import deposit_files
from site_gen.exports.leaderboard_json import leaderboard_json
from site_gen.exports.schema import leaderboard_schema
from site_gen.reading.board_content import with_content
from site_gen.reading.past import board_at, folder_at
from site_gen.writing.git_command import git_text

_LICENCE, _LICENCE_LIMIT = "LICENSE", 2**20


@click.command("snapshot")
@click.option("--name", help="The snapshot's name, such as 2026-11 or 2026-11-30; by default this month.")
@click.option("--at", default="HEAD", show_default=True, metavar="REV", help="The git revision to take.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("snapshots"), show_default=True,
    help="The folder in which a folder of the snapshot's name is written.",
)  # fmt: skip
@verbosity_options
@submissions_option
@base_url_option
def command(name: str | None, at: str, out: Path, submissions: Path, base_url: str) -> None:
    """Tag a revision as a dated snapshot of the board, and write its archive and its metadata.

    The tag snapshot-NAME is annotated, and never moved. The archive holds the submissions with the outcomes
    of every example that are in git, the leaderboard, and SHA256SUMS. The next publish adds the snapshot's
    site in the folder NAME, where it stays. What is not committed is in no snapshot.
    """
    repository = repository_around(submissions)
    revision = named_revision(repository, at)
    snapshot = Snapshot(checked_name(name or now()[:7]), origin_at(revision))
    is_tagged(snapshot.name, revision)  # refuses the name of another commit before anything is read
    folder = folder_at(revision)
    board = _board(folder, snapshot, revision)
    files = {entry.path: entry for entry in revision.entries("", sizes=True)}
    base_url = base_url or board.settings.base_url or ""
    address = f"{base_url.rstrip('/')}/{snapshot.name}/" if base_url else ""
    metadata = deposit_files(board, snapshot, address)
    contents = _contents(board, folder) | {"CITATION.cff": metadata["CITATION.cff"]}
    if _LICENCE in files and not files[_LICENCE].link:
        contents |= revision.contents(files, {_LICENCE: _LICENCE_LIMIT})
    time = int(datetime.fromisoformat(snapshot.origin.date).timestamp())
    top = f"{TAG_PREFIX}{snapshot.name}"

    def finish(fresh: Path) -> None:
        write_archive(fresh / f"{top}.tar.gz", top, contents, time)
        _tag(snapshot, revision, board.title)

    write_folder(out / snapshot.name, metadata, finish)
    print_result(f"{out / snapshot.name}: {snapshot.label}, {len(contents):,} files in {top}.tar.gz")
    note(f"next: git push origin {top}, and stiltboard publish; docs/maintaining.md says how to get a DOI")


def _board(folder: Path, snapshot: Snapshot, revision: Revision) -> Board:
    """Return the board of a snapshot; raises BadInput where a submission cannot be read."""
    board = with_content(board_at(folder), folder)
    if board.not_shown:
        cure = "mend it, or withdraw it, and take the snapshot then"
        raise BadInput(
            [
                Fault(f"cannot be read: {submission.fault}", Where(revision.file(submission.slug)), cure)
                for submission in board.not_shown
            ]
        )
    return replace(board, edition=Edition(snapshot.origin, snapshot.name))


def _contents(board: Board, folder: Path) -> dict[str, bytes | Path]:
    """Return the files of the archive by their path: all files of submissions, and the leaderboard.

    Outcomes that the board keeps outside git stay there; the archive has their digests.
    """
    submissions = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    contents: dict[str, bytes | Path] = {
        f"submissions/{path.relative_to(folder).as_posix()}": path for path in submissions
    }
    return contents | {
        paths.LEADERBOARD_JSON: leaderboard_json(board).encode(),
        paths.LEADERBOARD_SCHEMA: leaderboard_schema(),
        paths.LEADERBOARD_CSV: leaderboard_csv(board),
    }


def _tag(snapshot: Snapshot, revision: Revision, title: str) -> None:
    """Tag the commit of a snapshot, unless it is already: annotated, and signed where git is set up so."""
    if is_tagged(snapshot.name, revision):
        return
    message = f"{title}, snapshot {snapshot.name}"
    arguments = ("tag", "--annotate", "-m", message, f"{TAG_PREFIX}{snapshot.name}", revision.commit)
    git_text(revision.repository.top, *arguments)
