"""Stored results, models, languages and the cache, looked at without model, data or network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness import store
from harness.cli.main import main
from harness.models.vector_cache import VectorSpace
from tests.environments.board import TARGET, Board, make_board
from tests.support.pull_requests import measured, written


@pytest.fixture
def board(toy_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Board:
    """Return a board with two measured rows and one that waits, as the working folder."""
    made = make_board(tmp_path, toy_encoder)
    monkeypatch.chdir(made.folder)
    return made


def run(*arguments: str, code: int = 0) -> Result:
    answer = CliRunner().invoke(main, list(arguments))
    assert answer.exit_code == code, answer.output
    return answer


def test_stored_scores_are_shown_side_by_side(board: Board) -> None:
    said = run("show", "alpha", "beta").stdout
    scores = [
        store.load_result(Path(f"submissions/{slug}/results/jupyterlab.yaml")).score
        for slug in ("alpha", "beta")
    ]
    assert said.splitlines()[0].startswith("jupyterlab (accuracy")
    (mean,) = (line for line in said.splitlines() if line.strip().startswith("mean"))
    assert all(f"{score:.2f}" in mean for score in scores)
    line = json.loads(run("show", "alpha", "--json").stdout)
    assert (line["model"], line["score"]) == ("alpha", scores[0])
    assert "\\midrule" in run("show", "alpha", "--format", "latex").stdout


def test_showing_imports_no_torch(board: Board) -> None:
    code = "import sys\nfrom harness.cli.main import main\ntry:\n    main(['show', 'alpha'])\nexcept SystemExit as end:\n    assert not end.code\nassert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env=os.environ)


def test_a_folder_from_elsewhere_is_read_under_any_name(board: Board, tmp_path: Path) -> None:
    other = shutil.copytree("submissions/alpha", tmp_path / "from a friend")
    assert "alpha: jupyterlab|" in run("show", str(other)).stdout
    assert run("diff", str(other), "beta").stdout.startswith("first: alpha\nsecond: beta\n")
    # Under submissions/ a copy is still a fault.
    shutil.copytree("submissions/alpha", "submissions/gamma")
    assert "expected gamma as in the file's path" in run("validate", "gamma", code=3).output


def test_a_score_under_its_threshold_fails(board: Board) -> None:
    run("show", "alpha", "beta", "--fail-under", "jupyterlab=40")
    answer = run("show", "alpha", "beta", "--fail-under", "jupyterlab=50", code=1)
    assert "error: alpha: jupyterlab 40.90 is under 50" in answer.stderr and "beta" not in answer.stderr
    run("diff", "alpha", "beta", "--fail-under", "jupyterlab=50")
    run("diff", "beta", "alpha", "--fail-under", "jupyterlab=50", code=1)
    assert "is not TARGET=POINTS" in run("show", "alpha", "--fail-under", "jupyterlab", code=2).stderr
    run("diff", "HEAD~1..HEAD", "--fail-under", "jupyterlab=50", code=2)


def test_an_incomplete_result_has_an_exit_code_of_its_own(board: Board, tmp_path: Path) -> None:
    for name, data in written(tmp_path / "part", *measured("waiting")).items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(data)
    answer = run("show", "waiting", "--fail-under", "jupyterlab=1", code=5)
    assert f"lacks {len(TARGET.languages) - 2} of {len(TARGET.languages)} languages" in answer.stderr
    assert "tatoeba: no result" in run("show", "alpha", "--fail-under", "tatoeba=1", code=5).stderr
    assert "mean of 2 of 12 languages, not the score" in run("show", "waiting").stdout


def test_models_are_listed_with_filters(board: Board) -> None:
    lines = run("list", "models", "-t", "JupyterLab").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["slug", "alpha", "beta"]
    assert lines[1].endswith("40.90")
    assert len(run("list", "models").stdout.splitlines()) == 4
    assert run("list", "models", "--regime", "english").stdout.count("\n") == 1
    listed = json.loads(run("list", "models", "-t", "jupyterlab", "-l", "de", "--json").stdout)
    assert [entry["slug"] for entry in listed] == ["alpha", "beta"]
    assert listed[1]["scores"]["jupyterlab"]["score"] == pytest.approx(60.87, abs=0.01)


def test_languages_and_targets_are_listed(board: Board) -> None:
    assert run("list", "models", "-l", "deu").stdout == run("list", "models", "-l", "de").stdout
    assert run("list", "targets", "-t", "xquad-r", "-l", "spa").stdout.splitlines()[1].startswith("xquad_r ")
    assert run("list", "targets", "-t", "retrieval", "-l", "tl").stdout.count("\n") == 2
    assert run("list", "languages", "-l", "zh-CN").stdout.splitlines()[1].startswith("zh    Chinese")
    lines = run("list", "languages", "-t", "xquad-r").stdout.splitlines()
    assert lines[1].split() == [
        "ar",
        "Arabic",
        "Arab",
        "Afro-Asiatic",
        "xlm-roberta",
        "multilingual-e5",
        "xquad_r",
    ]
    assert len(lines) == 12
    assert run("list", "targets").stdout == run("targets").stdout
    entries = json.loads(run("list", "languages", "-t", "retrieval", "--json").stdout)
    assert {name for entry in entries for name in entry["targets"]} == {"tatoeba", "bucc2018"}


def test_a_packed_submission_is_read_where_it_is_unpacked(board: Board, tmp_path: Path) -> None:
    run("pack", "alpha", "-o", "one.tar.gz")
    run("pack", "alpha", "-o", "two.tar.gz")
    assert Path("one.tar.gz").read_bytes() == Path("two.tar.gz").read_bytes()
    with tarfile.open("one.tar.gz") as archive:
        archive.extractall(tmp_path / "elsewhere", filter="data")
    (tmp_path / "elsewhere/alpha").rename(tmp_path / "elsewhere/renamed")
    assert run("show", str(tmp_path / "elsewhere/renamed")).stdout == run("show", "alpha").stdout
    assert "the file exists" in run("pack", "alpha", "-o", "one.tar.gz", code=3).stderr


def test_the_cache_is_listed_and_cleaned(own_cache: Path) -> None:
    import numpy as np

    space = VectorSpace(own_cache, about="org/model@main, mean of h3", weights="a")
    space.put(["text"], np.ones((1, 4), np.float32))
    space.close()
    (own_cache / "site").mkdir()
    (own_cache / "site/a.sqlite").write_bytes(bytes(3 * 2**20))
    os.utime(own_cache / "site/a.sqlite", (0, 0))
    (own_cache / "opened").mkdir()
    (own_cache / "opened/busy").write_bytes(b"x")
    said = run("cache").stdout
    assert "org/model@main, mean of h3" in said and said.index("a.sqlite") < said.index("org/model")
    assert "busy" not in said
    entries = [json.loads(line) for line in run("cache", "--json").stdout.splitlines()]
    assert [entry["kind"] for entry in entries] == ["site", "vectors"] and entries[0]["days"] > 10_000
    assert "nothing says what to delete" in run("cache", "clean", code=2).stderr
    run("cache", "clean", "--all", "--dry-run")
    assert (own_cache / "site/a.sqlite").exists()
    run("cache", "clean", "--older-than", "30")
    assert not (own_cache / "site/a.sqlite").exists() and "text" in VectorSpace(own_cache, weights="a")
    assert "1 entries" in run("cache", "clean", "--model", "org/model").stdout
    assert "text" not in VectorSpace(own_cache, weights="a")
    assert (own_cache / "opened/busy").exists()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("show al", ["alpha"]),
        ("diff alpha b", ["beta"]),
        ("evaluate x -t tatoeba,xquad_r", ["tatoeba,xquad_r", "tatoeba,xquad_retrieval"]),
        ("evaluate x -t xquad_r -l e", ["el", "en", "es"]),
        ("verif", ["verify"]),
    ],
)
def test_the_shell_completes(
    words: str, expected: list[str], board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_STILTBOARD_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", f"stiltboard {words}")
    monkeypatch.setenv("COMP_CWORD", str(len(words.split())))
    answer = CliRunner().invoke(main, prog_name="stiltboard")
    found = [line.partition(",")[2] for line in answer.stdout.splitlines() if line.startswith("plain,")]
    assert found == expected, answer.output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_each_shell(shell: str) -> None:
    assert "_STILTBOARD_COMPLETE" in run("completion", shell).stdout


def test_the_former_name_of_the_option_goes_on_to_work(board: Board) -> None:
    assert (
        run("diff", "alpha", "beta", "--lang", "de").stdout == run("diff", "alpha", "beta", "-l", "de").stdout
    )
    assert "--lang " not in run("diff", "--help").stdout
