from __future__ import annotations

import shutil
from pathlib import Path

from click.testing import CliRunner

from harness.cli.main import main
from harness.store.shared_weights import shared_weights, weights_of_board
from tests.support.folders import ROOT

TOY = ROOT / "tests/fixtures/submissions/toy"


def board(tmp_path: Path) -> Path:
    """Two submissions with one digest of weights, and one without results."""
    root = tmp_path / "submissions"
    for slug in ("one", "two", "three"):
        shutil.copytree(TOY, root / slug)
        for path in (root / slug / "results").glob("*.yaml"):
            path.write_text(path.read_text().replace("submission: toy", f"submission: {slug}"))
    shutil.rmtree(root / "three/results")
    return root


def test_submissions_that_share_weights_are_named(tmp_path: Path) -> None:
    index = weights_of_board(board(tmp_path))
    assert [list(shared_weights(slug, index)) for slug in ("one", "two", "three")] == [
        ["has the same weights as two"],
        ["has the same weights as one"],
        [],
    ]


def test_a_result_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    root = board(tmp_path)
    (path,) = (root / "two/results").glob("*.yaml")
    path.unlink()
    path.symlink_to(tmp_path)
    assert list(shared_weights("one", weights_of_board(root))) == []


def test_validate_notes_them(tmp_path: Path) -> None:
    answer = CliRunner().invoke(main, ["validate", "one", "--submissions", str(board(tmp_path))])
    assert "  note: has the same weights as two\n" in answer.stdout
