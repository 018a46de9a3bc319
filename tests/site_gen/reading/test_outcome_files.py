"""The outcomes as files of the site."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from harness.errors import BadInput
from site_gen.build import build
from site_gen.reading import outcome_files
from tests.support.folders import SITE_SUBMISSIONS, tree
from tests.support.kept_outcomes import move_outcomes

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
