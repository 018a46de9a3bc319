"""Reviews of a board that keeps outcomes outside git."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from harness.errors import Unreachable
from harness.records.outcome_settings import kept_name
from harness.review import Review, Verdict, review
from harness.store.yaml.parser import dump
from tests.support.pull_requests import Edits, Repository, about, begin, measured, written

BOT = "github-actions[bot]"
OUTCOMES = "submissions/mine/results/jupyterlab.parquet"
NEW = "submissions/new/submission.yaml"


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Return a board whose outcomes are in `kept`, but for those of one row, which are in git still."""
    monkeypatch.setenv("STILTBOARD_CACHE", str(tmp_path / "cache"))
    settings = {"schema": "1", "maintainers": ["Carol"], "workflows": [BOT], "outcomes": {"where": "../kept"}}
    theirs = written(tmp_path / "made", *measured("theirs", draw=1))
    files = {
        "stiltboard.yaml": dump(settings).encode(),
        "submissions/mine/submission.yaml": about("mine", "ada"),
        "submissions/theirs/submission.yaml": about("theirs", "bob"),
        **written(tmp_path / "made", *measured("mine")),
        **{path: data for path, data in theirs.items() if path.endswith(".yaml")},
    }
    (tmp_path / "kept").mkdir()
    keep(tmp_path, next(data for path, data in theirs.items() if path.endswith(".parquet")))
    return begin(tmp_path / "board", files)


def keep(folder: Path, data: bytes) -> Path:
    path = folder / "kept" / kept_name(hashlib.sha256(data).hexdigest())
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path


def judge(board: Repository, edits: Edits, actor: str, merged: Path | None = None) -> Review:
    head = board.pull(edits)
    return review(board.base, head, board.folder / "submissions", actor=actor, merged_folder=merged)


def reasons(found: Review) -> list[tuple[str, str]]:
    return [(reason.rule, reason.what) for reason in found.reasons]


@pytest.mark.parametrize("actor", ["Carol", BOT])
def test_outcomes_go_out_of_git_once_their_place_has_them(
    board: Repository, tmp_path: Path, actor: str
) -> None:
    digest = hashlib.sha256(board.files[OUTCOMES]).hexdigest()
    missing = f"the outcomes with sha256 {digest} are not in {tmp_path}/kept: nothing can be verified"
    found = judge(board, {OUTCOMES: None}, actor)
    assert (found.verdict, reasons(found)) == (Verdict.REFUSED, [("invalid", missing)])
    path = keep(tmp_path, board.files[OUTCOMES])
    found = judge(board, {OUTCOMES: None}, actor)
    assert (found.verdict, reasons(found)) == (Verdict.ACCEPTED, [])
    found = judge(board, {OUTCOMES: None}, "ada")
    assert (found.verdict, [rule for rule, _ in reasons(found)]) == (Verdict.REFUSED, ["deleted"])
    path.unlink()
    both: Edits = {OUTCOMES: None, OUTCOMES.replace("parquet", "yaml"): None}
    assert "deleted" in [rule for rule, _ in reasons(judge(board, both, actor))]


def test_a_pull_request_brings_its_outcomes_and_extends_a_result_whose_outcomes_are_elsewhere(
    board: Repository, tmp_path: Path
) -> None:
    new = {NEW: about("new", "ada"), **written(tmp_path / "new", *measured("new", draw=5))}
    merged = tmp_path / "merged"
    assert judge(board, new, "ada", merged).verdict is Verdict.ACCEPTED
    assert f"where: {tmp_path}/kept" in (merged / ".stiltboard.yaml").read_text()
    more = written(tmp_path / "more", *measured("theirs", ("it", "de", "fi"), draw=1))
    found = judge(board, more, "bob")
    assert [(change.new, change.measured) for change in found.results] == [(False, 3)]
    assert found.diff.comparisons


def test_a_copy_of_outcomes_that_are_elsewhere_is_noticed_by_their_digest(
    board: Repository, tmp_path: Path
) -> None:
    result, table = measured("theirs", draw=1)
    copy = written(tmp_path / "copy", result.model_copy(update={"submission": "new"}), table)
    found = judge(board, {NEW: about("new", "ada"), **copy}, "ada")
    assert ("copied", "has the outcomes of theirs, byte for byte") in reasons(found)


def test_the_place_is_that_of_the_base_and_has_to_answer(board: Repository, tmp_path: Path) -> None:
    other = board.files["stiltboard.yaml"].replace(b"../kept", b"../other")
    more = written(tmp_path / "more", *measured("theirs", ("it", "de", "fi"), draw=1))
    (tmp_path / "kept").rename(tmp_path / "other")
    with pytest.raises(Unreachable, match="there is no such folder"):
        judge(board, {**more, "stiltboard.yaml": other}, "bob")
    (tmp_path / "other").rename(tmp_path / "kept")
    assert [change.new for change in judge(board, more, "bob").results] == [False]
