"""Submissions at a git revision: real repositories, small; nothing is fetched, run or written."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner

from harness import store
from harness.cli.main import main
from harness.errors import BadInput
from harness.records import Result
from harness.store import (
    Side,
    changed_submissions,
    load_side,
    load_side_at,
    split_revision,
    submission_folder,
)
from tests.support.folders import SUBMISSIONS
from tests.support.toys import first_rows

TOY = SUBMISSIONS / "toy"
RESULT = "board/submissions/toy/results/jupyterlab.yaml"
LINK = "found a symbolic link\n    cure: put the files themselves there"


@pytest.fixture(autouse=True, scope="module")
def isolated_git() -> Iterator[None]:
    """Give git a user name, and none of the configuration of the person who runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("GIT_")]:
            patch.delenv(name)
        for role in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{role}_NAME", "Toy")
            patch.setenv(f"GIT_{role}_EMAIL", "toy@example.org")
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        yield


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, check=True, text=True
    ).stdout.strip()


def commit(folder: Path) -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "next")
    return git(folder, "rev-parse", "HEAD")


@cache
def toy_result() -> tuple[Result, pa.Table]:
    path = TOY / "results" / "jupyterlab.yaml"
    result = store.load_result(path)
    return result, store.load_outcomes(path, result)


def keep(submissions: Path, slug: str, rows: int) -> Path:
    """Write a submission whose result has outcomes of that many rows, and return its folder."""
    folder = submissions / slug
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(TOY / "submission.yaml", folder)
    result, table = toy_result()
    store.write_result(folder, *first_rows(result.model_copy(update={"submission": slug}), table, rows))
    (folder / store.results.LOCK_FILE).unlink(missing_ok=True)
    return folder


@pytest.fixture(scope="module")
def still(isolated_git: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of submissions two folders below the root of a repository with one commit, in which is `toy`."""
    root = tmp_path_factory.mktemp("still")
    submissions = root / "repository" / "board" / "submissions"
    keep(submissions, "toy", 5)
    git(root, "init", "--quiet", "--template=", "--initial-branch", "main", "repository")
    commit(submissions)
    return submissions


@pytest.fixture
def submissions(still: Path, tmp_path: Path) -> Path:
    """Return a copy of the same that a test may change."""
    return Path(shutil.copytree(still.parents[1], tmp_path / "repository"), "board", "submissions")


def faults(act: Callable[[], object]) -> list[str]:
    with pytest.raises(BadInput) as caught:
        act()
    return [str(fault) for fault in caught.value.faults]


# ---- one side


def test_a_submission_at_a_revision_is_what_its_folder_was_then(submissions: Path) -> None:
    then = load_side(submissions / "toy")
    keep(submissions, "toy", 9)
    commit(submissions)
    git(submissions, "tag", "--annotate", "--message", "tagged", "v1.2", "HEAD~1")
    now = load_side(submissions / "toy")
    shutil.rmtree(submissions / "toy")
    for revision in ("HEAD~1", "v1.2", "main^"):
        assert load_side_at(revision, "toy", submissions) == replace(then, name=f"toy@{revision}")
    assert load_side_at("HEAD", "toy", submissions) == replace(now, name="toy@HEAD")
    assert then.submission is not None
    assert then.outcomes["jupyterlab"].num_rows == 5
    assert not (submissions / "toy").exists()


def test_a_whole_hash_is_shortened_in_the_name(still: Path) -> None:
    head = git(still, "rev-parse", "HEAD")
    assert load_side_at(head, "toy", still).name == f"toy@{head[:12]}"
    assert load_side_at(head[:9], "toy", still).name == f"toy@{head[:9]}"


@pytest.mark.parametrize(
    "name",
    [
        "toy",
        "toy/submission.yaml",
        "board/submissions/toy",
        "board/submissions/toy/",
        "board//submissions/../submissions/toy",
        "board/submissions/toy/submission.yaml",
        RESULT,
        "./submissions/toy",
        "../board/submissions/toy/results/jupyterlab.yaml",
    ],
)
def test_a_slug_a_path_and_a_file_name_the_same_side(
    still: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(still.parent)
    if name == "toy/submission.yaml":
        name = "./submissions/toy/submission.yaml"
    assert load_side_at("HEAD", name, Path("submissions")) == load_side_at("HEAD", "toy", still)


def test_the_root_of_a_repository_may_hold_submissions_or_be_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = keep(tmp_path, "root", 5)
    git(folder, "init", "--quiet")
    commit(folder)
    monkeypatch.chdir(folder)
    side = replace(load_side(folder), name="root@HEAD")
    assert [load_side_at("HEAD", name, folder) for name in ("./", "results/jupyterlab.yaml")] == [side, side]
    shutil.rmtree(folder / ".git")
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    assert [
        load_side_at("HEAD", name, tmp_path) for name in ("root", "./", "root/results/jupyterlab.yaml")
    ] == [side] * 3
    keep(tmp_path, "root", 6)
    commit(tmp_path)
    assert changed_submissions("HEAD~1..HEAD", tmp_path).changed == ("root",)


def test_a_submission_may_lack_results_or_its_file(submissions: Path) -> None:
    shutil.rmtree(submissions / "toy" / "results")
    commit(submissions)
    (submissions / "toy" / "submission.yaml").unlink()
    keep(submissions, "bare", 5)
    (submissions / "bare" / "submission.yaml").unlink()
    commit(submissions)
    empty = load_side_at("HEAD~1", "toy", submissions)
    assert (empty.results, empty.submission is None) == ({}, False)
    assert load_side_at("HEAD", "bare", submissions).submission is None


def test_sweeps_and_hidden_files_are_no_results_and_unknown_targets_are_refused(submissions: Path) -> None:
    results = submissions / "toy" / "results"
    for name in ("jupyterlab.layers.yaml", ".jupyterlab.yaml", "notes.txt"):
        (results / name).write_text("x")
    commit(submissions)
    assert list(load_side_at("HEAD", "toy", submissions).results) == ["jupyterlab"]
    assert changed_submissions("HEAD~1..", submissions).changed == ()
    (results / "made-up.yaml").write_text("x")
    commit(submissions)
    (on_disk,) = faults(lambda: load_side(submissions / "toy"))
    (fault,) = faults(lambda: load_side_at("HEAD", "toy", submissions))
    assert fault == on_disk.replace(f"{submissions}/", "HEAD:board/submissions/")
    assert changed_submissions("HEAD~1..", submissions).changed == ("toy",)


# ---- what is refused


def test_a_damaged_file_is_named_as_git_names_it(submissions: Path) -> None:
    outcomes = submissions / "toy" / "results" / "jupyterlab.parquet"
    outcomes.write_bytes(outcomes.read_bytes() + b"x")
    commit(submissions)
    outcomes.unlink()
    commit(submissions)
    git(submissions, "mv", "toy", "other")
    commit(submissions)
    folder = "board/submissions"
    (damaged,) = faults(lambda: load_side_at("HEAD~2", "toy", submissions))
    assert damaged.startswith(f"HEAD~2:{folder}/toy/results/jupyterlab.parquet: sha256 is ")
    assert faults(lambda: load_side_at("main~1", RESULT, submissions)) == [
        f"main~1:{folder}/toy/results/jupyterlab.parquet: the file does not exist\n    cure: name another revision"
    ]
    git(submissions, "checkout", "--quiet", "HEAD~3", "--", "toy/results/jupyterlab.parquet")
    git(submissions, "mv", "toy/results/jupyterlab.parquet", "other/results")
    commit(submissions)
    assert faults(lambda: load_side_at("HEAD", "other", submissions)) == [
        f"HEAD:{folder}/other/results/jupyterlab.yaml:2:13: submission: expected other as in the file's path, found 'toy'\n"
        "    cure: results are not copied between submissions; run stiltboard evaluate"
    ]


def test_a_long_file_is_not_read(submissions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submission_folder, "RESULT_LIMIT", 1000)
    (submissions / "toy" / "submission.yaml").write_bytes(b"#" * 70_000)
    commit(submissions)
    assert faults(lambda: load_side_at("HEAD", "toy", submissions)) == [
        "HEAD:board/submissions/toy/submission.yaml: the file is longer than the 65,536 bytes allowed\n    cure: name another revision",
        f"HEAD:{RESULT}: the file is longer than the 1,000 bytes allowed\n    cure: name another revision",
    ]


@pytest.mark.parametrize(
    "linked",
    [
        "toy/results/jupyterlab.yaml",
        "toy/results/jupyterlab.parquet",
        "toy/submission.yaml",
        "toy/results",
        "toy",
    ],
)
def test_links_are_refused_by_name(submissions: Path, tmp_path: Path, linked: str) -> None:
    shutil.move(submissions / linked, tmp_path / "elsewhere")
    (submissions / linked).symlink_to(tmp_path / "elsewhere")
    commit(submissions)
    message = f"HEAD:board/submissions/{linked}: {LINK}"
    assert faults(lambda: load_side_at("HEAD", "toy", submissions)) == [message]
    assert faults(lambda: load_side_at("HEAD", RESULT, submissions)) == [message]
    expected = ("toy",) if linked not in ("toy/results/jupyterlab.parquet", "toy/submission.yaml") else ()
    assert changed_submissions("HEAD~1..HEAD", submissions).changed == expected


def test_a_link_in_place_of_all_submissions_is_refused(submissions: Path, tmp_path: Path) -> None:
    shutil.move(submissions, tmp_path / "elsewhere")
    submissions.symlink_to(tmp_path / "elsewhere")
    commit(submissions.parent)
    submissions.unlink()
    shutil.move(tmp_path / "elsewhere", submissions)
    message = [f"HEAD:board/submissions: {LINK}"]
    assert faults(lambda: load_side_at("HEAD", "toy", submissions)) == message
    assert faults(lambda: changed_submissions("HEAD~1..HEAD", submissions)) == message


def test_a_submodule_is_refused_by_name(submissions: Path) -> None:
    head = git(submissions, "rev-parse", "HEAD")
    git(submissions, "rm", "-r", "--quiet", "--cached", "toy")
    git(submissions, "update-index", "--add", "--cacheinfo", f"160000,{head},board/submissions/toy")
    git(submissions, "commit", "--quiet", "--message", "submodule")
    message = "HEAD:board/submissions/toy: found a submodule\n    cure: put the files themselves there"
    assert faults(lambda: load_side_at("HEAD", "toy", submissions)) == [message]
    assert changed_submissions("HEAD~1..HEAD", submissions).changed == ("toy",)


@pytest.mark.parametrize(
    "revision",
    [
        "--output=x",
        "-x",
        "HEAD; touch x",
        "$(touch x)",
        "",
        " ",
        "^HEAD",
        "HEAD..HEAD",
        "a\nb",
        "a\0b",
        "\ud800",
        "HEAD:board",
        "@{-9}",
    ],
)
def test_a_hostile_revision_is_unknown(still: Path, revision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(still)
    (message,) = faults(lambda: load_side_at(revision, "toy", still))
    assert message.startswith("unknown revision: ")
    assert message.endswith("cure: name a branch, a tag or a commit; git fetch downloads those of a remote")
    assert message.isprintable() or message.count("\n") == 1
    if ".." not in revision:
        (message,) = faults(lambda: changed_submissions(f"{revision}..nothing", still))
        assert message.startswith("unknown revision: ")
    assert [path.name for path in still.iterdir()] == ["toy"]
    assert git(still, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "no submission is given after the revision\n    cure: for example main:my-submission"),
        ("b:c", "'b:c' does not exist at HEAD\n    cure: for example HEAD:toy"),
        ("--help", "'--help' does not exist at HEAD\n    cure: for example HEAD:toy"),
        ("tory", "'tory' does not exist at HEAD\n    cure: did you mean HEAD:toy?"),
        (
            ":(glob)*/*",
            "':(glob)*/*' does not exist at HEAD\n    cure: for example HEAD:board/submissions/toy",
        ),
        (
            "submissions/toy",
            "'submissions/toy' does not exist at HEAD\n    cure: did you mean HEAD:board/submissions/toy?",
        ),
        (
            RESULT[:-5] + "s.yaml",
            f"'{RESULT[:-5]}s.yaml' does not exist at HEAD\n    cure: did you mean HEAD:{RESULT}?",
        ),
        (
            f"{RESULT}/x",
            f"'{RESULT}/x' does not exist at HEAD\n    cure: did you mean HEAD:board/submissions/toy?",
        ),
        (
            "/etc/passwd",
            "'/etc/passwd' is outside the repository\n    cure: name a path from the repository's root",
        ),
        (
            "a/../..",
            "'a/../..' is outside the repository\n    cure: name a path from the repository's root",
        ),
    ],
)
def test_a_missing_name_is_reported_with_the_most_similar_ones(still: Path, name: str, message: str) -> None:
    assert faults(lambda: load_side_at("HEAD", name, still)) == [message]


def test_a_revision_without_any_submission_says_so(submissions: Path) -> None:
    git(submissions, "rm", "-r", "--quiet", "toy")
    submissions.mkdir(parents=True, exist_ok=True)
    commit(submissions)
    assert faults(lambda: load_side_at("HEAD", "toy", submissions)) == [
        "'toy' does not exist at HEAD\n    cure: there is no submission at that revision"
    ]


# ---- a range


@pytest.fixture(scope="module")
def history(still: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return submissions that a branch `work` changes, adds and removes, with another change on `main`."""
    root = shutil.copytree(still.parents[1], tmp_path_factory.mktemp("history") / "repository")
    submissions = Path(root, "board", "submissions")
    for slug in ("changed", "removed", "emptied", "filled", "untouched", "main-only"):
        keep(submissions, slug, 5)
    shutil.rmtree(submissions / "filled" / "results")
    commit(submissions)
    git(submissions, "checkout", "--quiet", "-b", "work")
    keep(submissions, "changed", 6)
    keep(submissions, "filled", 5)
    keep(submissions, "added", 5)
    (submissions / "empty").mkdir()
    shutil.copy(TOY / "submission.yaml", submissions / "empty")
    shutil.rmtree(submissions / "removed")
    shutil.rmtree(submissions / "emptied" / "results")
    with (submissions / "untouched" / "submission.yaml").open("a") as file:
        file.write("# a remark changes no result\n")
    for folder in (submissions / ".hidden", submissions / "notes", submissions.parent / "other"):
        keep(folder, "inner", 5)
    commit(submissions)
    git(submissions, "checkout", "--quiet", "main")
    keep(submissions, "main-only", 7)
    commit(submissions)
    return submissions


def test_a_range_names_what_changed_what_came_and_what_went(history: Path) -> None:
    changes = changed_submissions("main~1..work", history)
    assert (changes.first, changes.second) == ("main~1", "work")
    assert changes.changed == ("changed",)
    assert changes.added == ("added", "empty", "filled")
    assert changes.removed == ("emptied", "removed")
    back = changed_submissions("work..main~1", history)
    assert (back.changed, back.added, back.removed) == (changes.changed, changes.removed, changes.added)
    sides: list[Side] = [
        load_side_at(revision, "changed", history) for revision in (changes.first, changes.second)
    ]
    assert [(side.name, side.outcomes["jupyterlab"].num_rows) for side in sides] == [
        ("changed@main~1", 5),
        ("changed@work", 6),
    ]


def test_two_dots_take_both_ends_and_three_the_merge_base(history: Path) -> None:
    base = git(history, "merge-base", "main", "work")
    assert changed_submissions("main..work", history).changed == ("changed", "main-only")
    three = changed_submissions("main...work", history)
    assert (three.first, three.second, three.changed) == (base, "work", ("changed",))
    assert load_side_at(three.first, "changed", history).name == f"changed@{base[:12]}"
    assert changed_submissions("main...main", history).changed == ()


def test_an_end_that_is_left_out_is_head(history: Path) -> None:
    assert changed_submissions("main~1..", history).changed == ("main-only",)
    assert changed_submissions("main~1...", history).changed == ("main-only",)
    changes = changed_submissions("..work", history)
    assert (changes.first, changes.second, changes.changed) == ("HEAD", "work", ("changed", "main-only"))


HOSTILE = {
    "a\nb": "'a\\nb'",
    "esc\x1b[31m": "'esc\\x1b[31m'",
    "\u202ereversed": "'\\u202ereversed'",
    os.fsdecode(b"\xff"): "'\\udcff'",
}


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_folder_whose_name_is_not_a_slug_is_shown_and_not_read(submissions: Path, name: str) -> None:
    keep(submissions, "other", 5)
    shutil.move(submissions / "other", submissions / name)
    commit(submissions)
    changes = changed_submissions("HEAD~1..HEAD", submissions)
    assert (changes.changed, changes.added, changes.removed) == ((), (), ())
    ((shown, reason),) = changes.refused
    assert shown == HOSTILE[name]
    assert reason.endswith(f"at most 80 characters; found {HOSTILE[name]}")
    # A folder that existed before the range is not refused.
    keep(submissions, "toy", 7)
    commit(submissions)
    again = changed_submissions("HEAD~1..HEAD", submissions)
    assert (again.changed, again.refused) == (("toy",), ())
    for arguments in (
        ["HEAD~2..HEAD"],
        ["HEAD:nothing", "HEAD:toy"],
        [f"HEAD:board/submissions/{name}", "HEAD:toy"],
    ):
        ended = CliRunner().invoke(
            main, ["diff", *arguments, "--submissions", str(submissions), "--format", "markdown"]
        )
        assert ended.exit_code in (3, 4)
        assert ended.output.replace("\n", "").replace("Δ", "").isprintable()
        assert name not in ended.output


@pytest.mark.parametrize(
    "revisions", ["main~1..", "main~1...", "..work", "main..work", "main...work", "HEAD~1..HEAD"]
)
def test_the_command_takes_the_ranges_that_git_takes(history: Path, revisions: str) -> None:
    ended = CliRunner().invoke(main, ["diff", revisions, "--submissions", str(history), "-l", "fr"])
    assert (ended.exit_code, "changed" in ended.output or "main-only" in ended.output) == (0, True)


@pytest.mark.parametrize("name", ["..", "...", "main", "../toy", "toy/..", "./toy", ".. ".strip()])
def test_what_is_no_range_stands_alone(history: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(history)
    ended = CliRunner().invoke(main, ["diff", name, "--submissions", str(history)])
    assert (ended.exit_code, f"{name!r} stands alone" in ended.output) == (2, True)


def test_filters_leave_submissions_out_by_name_and_end_only_where_nothing_is_left(history: Path) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        ended = CliRunner().invoke(main, ["diff", "main~1..work", "--submissions", str(history), *arguments])
        return ended.exit_code, ended.output

    assert run("-t", "tatoeba") == (
        4,
        "error: the filters leave nothing of changed\n    cure: leave -t or -l out, or name others\n",
    )
    assert run("-l", "xx")[0] == 4
    # The first five rows are of three languages, the whole result of twelve.
    code, output = run("-l", "fr")
    assert (code, "second: changed@work" in output, "left out" in output) == (0, True, False)
    arguments = ["diff", "main~1..main", "--submissions", str(history), "-l", "fr"]
    assert CliRunner().invoke(main, arguments).exit_code == 0


def test_a_submission_that_the_filters_leave_nothing_of_is_named_next_to_the_others(
    submissions: Path,
) -> None:
    for rows in ((4, 22), (2, 24)):
        for slug, count in zip(("short", "whole"), rows, strict=True):
            keep(submissions, slug, count)
        commit(submissions)
    ended = CliRunner().invoke(main, ["diff", "HEAD~1..", "--submissions", str(submissions), "-l", "it"])
    assert ended.exit_code == 0
    assert "second: whole@HEAD" in ended.output
    assert ended.output.endswith("\n\nshort: left out by the filters\n")


def test_a_range_can_fail_on_what_is_missing(history: Path) -> None:
    arguments = [
        "diff",
        "main~1..work",
        "--submissions",
        str(history),
        "-l",
        "fr",
        "--fail-on",
        "missing",
        "--fail-on",
        "regression",
    ]
    ended = CliRunner().invoke(main, arguments)
    assert ended.exit_code == 1
    assert [line for line in ended.output.splitlines() if line.startswith("error:")] == [
        "error: missing: emptied: removed",
        "error: missing: removed: removed",
    ]
    assert CliRunner().invoke(main, arguments[:-4]).exit_code == 0


@pytest.mark.parametrize("revisions", ["", "..", "...", "main", "a:b"])
def test_what_is_no_range_is_refused(still: Path, revisions: str) -> None:
    (message,) = faults(lambda: changed_submissions(revisions, still))
    assert message.endswith(" is not a range of revisions\n    cure: for example main..HEAD")


def test_a_range_may_begin_before_there_were_submissions(submissions: Path) -> None:
    git(submissions, "checkout", "--quiet", "--orphan", "empty")
    git(submissions, "rm", "-r", "--quiet", "--cached", ".")
    git(submissions, "commit", "--quiet", "--allow-empty", "--message", "nothing yet")
    assert changed_submissions("empty..main", submissions).added == ("toy",)
    assert faults(lambda: changed_submissions("empty...main", submissions)) == [
        "'empty' and 'main' have no commit in common\n    cure: compare them with two dots"
    ]


# ---- git and its repositories


def test_a_shallow_clone_says_what_it_lacks(submissions: Path, tmp_path: Path) -> None:
    commit(submissions)
    git(tmp_path, "clone", "--quiet", "--depth", "1", (tmp_path / "repository").as_uri(), "clone")
    clone = tmp_path / "clone" / "board" / "submissions"
    assert load_side_at("HEAD", "toy", clone).name == "toy@HEAD"
    assert faults(lambda: load_side_at("HEAD~1", "toy", clone)) == [
        "unknown revision: 'HEAD~1'\n    cure: run git fetch --unshallow, because this clone is shallow; then "
        "name a branch, a tag or a commit; git fetch downloads those of a remote"
    ]


def test_a_partial_clone_fetches_nothing(submissions: Path, tmp_path: Path) -> None:
    git(submissions, "config", "uploadpack.allowFilter", "true")
    keep(submissions, "toy", 6)
    commit(submissions)
    git(tmp_path, "clone", "--quiet", "--filter", "blob:none", (tmp_path / "repository").as_uri(), "clone")
    clone = tmp_path / "clone" / "board" / "submissions"
    assert load_side_at("HEAD", "toy", clone).name == "toy@HEAD"
    assert changed_submissions("HEAD~1..", clone).changed == ("toy",)
    for _ in range(2):
        (message,) = faults(lambda: load_side_at("HEAD~1", "toy", clone))
        assert message.startswith("git ls-tree failed: ")
        assert "git fetch --refetch --no-filter downloads what a partial clone omits" in message


def test_an_object_that_is_lost_is_named(submissions: Path) -> None:
    digest = git(submissions, "rev-parse", f"HEAD:{RESULT}")
    (submissions.parents[1] / ".git" / "objects" / digest[:2] / digest[2:]).unlink()
    (message,) = faults(lambda: load_side_at("HEAD", "toy", submissions))
    assert (
        message
        == f"HEAD:{RESULT}: git returns no content for this file\n    cure: git fsck reports what is damaged"
    )


def test_without_git_the_cure_is_to_install_it(
    still: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    message = ["the program git is not installed\n    cure: install git"]
    assert faults(lambda: load_side_at("HEAD", "toy", still)) == message
    assert faults(lambda: changed_submissions("HEAD~1..", still)) == message


def test_a_folder_outside_every_repository_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (message,) = faults(lambda: load_side_at("HEAD", "toy", tmp_path))
    assert message.startswith(f"git finds no repository around {tmp_path}: not a git repository")
    assert faults(lambda: load_side_at("HEAD", "toy", tmp_path / "x")) == [
        f"no folder {tmp_path}/x\n    cure: name the folder of the submissions with --submissions"
    ]


def test_the_repository_is_that_of_the_folder_whatever_a_hook_has_set(
    submissions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "--quiet", "elsewhere")
    for name, value in {
        "GIT_DIR": ".git",
        "GIT_WORK_TREE": "..",
        "GIT_INDEX_FILE": "x",
        "GIT_TRACE": "1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert load_side_at("HEAD", "toy", submissions).name == "toy@HEAD"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("main:toy", ("main", "toy")),
        ("HEAD~3:toy", ("HEAD~3", "toy")),
        ("v1.2:submissions/foo", ("v1.2", "submissions/foo")),
        ("a:b:c", ("a", "b:c")),
        (":toy", ("", "toy")),
        ("main:", ("main", "")),
        ("--output=x:toy", ("--output=x", "toy")),
        ("x:toy", ("x", "toy")),
        ("C:\\submissions\\toy", None),
        ("c:/submissions/toy", None),
        ("toy", None),
        ("submissions/toy", None),
        ("", None),
    ],
)
def test_a_revision_ends_at_the_first_colon(name: str, expected: tuple[str, str] | None) -> None:
    assert split_revision(name) == expected
