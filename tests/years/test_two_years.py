"""Two years of a board's life, event by event, with the commands of docs/maintaining.md."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness import store
from harness.catalog import BY_NAME
from harness.cli.main import main
from harness.records import EvaluationRun
from harness.review import Review, Verdict, review
from harness.upkeep.rescoring import rescore
from tests.support.acts import SETTINGS
from tests.support.changed_targets import (
    TARGET,
    StrictTable,
    changed_target,
    corrected_text,
    later_score,
    second_version,
    with_table,
)
from tests.support.folders import ROOT
from tests.support.pull_requests import about, begin, git, written
from tests.support.sound import every_cell, sound

# The commit of this repository that brought the first results.
FIRST_RESULTS = "854762a"
LANGUAGES = BY_NAME[TARGET].languages


@dataclass
class Board:
    """A repository with a board; every event ends with a commit that a review accepted."""

    folder: Path
    site: Path

    @property
    def submissions(self) -> Path:
        """Return the folder of the submissions."""
        return self.folder / "submissions"

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run a command on the board, which has to end with this exit code, and return what it prints."""
        done = CliRunner().invoke(main, [*arguments, "--submissions", str(self.submissions)])
        assert done.exit_code == code, f"{arguments}: {done.exit_code}\n{done.output}"
        return done.output

    def propose(self, message: str) -> str:
        """Commit what changed, on a branch, and return the commit."""
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--message", message)
        return git(self.folder, "rev-parse", "HEAD")

    def judge(self, head: str, actor: str, base: str = "HEAD~1") -> Review:
        """Review a commit as a pull request of an account."""
        return review(git(self.folder, "rev-parse", base), head, self.submissions, actor=actor)

    def accept(self, message: str, actor: str = "carol") -> Review:
        """Commit what changed and let it be judged; it has to be accepted."""
        found = self.judge(self.propose(message), actor)
        assert found.verdict is Verdict.ACCEPTED, (message, [reason.what for reason in found.reasons])
        return found

    def refuse(self, files: Mapping[str, bytes], actor: str) -> Review:
        """Let a pull request with these files be judged, which has to be refused, and forget it."""
        for name, data in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        found = self.judge(self.propose("refused"), actor)
        git(self.folder, "reset", "--quiet", "--hard", "HEAD~1")
        assert found.verdict is Verdict.REFUSED, (sorted(files), found.verdict)
        return found

    def built(self, code: int = 0) -> Path:
        """Build the site, and return its folder."""
        self.run("build", "--out", str(self.site), "--base-url", "https://board.example/", code=code)
        return self.site

    def rank(self, slug: str) -> object:
        """Return a row's rank on the target in the published JSON; None where it has none."""
        rows = json.loads((self.site / "data/leaderboard.json").read_bytes())["submissions"]
        (row,) = (row for row in rows if row["slug"] == slug)
        return row["targets"][TARGET]["rank"]


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Board:
    """Return a board of three rows with results, each of one account, that Carol maintains."""
    monkeypatch.setenv("STILTBOARD_CACHE", str(tmp_path / "cache"))
    files = {"stiltboard.yaml": SETTINGS, ".gitignore": (ROOT / ".gitignore").read_bytes()}
    for number, slug in enumerate(("alpha", "beta", "gamma")):
        cells = every_cell(BY_NAME[TARGET], LANGUAGES, right=0.4 + 0.1 * number)
        result, table = sound(BY_NAME[TARGET], cells, slug)
        runs = (EvaluationRun(date="2026-02-03T04:05:06Z", device="cpu", dtype="float32"),)
        checkpoint = result.checkpoints[0].model_copy(update={"weights": f"sha256:{number}{'a' * 63}"})
        result = result.model_copy(update={"runs": runs, "checkpoints": (checkpoint,)})
        files[f"submissions/{slug}/submission.yaml"] = about(slug, slug)
        files |= written(tmp_path / "results", result, table)
    repository = begin(tmp_path / "board", files)
    return Board(repository.folder, tmp_path / "site")


def older(text: bytes) -> bytes:
    """Return a result as the first format wrote it."""
    body = text.partition(b"# sha256")[0].replace(b"schema: 2", b"schema: 1", 1)
    before, _, runs = body.partition(b"\nruns:\n")
    lines = [line[4:] for line in runs.splitlines()]
    return before + b"\nrun:\n" + b"".join(b"  " + line + b"\n" for line in lines)


def a_new_format(board: Board) -> None:
    paths = sorted(board.submissions.glob("*/results/*.yaml"))
    for path in paths:
        path.write_bytes(older(path.read_bytes()))
    git(board.folder, "add", "--all")
    git(board.folder, "commit", "--quiet", "--amend", "--message", "the board, in the format of then")
    before = {path: store.load_result(path) for path in paths}
    board.run("validate")
    board.built()
    # Between the two merges a forged result is refused as it was before.
    path = "submissions/beta/results/jupyterlab.yaml"
    forged = re.sub(rb"score: [0-9]", b"score: 9", (board.folder / path).read_bytes(), count=1)
    board.refuse({path: forged}, "beta")
    board.run("migrate", "--check", code=1)
    board.run("migrate")
    found = board.accept("Migrate to the current formats")
    assert {reason.rule for reason in found.reasons} == {"migrated"}
    assert {path: store.load_result(path) for path in paths} == before
    assert "all files are in the current formats" in board.run("migrate")
    board.refuse({path: forged}, "beta")
    done = CliRunner().invoke(
        main, ["diff", "HEAD~1:beta", "beta", "--submissions", str(board.submissions), "-t", TARGET]
    )
    assert done.exit_code == 0 and "+0.00" in done.output


def a_corrected_text(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as events:
        corrected_text(events, "de")
        assert "beta" in board.run("stale")
        board.run("validate")
        board.built()
        assert board.rank("beta") is None
        page = (board.site / "submissions/beta.html").read_text()
        assert "measured on the text of before 2026-05-01" in page
        # A licence is corrected as before.
        path = board.submissions / "beta/submission.yaml"
        path.write_text(path.read_text().replace("license: MIT", "license: Apache-2.0"))
        found = board.judge(board.propose("licence"), "beta")
        assert found.verdict is Verdict.MAINTAINER and {reason.rule for reason in found.reasons} == {"edited"}


def a_later_score_and_a_fixed_protocol(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as events:
        later_score(events)
        board.run("validate")
        rescore(board.submissions / "gamma", TARGET, "2026-06-01T00:00:00Z")
        board.accept("Score gamma again", "gamma")
        git(board.folder, "revert", "--no-edit", "HEAD")
    with monkeypatch.context() as events:
        with_table(events, StrictTable())
        changed_target(events, **second_version())
        assert "now it is v2 of 2026-05-01" in board.run("stale")
        board.built()
        board.run("rescore", "beta", "-t", TARGET)
        board.accept("Score beta by version 2", "beta")
        board.built()
        assert "ties were counted as hits" in (board.site / "submissions/beta.html").read_text()
        # A superseding row is taken back with git, as documented.
        git(board.folder, "revert", "--no-edit", "HEAD")
        found = board.judge("HEAD", "carol")
        assert found.verdict is Verdict.ACCEPTED
        assert {reason.rule for reason in found.reasons} == {"restored"}


def libraries_move_on(board: Board) -> None:
    path = board.submissions / "alpha/results/jupyterlab.yaml"
    result, table = store.load_result(path), store.load_outcomes(path, store.load_result(path))
    first = result.runs[0].model_copy(
        update={"versions": {"transformers": "4.57.0"}, "cells": {"0": LANGUAGES[1:]}}
    )
    second = first.model_copy(
        update={
            "date": "2026-09-01T00:00:00Z",
            "versions": {"transformers": "5.23.0"},
            "cells": {"0": LANGUAGES[:1]},
        }
    )
    store.write_result(
        board.submissions / "alpha", result.model_copy(update={"runs": (first, second)}), table
    )
    board.accept("Measure a language again", "alpha")
    board.built()
    page = (board.site / "submissions/alpha.html").read_text()
    assert "Measured under different conditions" in page and "4.57.0 and 5.23.0" in page


def a_rows_life(board: Board) -> None:
    board.run("rename", "alpha", "omega")
    board.accept("Rename alpha")
    board.run("notice", "omega", "--kind", "disputed", "--reason", "the weights are in question")
    board.run("notice", "gamma", "--kind", "weights-gone", "--reason", "404 on the Hub")
    board.accept("Attach notices")
    board.built()
    assert board.rank("omega") is None and board.rank("gamma") is not None
    assert "omega" in (board.site / "submissions/alpha.html").read_text()
    assert "the weights are in question" in (board.site / "submissions/omega.html").read_text()
    board.run("notice", "omega", "--kind", "disputed", "--lift")
    board.accept("Lift the dispute")
    board.built()
    assert board.rank("omega") is not None
    board.refuse({"submissions/alpha/submission.yaml": about("alpha", "mallory")}, "mallory")
    board.run("withdraw", "gamma", "--reason", "asked for by its submitter")
    board.accept("Withdraw gamma")
    board.built()
    assert "asked for by its submitter" in (board.site / "submissions/gamma.html").read_text()
    for account in ("mallory", "gamma", "carol"):
        board.refuse({"submissions/gamma/submission.yaml": about("gamma", account)}, account)


def a_snapshot(board: Board) -> None:
    out = board.site.parent / "snapshot"
    board.run("snapshot", "--name", "2026-11", "--out", str(out))
    assert any(path.suffix in (".gz", ".zip") for path in (out / "2026-11").iterdir())
    assert "snapshot-2026-11" in git(board.folder, "tag", "--list")
    board.run("snapshot", "--name", "2026-11", "--out", str(out), code=3)


@pytest.mark.slow
def test_two_years_of_a_board(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    a_new_format(board)
    a_corrected_text(board, monkeypatch)
    a_later_score_and_a_fixed_protocol(board, monkeypatch)
    libraries_move_on(board)
    a_rows_life(board)
    a_snapshot(board)
    board.run("validate")
    board.run("missing")


@pytest.mark.slow
def test_the_first_board_of_this_repository_and_todays_are_migrated_and_verified(tmp_path: Path) -> None:
    first = tmp_path / "first"
    first.mkdir()
    archive = subprocess.run(
        ["git", "-C", str(ROOT), "archive", FIRST_RESULTS, "submissions"], capture_output=True, check=True
    )
    subprocess.run(["tar", "-x", "-C", str(first)], input=archive.stdout, check=True)
    today = tmp_path / "today"
    shutil.copytree(ROOT / "submissions", today / "submissions", ignore=shutil.ignore_patterns("checkpoints"))
    for root in (first, today):
        submissions = root / "submissions"
        for arguments in (["migrate"], ["migrate", "--check"], ["verify"]):
            done = CliRunner().invoke(main, [*arguments, "--submissions", str(submissions)])
            assert done.exit_code == 0, (root.name, arguments, done.output[-2000:])
    (result,) = store.load_results(first / "submissions/me5-small-l3")
    now = {result.target: result for result in store.load_results(today / "submissions/me5-small-l3")}
    assert now["tatoeba"].score == result.score
    done = CliRunner().invoke(
        main,
        ["diff", f"{FIRST_RESULTS}:me5-small-l3", "me5-small-l3", "-t", "tatoeba"],
        catch_exceptions=False,
    )
    assert done.exit_code == 0 and "no difference shown" in done.output
