"""The scripts of the workflow that asks the Hub about weights, run against a repository here."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.records import Notice, NoticeKind
from harness.store.notices import add_notice, load_notices
from tests.support.pull_requests import Repository, about, begin, git
from tests.test_workflows import Runner, commands_in

NOTICE = Notice(
    kind=NoticeKind.WEIGHTS_GONE, date="2026-03-02T05:23:00Z", reason="the Hub has no commit 0123456789ab"
)


@pytest.fixture
def origin(tmp_path: Path) -> Repository:
    rows = {f"submissions/{slug}/submission.yaml": about(slug, "ada") for slug in ("mine", "other")}
    return begin(tmp_path / "origin", {**rows, ".gitignore": b".results.lock\n"})


@pytest.fixture
def runner(origin: Repository, tmp_path: Path) -> Runner:
    made = Runner(tmp_path / "check", origin.folder)
    made.program(
        "gh",
        f'echo "$@" >> {tmp_path}/gh.log; [[ "$1 $2" != "run download" ]] || cp -r {tmp_path}/artifacts "$9"; '
        f'[[ "$1 $2" != "pr list" ]] || cat {tmp_path}/open 2> /dev/null || true',
    )
    return made


def judged(runner: Runner) -> None:
    done = runner.run("weights", "check", "Commit and judge the notices")
    assert done.returncode == 0, done.stderr
    assert (runner.temp / "output").read_text() == "changed=true\n"


def proposer(runner: Runner, origin: Repository, folder: Path) -> Runner:
    writer = Runner(folder, origin.folder)
    shutil.copy(runner.programs / "gh", writer.programs)
    assert writer.run("weights", "propose", "Download the commit").returncode == 0
    return writer


@pytest.mark.parametrize(("code", "ends", "warned"), [(0, 0, False), (1, 0, True), (3, 3, False)])
def test_an_unclear_answer_is_a_warning_and_a_failure_ends_the_job(
    runner: Runner, code: int, ends: int, warned: bool
) -> None:
    runner.program("stiltboard", f'[[ "$*" == check-weights ]] && echo "::error::by the Hub"; exit {code}')
    done = runner.run("weights", "check", "Ask the Hub")
    assert done.returncode == ends
    warning = "::warning::the Hub gave no clear answer about some checkpoints"
    assert commands_in(done.stdout) == ([warning] if warned else [])


def test_without_a_change_nothing_is_proposed(runner: Runner) -> None:
    (runner.folder / "submissions/mine/.results.lock").touch()
    (runner.folder / "stray.txt").touch()
    done = runner.run("weights", "check", "Commit and judge the notices")
    assert (done.returncode, done.stdout) == (0, "nothing changed\n")
    assert not (runner.temp / "output").exists()


def test_notices_of_several_rows_become_one_judged_pull_request_that_the_next_week_replaces(
    runner: Runner, origin: Repository, tmp_path: Path
) -> None:
    add_notice(runner.folder / "submissions/mine", NOTICE)
    add_notice(runner.folder / "submissions/other", NOTICE)
    (runner.folder / "stray.txt").touch()
    judged(runner)
    body = (runner.temp / "proposal/body.md").read_text()
    assert "https://github.com/toys/board/actions/runs/77" in body and "## Submission check: " in body
    shutil.copytree(runner.temp / "proposal", tmp_path / "artifacts")
    for number, opened in enumerate(("", "12\n")):
        (tmp_path / "open").write_text(opened)
        writer = proposer(runner, origin, tmp_path / f"writer-{number}")
        done = writer.run("weights", "propose", "Push it and open the pull request")
        assert done.returncode == 0, done.stderr
    assert git(origin.folder, "diff", "--name-only", "main", "weights").splitlines() == [
        "submissions/mine/notices.yaml",
        "submissions/other/notices.yaml",
    ]
    log = (tmp_path / "gh.log").read_text()
    assert log.count("pr create --repo toys/board --base main --head weights") == 1
    assert log.count("pr edit 12 --repo toys/board") == 1
    record = load_notices(runner.folder / "submissions/mine")
    assert record is not None and record.notices == (NOTICE,)


def test_a_commit_that_changes_more_than_notices_is_not_pushed(
    runner: Runner, origin: Repository, tmp_path: Path
) -> None:
    add_notice(runner.folder / "submissions/mine", NOTICE)
    (runner.folder / "submissions/mine/submission.yaml").write_text("x")
    git(runner.folder, "add", "--all")
    git(runner.folder, "-c", "user.name=x", "-c", "user.email=x@x", "commit", "--quiet", "--message", "x")
    (tmp_path / "artifacts").mkdir()
    git(runner.folder, "bundle", "create", str(tmp_path / "artifacts/commit.bundle"), "HEAD~1..HEAD")
    done = proposer(runner, origin, tmp_path / "writer").run(
        "weights", "propose", "Push it and open the pull request"
    )
    assert (done.returncode, done.stdout) == (1, "::error::the commit changes more than notices\n")
    assert "weights" not in git(origin.folder, "branch", "--list", "weights")
