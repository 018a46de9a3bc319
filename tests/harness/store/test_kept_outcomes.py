from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import harness
from harness import store
from harness.cli.main import main
from harness.errors import Unreachable
from harness.records import OutcomeSettings
from harness.store.kept_outcomes import outcome_path
from tests.support.folders import SUBMISSIONS
from tests.support.kept_outcomes import move_outcomes


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STILTBOARD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def board(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SUBMISSIONS / "toy", tmp_path / "board/submissions/toy").parent)


def run(board: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--submissions", str(board)])


def test_outcomes_in_a_folder_are_read_as_if_they_were_in_git(board: Path, tmp_path: Path) -> None:
    before = harness.load_side(board / "toy")
    path = board / "toy/results/jupyterlab.yaml"
    (new,) = move_outcomes(board, tmp_path / "kept", where="../kept").values()
    assert harness.load_side(board / "toy") == before
    assert store.submission_faults(board / "toy") == ()
    assert outcome_path(path, store.load_result(path)).read_bytes() == new.read_bytes()


def test_missing_and_other_content_is_a_fault_and_nothing_is_verified(board: Path, tmp_path: Path) -> None:
    (kept,) = move_outcomes(board, tmp_path / "kept").values()
    kept.write_bytes(b"other")
    done = run(board, "verify", "--by", "Ada")
    assert done.exit_code == 1
    assert "toy jupyterlab: FAILED (file)" in done.stdout
    assert f"{kept} has other content: the result names sha256 {kept.stem}, found sha256 " in done.stdout
    kept.unlink()
    done = run(board, "verify", "--by", "Ada")
    assert done.exit_code == 1
    assert (
        f"the outcomes with sha256 {kept.stem} are not in {tmp_path}/kept: nothing can be verified"
        in done.stdout
    )
    assert store.load_verification(board / "toy") is None
    assert [fault.message for fault in store.submission_faults(board / "toy")] == [
        f"the outcomes with sha256 {kept.stem} are not in {tmp_path}/kept: nothing can be verified"
    ]


@pytest.mark.parametrize("command", ["verify", "validate", "build"])
def test_a_place_that_is_gone_ends_the_command_with_3(board: Path, tmp_path: Path, command: str) -> None:
    move_outcomes(board, tmp_path / "kept")
    shutil.rmtree(tmp_path / "kept")
    more = ("--out", str(tmp_path / "site")) if command == "build" else ()
    done = run(board, command, *more)
    assert (done.exit_code, done.stdout, (tmp_path / "site").exists()) == (3, "", False)
    assert f"error: {tmp_path}/kept: there is no such folder" in done.stderr
    with pytest.raises(Unreachable):
        harness.load_side(board / "toy")


def test_a_file_next_to_the_result_comes_first(board: Path, tmp_path: Path) -> None:
    data = (board / "toy/results/jupyterlab.parquet").read_bytes()
    (kept,) = move_outcomes(board, tmp_path / "kept").values()
    kept.write_bytes(b"other")
    (board / "toy/results/jupyterlab.parquet").write_bytes(data)
    assert store.submission_faults(board / "toy") == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{where: 'ftp://host/x'}", "expected a folder, s3://BUCKET/PREFIX or hf://datasets/OWNER/NAME"),
        ("{where: 's3://Bucket'}", "expected a folder, s3://BUCKET/PREFIX or hf://datasets/OWNER/NAME"),
        ("{where: 'simplecache::s3://bucket'}", "expected a folder, s3://BUCKET/PREFIX"),
        ("{where: kept, anonymous: true}", "anonymous is for a bucket, s3://…"),
        ("{where: kept, cache_gb: 0}", "cache_gb"),
        ("{where: kept, secret: x}", "secret"),
    ],
)
def test_faulty_settings_are_named_where_outcomes_are_missing(board: Path, text: str, message: str) -> None:
    path = board.parent / "stiltboard.yaml"
    path.write_text(f"schema: 1\noutcomes: {text}\n")
    assert store.submission_faults(board / "toy") == ()
    (board / "toy/results/jupyterlab.parquet").unlink()
    (fault,) = store.submission_faults(board / "toy")
    assert message in fault.message and str(fault.where).startswith(str(path))


def test_the_public_address_is_that_of_the_settings_or_of_the_hub(board: Path) -> None:
    result = store.load_result(board / "toy/results/jupyterlab.yaml")
    digest = result.outcomes.sha256
    name = f"{digest[:2]}/{digest}.parquet"
    assert OutcomeSettings(where="kept").public_address(digest) is None
    bucket = OutcomeSettings(where="s3://bucket/a", public="https://a.example/b/")
    assert bucket.public_address(digest) == f"https://a.example/b/{name}"
    hub = OutcomeSettings(where="hf://datasets/org/set/a")
    assert hub.public_address(digest) == f"https://huggingface.co/datasets/org/set/resolve/main/a/{name}"
