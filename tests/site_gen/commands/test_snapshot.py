from __future__ import annotations

import hashlib
import json
import tarfile
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from harness.cli.main import main
from harness.store.submission_folder import submission_faults
from site_gen.exports.schema import Leaderboard
from tests.support.board_history import board_with_a_snapshot, set_identity
from tests.support.pull_requests import Repository, git


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    set_identity(monkeypatch)
    repository = board_with_a_snapshot(tmp_path)
    monkeypatch.chdir(repository.folder)
    return repository


def snapshot(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["snapshot", *arguments])


def test_a_snapshot_is_a_tag_an_archive_and_metadata(board: Repository, tmp_path: Path) -> None:
    (board.folder / "submissions/gus/submission.yaml").write_text("edited: not committed\n")
    outcome = snapshot("--name", "2026-11", "--base-url", "https://board.example.org/")
    assert outcome.exit_code == 0, outcome.output
    head = git(board.folder, "rev-parse", "HEAD")
    assert f"snapshot 2026-11, commit {head[:12]}" in outcome.output
    assert git(board.folder, "cat-file", "-t", "snapshot-2026-11") == "tag"
    assert git(board.folder, "rev-parse", "snapshot-2026-11^{commit}") == head
    folder = board.folder / "snapshots/2026-11"
    for line in (folder / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    with tarfile.open(folder / "snapshot-2026-11.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    unpacked = tmp_path / "snapshot-2026-11"
    files = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    assert {"LICENSE", "CITATION.cff", "submissions/gus/results/jupyterlab.parquet"} <= files
    named = [line.split("  ") for line in (unpacked / "SHA256SUMS").read_text().splitlines()]
    assert {name for _, name in named} == files - {"SHA256SUMS"}
    for digest, name in named:
        assert hashlib.sha256((unpacked / name).read_bytes()).hexdigest() == digest
    # What was committed, from which every score follows.
    assert [submission_faults(path) for path in sorted((unpacked / "submissions").iterdir())] == [()] * 4
    read = Leaderboard.model_validate_json((unpacked / "data/leaderboard.json").read_bytes())
    assert (read.commit, read.snapshot, len(read.submissions)) == (head, "2026-11", 4)

    citation = yaml.safe_load((folder / "CITATION.cff").read_text())
    assert (citation["version"], citation["commit"], citation["type"]) == ("2026-11", head, "dataset")
    assert (citation["date-released"], citation["url"]) == (
        "2026-01-01",
        "https://board.example.org/2026-11/",
    )
    zenodo = json.loads((folder / ".zenodo.json").read_text())
    assert {"title", "upload_type", "description", "creators", "version", "license"} <= set(zenodo)
    assert {"name": "Gus", "type": "DataCollector"} in zenodo["contributors"]
    datacite = json.loads((folder / "datacite.json").read_text())
    # The properties that the schema demands; the service adds the identifier.
    assert {"creators", "titles", "publisher", "publicationYear", "types"} <= set(datacite)
    assert datacite["types"]["resourceTypeGeneral"] == "Dataset"


def test_a_snapshot_never_moves_and_its_files_can_be_written_again(board: Repository, tmp_path: Path) -> None:
    assert snapshot("--name", "2026-05").exit_code == 3
    moved = snapshot("--name", "2026-05")
    assert "the snapshot 2026-05 is commit " in moved.output and "and never another" in moved.output
    assert not (board.folder / "snapshots").exists()
    tag = git(board.folder, "rev-parse", "snapshot-2026-05")
    for out in ("first", "second"):
        again = snapshot("--name", "2026-05", "--at", "snapshot-2026-05", "--out", str(tmp_path / out))
        assert again.exit_code == 0, again.output
    assert git(board.folder, "rev-parse", "snapshot-2026-05") == tag
    first, second = (tmp_path / out / "2026-05" for out in ("first", "second"))
    assert {path.name: path.read_bytes() for path in first.iterdir()} == {
        path.name: path.read_bytes() for path in second.iterdir()
    }
    existing = snapshot("--name", "2026-05", "--at", "snapshot-2026-05", "--out", str(tmp_path / "first"))
    assert (existing.exit_code, "File exists" in existing.output) == (3, True)


def test_a_snapshot_has_a_date_and_every_submission_can_be_read(board: Repository) -> None:
    assert snapshot("--name", "november").exit_code == 2
    git(board.folder, "rm", "--quiet", "submissions/gus/results/jupyterlab.parquet")
    (board.folder / "submissions/gus/submission.yaml").write_text("title: broken\n")
    git(board.folder, "commit", "--quiet", "--all", "-m", "broken")
    broken = snapshot("--name", "2026-12")
    assert broken.exit_code == 3
    assert "error: HEAD:gus: cannot be read: " in broken.output
    assert git(board.folder, "tag", "--list", "snapshot-2026-12") == ""
    assert not (board.folder / "snapshots").exists()
