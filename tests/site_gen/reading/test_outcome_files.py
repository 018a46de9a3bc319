"""The outcomes as files of the site."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.errors import BadInput
from site_gen.build import build
from site_gen.reading import outcome_files
from tests.support.folders import SITE_SUBMISSIONS

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


def test_outcomes_that_changed_while_they_were_read_are_refused(submissions: Path, tmp_path: Path) -> None:
    board = build(submissions, tmp_path / "public").board
    stored = submissions / ROW / "results/bucc2018_dev.parquet"
    stored.write_bytes(stored.read_bytes() + b"\0")
    files = outcome_files.outcome_files(board, submissions)
    with pytest.raises(BadInput, match="not the outcomes that the result names"):
        files[ROW, "bucc2018_dev"].make()
