"""`stiltboard outcomes`: out of git into a folder, back, and checked."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness import store
from harness.cli.main import main
from harness.records.outcome_settings import kept_name
from tests.support.folders import SUBMISSIONS, tree


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STILTBOARD_CACHE", str(tmp_path / "cache"))
    (tmp_path / "kept").mkdir()
    (tmp_path / "stiltboard.yaml").write_text("schema: 1\noutcomes: {where: kept}\n")
    return Path(shutil.copytree(SUBMISSIONS / "toy", tmp_path / "submissions/toy").parent)


def run(board: Path, *arguments: str, code: int = 0) -> Result:
    done = CliRunner().invoke(main, ["outcomes", *arguments, "--submissions", str(board)])
    assert done.exit_code == code, done.output
    return done


def parquet(board: Path) -> Path:
    return board / "toy/results/jupyterlab.parquet"


def test_outcomes_are_pushed_removed_checked_and_pulled(board: Path, tmp_path: Path) -> None:
    data, kept = parquet(board).read_bytes(), tmp_path / "kept"
    digest = store.load_result(parquet(board).with_suffix(".yaml")).outcomes.sha256
    assert run(board, "push").stdout == f"1 file pushed to {kept}, 0 there already\n"
    assert tree(kept) == {kept_name(digest): data}
    assert run(board, "check").stdout == f"0 files as their results say in {kept}, 1 next to their results\n"
    done = run(board, "push", "toy", "--remove", "-q")
    assert (done.stdout, done.stderr) == (f"0 files pushed to {kept}, 1 there already, 1 removed here\n", "")
    assert not parquet(board).exists()
    assert run(board, "check").stdout == f"1 file as their results say in {kept}, 0 next to their results\n"
    assert run(board, "check", "--listing").stdout.startswith("1 file listed, not read, in ")
    assert run(board, "pull").stdout == f"1 file pulled from {kept}, 0 here already\n"
    assert run(board, "pull").stdout == f"0 files pulled from {kept}, 1 here already\n"
    assert run(board, "pull", "--files").stdout == f"1 file pulled from {kept}, 0 here already\n"
    assert parquet(board).read_bytes() == data


def test_what_is_missing_or_changed_is_named_and_nothing_is_removed(board: Path, tmp_path: Path) -> None:
    run(board, "push", "--remove")
    (kept,) = (tmp_path / "kept").rglob("*.parquet")
    data = kept.read_bytes()
    kept.write_bytes(data[:-1])
    for arguments in (("check",), ("pull",)):
        done = run(board, *arguments, code=1)
        assert (
            f"error: {parquet(board)}: {kept} has other content: the result names sha256 {kept.stem}"
            in done.stderr
        )
    kept.unlink()
    for option in ((), ("--listing",)):
        assert (
            f"the outcomes with sha256 {kept.stem} are not in" in run(board, "check", *option, code=1).stderr
        )
    parquet(board).write_bytes(b"other")
    done = run(board, "push", "--remove", code=1)
    assert "but the result names" in done.stderr and parquet(board).read_bytes() == b"other"
    parquet(board).write_bytes(data)
    kept.write_bytes(bytes(len(data)))  # as large, and damaged
    assert run(board, "push").stdout.startswith("0 files pushed")
    assert run(board, "push", "--check").stdout.startswith("1 file pushed")
    assert kept.read_bytes() == data == parquet(board).read_bytes()
    kept.write_bytes(bytes(len(data)))
    assert run(board, "push", "--remove").stdout.startswith("1 file pushed")
    assert kept.read_bytes() == data and not parquet(board).exists()


def test_a_board_without_a_place_and_a_place_that_is_gone_are_named(board: Path, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "kept")
    assert f"{tmp_path}/kept: there is no such folder" in run(board, "push", code=3).stderr
    (tmp_path / "stiltboard.yaml").unlink()
    assert "names no place for outcomes: all of them are in git" in run(board, "check", code=2).stderr


def test_an_archive_for_a_colleague_has_the_outcomes(board: Path, tmp_path: Path) -> None:
    data = parquet(board).read_bytes()
    run(board, "push", "--remove")
    out = tmp_path / "toy.tar.gz"
    done = CliRunner().invoke(main, ["pack", "toy", "--out", str(out), "--submissions", str(board)])
    assert done.exit_code == 0, done.output
    with tarfile.open(out) as archive:
        file = archive.extractfile("toy/results/jupyterlab.parquet")
        assert file is not None and file.read() == data
