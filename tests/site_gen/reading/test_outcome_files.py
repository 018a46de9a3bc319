"""The outcomes as files of the site."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.main import main
from harness.errors import BadInput
from site_gen.build import build
from site_gen.reading import outcome_files
from tests.support.folders import SITE_SUBMISSIONS, tree
from tests.support.kept_outcomes import move_outcomes
from tests.support.pull_requests import begin

ROW = "lantern-b-none"
FILE = f"data/outcomes/{ROW}/bucc2018_dev.parquet"
STORED = SITE_SUBMISSIONS / ROW / "results/bucc2018_dev.parquet"


@pytest.fixture
def submissions(tmp_path: Path) -> Path:
    shutil.copytree(SITE_SUBMISSIONS / ROW, tmp_path / "submissions" / ROW)
    return tmp_path / "submissions"


def test_outcomes_are_copied_and_linked_from_their_page(
    submissions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "public"
    build(submissions, out, "https://example.org/board")
    page = (out / f"submissions/{ROW}.html").read_text()
    assert (out / FILE).read_bytes() == STORED.read_bytes()
    assert f'<a href="../{FILE}">' in page
    assert f'pd.read_parquet("https://example.org/board/{FILE}")' in page
    build(submissions, out, outcomes=False)
    assert not (out / FILE).exists()
    assert FILE not in (out / f"submissions/{ROW}.html").read_text()
    monkeypatch.setattr(outcome_files, "MOST_BYTES", 1000)
    board = build(submissions, out).board
    assert not (out / FILE).exists()
    assert board.outcomes == frozenset()


def test_outcomes_that_the_board_keeps_elsewhere_give_the_same_site_or_are_linked_there(
    submissions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STILTBOARD_CACHE", str(tmp_path / "cache"))
    for outcomes in (True, False):
        build(submissions, tmp_path / f"git-{outcomes}", outcomes=outcomes)
    move_outcomes(submissions, tmp_path / "kept")
    build(submissions, tmp_path / "kept-True")
    assert tree(tmp_path / "kept-True") == tree(tmp_path / "git-True")
    page = f"submissions/{ROW}.html"
    build(submissions, tmp_path / "private", outcomes=False)
    assert "a file that the board keeps outside its repository" in (tmp_path / "private" / page).read_text()
    settings = submissions.parent / "stiltboard.yaml"
    settings.write_text(settings.read_text().replace("}", ", public: 'https://kept.example/a'}"))
    build(submissions, tmp_path / "public")
    digest = hashlib.sha256(STORED.read_bytes()).hexdigest()
    address = f"https://kept.example/a/{digest[:2]}/{digest}.parquet"
    assert (
        f'<a href="{address}"><code>{digest}.parquet</code></a>' in (tmp_path / "public" / page).read_text()
    )
    assert not (tmp_path / "public" / FILE).exists()


def test_outcomes_that_changed_while_they_were_read_are_refused(submissions: Path, tmp_path: Path) -> None:
    board = build(submissions, tmp_path / "public").board
    stored = submissions / ROW / "results/bucc2018_dev.parquet"
    stored.write_bytes(stored.read_bytes() + b"\0")
    files = outcome_files.outcome_files(board, submissions)
    with pytest.raises(BadInput, match="not the outcomes that the result names"):
        files[ROW, "bucc2018_dev"].make()


def test_an_earlier_revision_finds_outcomes_where_the_board_keeps_them_today(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STILTBOARD_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    shutil.copytree(SITE_SUBMISSIONS / ROW, tmp_path / "made/submissions" / ROW)
    move_outcomes(tmp_path / "made/submissions", tmp_path / "kept", where="../kept")
    board = begin(tmp_path / "board", tree(tmp_path / "made"))
    arguments = ["build", "--at", "HEAD", "--submissions", str(board.folder / "submissions")]
    first = CliRunner().invoke(main, [*arguments, "--out", "first"])
    assert first.exit_code == 0, first.output
    assert (tmp_path / "first" / FILE).read_bytes() == STORED.read_bytes()
    shutil.rmtree(tmp_path / "cache")
    (tmp_path / "kept").rename(tmp_path / "moved")
    assert CliRunner().invoke(main, [*arguments, "--out", "none"]).exit_code == 3
    (board.folder / "stiltboard.yaml").write_text("schema: 1\noutcomes: {where: ../moved}\n")
    second = CliRunner().invoke(main, [*arguments, "--out", "second"])
    assert second.exit_code == 0, second.output
    assert tree(tmp_path / "second") == tree(tmp_path / "first")
