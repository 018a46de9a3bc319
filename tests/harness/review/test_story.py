"""Pull requests of strangers: each with the right verdict, and nothing of them runs."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from markdown_it import MarkdownIt

from harness.cli.main import main
from harness.errors import BadInput, WrongUsage
from harness.records import EvaluationRun
from harness.review import Review, Verdict, changed_files, markdown, review
from harness.store.revisions import changed_submissions
from tests.support.folders import ROOT
from tests.support.pull_requests import (
    Edits,
    Put,
    Repository,
    about,
    begin,
    commit_tree,
    git,
    measured,
    sealed_again,
    tree,
    written,
)
from tests.support.toys import first_rows

RESULT, OUTCOMES = (f"submissions/mine/results/jupyterlab.{suffix}" for suffix in ("yaml", "parquet"))
THEIRS = "submissions/theirs/results/jupyterlab.yaml"
MINE = "submissions/mine/submission.yaml"


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Return a board with a submission of ada's, one of bob's, and one that names nobody's account."""
    folder = tmp_path_factory.mktemp("board")
    files = {
        ".github/workflows/ci.yaml": b"on: push\n",
        ".github/CODEOWNERS": b"* @ada\n",
        "README.md": b"a board\n",
        "harness/__init__.py": b"",
        MINE: about("mine", "ada"),
        "submissions/theirs/submission.yaml": about("theirs", "bob"),
        "submissions/nobodys/submission.yaml": about("nobodys", "x").replace(
            b', url: "https://github.com/x"', b""
        ),
        **written(folder / "made", *measured("mine")),
        **written(folder / "made", *measured("theirs", draw=1)),
    }
    return begin(folder / "repository", files)


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Path]:
    """Return a file that code in a pull request would write, and hold that it was not."""
    path = tmp_path / "canary"
    yield path
    assert not path.exists()


def judge(board: Repository, head: str, actor: str | None = "ada", *, maintainer: bool = False) -> Review:
    return review(board.base, head, board.folder / "submissions", actor=actor, maintainer=maintainer)


def rules(found: Review) -> list[tuple[str, str | None]]:
    return list(dict.fromkeys((reason.rule, reason.file) for reason in found.reasons))


def again(tmp_path: Path, slug: str = "mine", **how: object) -> dict[str, bytes]:
    return written(tmp_path / "again", *measured(slug, **how))  # type: ignore[arg-type]


def named(board: Repository, path: str = MINE) -> bytes:
    return board.files[path]


# ---- accepted ----------------------------------------------------------------------------------


def test_a_new_submission_with_and_without_results_is_accepted(board: Repository, tmp_path: Path) -> None:
    alone: Edits = {"submissions/new/submission.yaml": about("new", "Ada")}
    found = judge(board, board.pull(alone))
    assert (found.verdict, found.files, found.submissions, found.reasons) == (
        Verdict.ACCEPTED,
        1,
        ("new",),
        (),
    )
    found = judge(board, board.pull({**alone, **again(tmp_path, "new", draw=5)}))
    assert (found.verdict, found.files) == (Verdict.ACCEPTED, 3)
    assert [(each.target, each.new, each.measured, each.of) for each in found.results] == [
        ("jupyterlab", True, 2, 12)
    ]


def test_a_result_that_was_extended_or_repeated_is_accepted(board: Repository, tmp_path: Path) -> None:
    result, table = measured("mine")
    more, rows = measured("mine", ("fi",), draw=3)
    checkpoint = result.checkpoints[0]
    scores = {**checkpoint.scores, **more.checkpoints[0].scores}
    data = {**result.data, **more.data}
    whole = {"checkpoints": (checkpoint.model_copy(update={"scores": scores}),), "data": data, "measured": 3}
    extended = written(tmp_path, result.model_copy(update=whole), pa.concat_tables([table, rows]))
    found = judge(board, board.pull(extended))
    assert (found.verdict, found.reasons) == (Verdict.ACCEPTED, ())
    (comparison,) = found.diff.comparisons
    assert (comparison.first, comparison.second, comparison.targets[0].added) == (
        "mine (base)",
        "mine (pull request)",
        ("fi",),
    )
    repeated = written(
        tmp_path, result.model_copy(update={"runs": (EvaluationRun(date="2026-02-02T00:00:00Z"),)}), table
    )
    found = judge(board, board.pull(repeated))
    assert (found.verdict, found.files, found.results) == (Verdict.ACCEPTED, 1, ())


def test_a_result_is_superseded_with_a_reason_and_not_without(board: Repository, tmp_path: Path) -> None:
    other = again(tmp_path, right=0.7, draw=5)
    without = judge(board, board.pull(other))
    assert rules(without) == [("superseded", RESULT)]
    line = (
        without.reasons[0]
        .cure.removeprefix("add to submission.yaml ")
        .replace("…", "the text was cut by mistake")
    )
    found = judge(board, board.pull({**other, MINE: named(board) + f"{line}\n".encode()}))
    assert (found.verdict, found.reasons) == (Verdict.ACCEPTED, ())
    assert found.diff.comparisons[0].targets[0].difference > 0
    text = markdown(found)
    assert text.startswith("## Submission check: accepted\n")
    assert "### `mine (base)` → `mine (pull request)`" in text
    merged = board.pull({**other, MINE: named(board) + f"{line}\n".encode()})
    gone = review(merged, board.pull({MINE: named(board)}, merged), board.folder / "submissions", actor="ada")
    assert rules(gone) == [("history", MINE)]


def test_a_maintainer_may_change_and_verify_every_submission(board: Repository, tmp_path: Path) -> None:
    head = board.pull(
        {
            **again(tmp_path, "nobodys", draw=6),
            "submissions/theirs/verification.yaml": b"schema: 1\nsubmission: theirs\nresults: []\n",
        }
    )
    assert judge(board, head, "carol", maintainer=True).verdict is Verdict.ACCEPTED
    assert rules(judge(board, head, "carol")) == [
        ("verification", "submissions/theirs/verification.yaml"),
        ("several", None),
        ("ownership", "submissions/theirs/submission.yaml"),
        ("ownership", "submissions/nobodys/submission.yaml"),
    ]


# ---- refused -----------------------------------------------------------------------------------

_CODE = b"open({path!r}, 'w').write('ran')\n"


@dataclass(frozen=True)
class Bad:
    """A pull request of ada's, and the rule and file of each reason to refuse it."""

    edits: Callable[[Repository, Path], Edits]
    reasons: tuple[tuple[str, str | None], ...]


def _runs(*paths: str) -> Callable[[Repository, Path], Edits]:
    return lambda _, canary: {path: _CODE.replace(b"{path!r}", repr(str(canary)).encode()) for path in paths}


def _put(path: str | bytes, data: bytes | Put | None) -> Callable[[Repository, Path], Edits]:
    return lambda *_: {path: data}


def _edit(path: str, old: bytes, new: bytes, times: int = 1) -> Callable[[Repository, Path], Edits]:
    def edits(board: Repository, _: Path) -> Edits:
        assert old in board.files[path]
        return {path: board.files[path].replace(old, new, times)}

    return edits


def _rescored(board: Repository, _: Path) -> Edits:
    text = board.files[RESULT].decode()
    return {
        RESULT: re.sub(
            r"( score: )(\d+)", lambda found: f"{found[1]}{int(found[2]) + 5}", text, count=1
        ).encode()
    }


def _rescored_and_sealed(board: Repository, canary: Path) -> Edits:
    (data,) = _rescored(board, canary).values()
    assert isinstance(data, bytes)
    return {RESULT: sealed_again(data)}


def _flipped(board: Repository, _: Path) -> Edits:
    data = bytearray(board.files[OUTCOMES])
    data[len(data) // 2] ^= 1
    return {OUTCOMES: bytes(data)}


def _moved(board: Repository, _: Path) -> Edits:
    return {THEIRS: None, "submissions/mine/results/xnli.yaml": board.files[THEIRS]}


def _renamed(board: Repository, _: Path) -> Edits:
    files = {path: data for path, data in board.files.items() if path.startswith("submissions/mine/")}
    return {
        **dict.fromkeys(files),
        **{path.replace("/mine/", "/renamed/"): data for path, data in files.items()},
    }


def _others(board: Repository, canary: Path) -> Edits:
    return again(canary.parent, "theirs", right=0.1)


def _shrunk(board: Repository, canary: Path) -> Edits:
    return again(canary.parent, languages=("it",))


def _other_seed(board: Repository, canary: Path) -> Edits:
    return again(canary.parent, seed=1)


def _other_text(board: Repository, canary: Path) -> Edits:
    result, table = measured("mine")
    return written(
        canary.parent, result.model_copy(update={"data": {**result.data, "it": f"sha256:{'0' * 64}"}}), table
    )


def _other_weights(board: Repository, canary: Path) -> Edits:
    result, table = measured("mine")
    other = result.checkpoints[0].model_copy(update={"weights": f"sha256:{'0' * 64}"})
    return written(canary.parent, result.model_copy(update={"checkpoints": (other,)}), table)


def _some(board: Repository, canary: Path) -> Edits:
    return {
        "submissions/new/submission.yaml": about("new", "ada"),
        **written(canary.parent, *first_rows(*measured("new", ("it",), right=1.0), 50)),
    }


def _copied(board: Repository, _: Path) -> Edits:
    new = {
        path.replace("theirs", "new"): data
        for path, data in board.files.items()
        if path.startswith("submissions/theirs/results/")
    }
    return {"submissions/new/submission.yaml": about("new", "ada"), **new}


def _bomb(board: Repository, canary: Path) -> Edits:
    """Write a hundred thousand rows of one long text: a small file of 200 GB."""
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 100_000, pa.int32()), pa.array(["x" * 2_000_000]))
    path = canary.with_name("bomb.parquet")
    numbers = pa.array([0] * 100_000, pa.int32())
    columns = {
        "seed": numbers,
        "language": text,
        "index": numbers,
        "answer": numbers,
        "answer_to_english": numbers,
    }
    table = pa.table({**columns, "correct": [True] * 100_000})
    pq.write_table(table, path, compression="zstd", store_schema=False)
    data = path.read_bytes()
    assert len(data) < 100_000
    digest = hashlib.sha256(board.files[OUTCOMES]).hexdigest().encode()
    assert digest in board.files[RESULT]
    return {
        OUTCOMES: data,
        RESULT: sealed_again(
            re.sub(
                rb"(?m)^  rows: \d+$",
                b"  rows: 100000",
                board.files[RESULT].replace(digest, hashlib.sha256(data).hexdigest().encode()),
            )
        ),
    }


_LIMITED = "submissions/mine/results/xnli.yaml"
BAD = {
    "an extra file": Bad(
        _put("submissions/mine/notes.txt", b"x"), (("extra-file", "submissions/mine/notes.txt"),)
    ),
    "a hidden file": Bad(
        _put("submissions/mine/results/.xnli.yaml", b"x"),
        (("extra-file", "submissions/mine/results/.xnli.yaml"),),
    ),
    "a file beside submissions": Bad(
        _put("submissions/notes.yaml", b"x"), (("extra-file", "submissions/notes.yaml"),)
    ),
    "a pickle": Bad(
        _put("submissions/mine/results/xnli.pkl", b"x"),
        (("extra-file", "submissions/mine/results/xnli.pkl"),),
    ),
    "an attribute": Bad(
        _put("submissions/mine/.gitattributes", b"* filter=x\n"),
        (("extra-file", "submissions/mine/.gitattributes"),),
    ),
    "code in a submission": Bad(
        _runs(
            "submissions/mine/conftest.py", "submissions/mine/setup.py", "submissions/mine/sitecustomize.py"
        ),
        tuple(
            ("extra-file", f"submissions/mine/{name}.py") for name in ("conftest", "setup", "sitecustomize")
        ),
    ),
    "code beside a submission": Bad(
        lambda board, canary: {
            **_runs(
                "conftest.py", "harness/__init__.py", "pytest.py", "setup.py", "sitecustomize.py", "yaml.py"
            )(board, canary),
            "submissions/new/submission.yaml": about("new", "ada"),
        },
        tuple(
            ("extra-file", name)
            for name in (
                "conftest.py",
                "harness/__init__.py",
                "pytest.py",
                "setup.py",
                "sitecustomize.py",
                "yaml.py",
            )
        ),
    ),
    "a workflow": Bad(
        lambda *_: {
            ".github/workflows/ci.yaml": b"on: pull_request_target\n",
            "submissions/new/submission.yaml": about("new", "ada"),
        },
        (("workflow", ".github/workflows/ci.yaml"),),
    ),
    "the code owners": Bad(
        lambda *_: {
            ".github/CODEOWNERS": b"* @eve\n",
            "CODEOWNERS": b"",
            "submissions/new/submission.yaml": about("new", "ada"),
        },
        (("workflow", ".github/CODEOWNERS"), ("workflow", "CODEOWNERS")),
    ),
    "a symbolic link": Bad(_put(_LIMITED, Put("120000", b"/etc/passwd")), (("link", _LIMITED),)),
    "a link for a folder": Bad(
        _put("submissions/mine/results/sub", Put("120000", b"..")),
        (("link", "submissions/mine/results/sub"),),
    ),
    "a submodule": Bad(
        _put("submissions/mine/results/sub", Put("160000", b"1" * 40)),
        (("link", "submissions/mine/results/sub"),),
    ),
    "a submission that is a submodule": Bad(
        _put("submissions/new", Put("160000", b"1" * 40)), (("extra-file", "submissions/new"),)
    ),
    "a program": Bad(
        lambda board, _: {MINE: Put("100755", board.files[MINE])},
        (("executable", MINE),),
    ),
    "a deleted result": Bad(
        lambda *_: {RESULT: None, OUTCOMES: None},
        (("deleted", OUTCOMES), ("deleted", RESULT)),
    ),
    "half a result": Bad(_put(OUTCOMES, None), (("deleted", OUTCOMES), ("invalid", OUTCOMES))),
    "another's deleted": Bad(
        lambda board, _: {path: None for path in board.files if "/theirs/" in path},
        (
            ("deleted", THEIRS.replace("yaml", "parquet")),
            ("deleted", THEIRS),
            ("deleted", "submissions/theirs/submission.yaml"),
            ("ownership", "submissions/theirs/submission.yaml"),
        ),
    ),
    "another's results": Bad(
        _others, (("ownership", "submissions/theirs/submission.yaml"), ("superseded", THEIRS))
    ),
    "another's result moved": Bad(
        _moved,
        (
            ("moved", THEIRS),
            ("several", None),
            ("invalid", "submissions/mine/results/xnli.yaml"),
            ("invalid", THEIRS.replace("yaml", "parquet")),
            ("ownership", "submissions/theirs/submission.yaml"),
        ),
    ),
    "a renamed submission": Bad(
        _renamed,
        (
            ("moved", OUTCOMES),
            ("moved", RESULT),
            ("moved", MINE),
            ("several", None),
            ("invalid", "submissions/renamed/results/jupyterlab.yaml"),
        ),
    ),
    "another's results copied": Bad(
        _copied,
        (
            ("copied", "submissions/new/results/jupyterlab.parquet"),
            ("invalid", "submissions/new/results/jupyterlab.yaml"),
        ),
    ),
    "two submissions": Bad(
        lambda *_: {f"submissions/{slug}/submission.yaml": about(slug, "ada") for slug in ("one", "two")},
        (("several", None),),
    ),
    "shrunk languages": Bad(_shrunk, (("shrunk", RESULT),)),
    "another seed": Bad(_other_seed, (("invalid", RESULT), ("shrunk", RESULT))),
    "a flipped byte": Bad(_flipped, (("invalid", OUTCOMES),)),
    "an edited score": Bad(_rescored, (("invalid", RESULT),)),
    "an edited score that was sealed again": Bad(
        _rescored_and_sealed, (("invalid", OUTCOMES), ("superseded", RESULT))
    ),
    "another digest": Bad(_edit(RESULT, b"sha256: ", b"sha256: 0"), (("invalid", RESULT),)),
    "other text": Bad(_other_text, (("invalid", RESULT), ("superseded", RESULT))),
    "some of the examples": Bad(_some, (("invalid", "submissions/new/results/jupyterlab.yaml"),)),
    "other weights": Bad(_other_weights, (("superseded", RESULT),)),
    "a sweep that is none": Bad(
        _put("submissions/mine/results/jupyterlab.layers.yaml", b"schema: 1\n"),
        (("invalid", "submissions/mine/results/jupyterlab.layers.yaml"),),
    ),
    "a training record that is none": Bad(
        _put("submissions/mine/training.yaml", b"schema: 1\n"),
        (("invalid", "submissions/mine/training.yaml"),),
    ),
    "other weights declared": Bad(
        _edit(MINE, b"mine/model", b"mine/other"), (("invalid", RESULT), ("edited", MINE))
    ),
    "the best of two seeds alone": Bad(
        _edit(
            MINE,
            b"checkpoints: [",
            b"checkpoints: [{seed: 7, hub: mine/seven, revision: " + b"7" * 40 + b"}, ",
        ),
        (("invalid", RESULT),),
    ),
    "another encoding declared": Bad(
        _edit(MINE, b"layer: 2, pooling: mean", b"layer: 1, pooling: cls"),
        (("invalid", RESULT), ("edited", MINE)),
    ),
    "a target that does not exist": Bad(
        _put("submissions/mine/results/made-up.yaml", b"x"),
        (("invalid", "submissions/mine/results/made-up.yaml"),),
    ),
    "invalid YAML": Bad(_put(MINE, b"title: [\n"), (("invalid", MINE),)),
    "an alias bomb": Bad(_put(MINE, b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"), (("invalid", MINE),)),
    "a tag": Bad(
        _edit(MINE, b"title: Mine", b"title: !!python/object/apply:os.system [id]"), (("invalid", MINE),)
    ),
    "a file that is too long": Bad(_put(MINE, b"#" * 70_000), (("too-large", MINE),)),
    "a result that is too long": Bad(_put(_LIMITED, b"#" * (8 * 2**20 + 1)), (("too-large", _LIMITED),)),
    "too many files": Bad(
        lambda *_: {f"submissions/mine/results/x{n}.yaml": b"x" for n in range(1001)}, (("too-many", None),)
    ),
    "too many submissions' worth": Bad(
        lambda *_: {f"submissions/s{n}/x": b"x" for n in range(300)},
        tuple(("extra-file", f"submissions/s{n}/x") for n in sorted(range(300), key=str)[:100]),
    ),
    "names that differ in case": Bad(
        _put("submissions/mine/results/JupyterLab.yaml", b"x"),
        (
            ("extra-file", "submissions/mine/results/JupyterLab.yaml"),
            ("collision", "submissions/mine/results/JupyterLab.yaml"),
        ),
    ),
    "a slug that differs in case": Bad(
        _put("submissions/Mine/submission.yaml", b"x"),
        (("name", "submissions/Mine/submission.yaml"), ("collision", "submissions/Mine/submission.yaml")),
    ),
    "a name that is no text": Bad(
        _put(b"submissions/mine/results/\xff\xfe.yaml", b"x"),
        (("name", "submissions/mine/results/\\udcff\\udcfe.yaml"),),
    ),
    "a name that turns round": Bad(
        _put("submissions/mine/results/\u202elmay.yaml", b"x"),
        (("name", "submissions/mine/results/\\u202elmay.yaml"),),
    ),
    "a name with a line": Bad(
        _put("submissions/mine/a\n## ok", b"x"), (("name", "submissions/mine/a\\n## ok"),)
    ),
    "a backslash": Bad(
        _put("submissions/mine/..\\..\\x.yaml", b"x"), (("name", "submissions/mine/..\\..\\x.yaml"),)
    ),
    "a memory bomb": Bad(_bomb, (("invalid", OUTCOMES), ("superseded", RESULT))),
}


@pytest.mark.parametrize("name", BAD)
def test_what_may_not_be_merged_is_refused_by_rule_and_file(
    board: Repository, canary: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.review.story.MEMORY", 2**28)
    bad = BAD[name]
    found = judge(board, board.pull(bad.edits(board, canary)))
    assert found.verdict is Verdict.REFUSED
    assert sorted(rules(found), key=str) == sorted(bad.reasons, key=str), found.reasons
    assert all(reason.cure for reason in found.reasons)
    assert git(board.folder, "status", "--porcelain") == ""


def test_too_much_at_once_is_refused(board: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changed_files, "TOTAL_LIMIT", 1000)
    found = judge(board, board.pull({"submissions/new/submission.yaml": about("new", "ada") + b"#" * 1000}))
    assert rules(found) == [("too-large", None)]


def test_what_would_fill_the_memory_is_named(
    board: Repository, canary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.review.story.MEMORY", 2**28)
    found = judge(board, board.pull(BAD["a memory bomb"].edits(board, canary)))
    assert [reason.what for reason in found.reasons if reason.rule == "invalid"] == [
        "needs more memory than is available"
    ]


def test_an_edited_score_is_told_with_the_score_that_the_outcomes_give(
    board: Repository, canary: Path
) -> None:
    found = judge(board, board.pull(BAD["an edited score that was sealed again"].edits(board, canary)))
    assert any("the outcomes give" in reason.what for reason in found.reasons), found.reasons


@pytest.mark.parametrize("name", ["..", ".", ".git", ".GIT"])
def test_a_tree_that_git_would_not_write_is_refused(board: Repository, canary: Path, name: str) -> None:
    blob = git(board.folder, "hash-object", "-w", "--stdin", feed=b"ran")
    inner = tree(board.folder, [("100644", b"submission.yaml", blob)])
    slug = tree(board.folder, [("40000", name.encode(), inner)])
    root = tree(board.folder, [("40000", b"submissions", slug)])
    found = judge(board, commit_tree(board.folder, root, board.base))
    assert ("name", f"submissions/{name}/submission.yaml") in rules(found)
    assert found.verdict is Verdict.REFUSED


def test_a_tree_of_a_dozen_objects_that_lists_ten_million_files_is_not_read(board: Repository) -> None:
    blob = git(board.folder, "hash-object", "-w", "--stdin", feed=b"x")
    inner = tree(board.folder, [("100644", f"{number:03}".encode(), blob) for number in range(100)])
    for _ in range(3):
        inner = tree(board.folder, [("40000", f"{number:03}".encode(), inner) for number in range(100)])
    root = tree(board.folder, [("40000", b"submissions", inner)])
    with pytest.raises(BadInput, match="git ls-tree lists more than 33,554,432 bytes"):
        judge(board, commit_tree(board.folder, root, board.base))


def test_a_folder_that_names_a_file_twice_is_refused(board: Repository) -> None:
    blobs = [git(board.folder, "hash-object", "-w", "--stdin", feed=text) for text in (b"one", b"two")]
    slug = tree(board.folder, [("100644", b"submission.yaml", blob) for blob in blobs])
    root = tree(board.folder, [("40000", b"submissions", tree(board.folder, [("40000", b"new", slug)]))])
    assert ("name", None) in rules(judge(board, commit_tree(board.folder, root, board.base)))


def test_what_the_base_changed_meanwhile_is_a_conflict(board: Repository, tmp_path: Path) -> None:
    now = board.pull(again(tmp_path, right=0.9, draw=7))
    old = board.pull(again(tmp_path, right=0.8, draw=8))
    found = review(now, old, board.folder / "submissions", actor="ada")
    assert rules(found) == [("conflict", OUTCOMES), ("conflict", RESULT)]


def test_whose_a_submission_is_says_the_base_as_it_is_now_and_not_an_old_one(board: Repository) -> None:
    """A branch off a commit before bob's submission was there cannot claim it."""
    before = board.pull({path: None for path in board.files if "/theirs/" in path})
    base = board.pull({path: data for path, data in board.files.items() if "/theirs/" in path}, before)
    head = board.pull({"submissions/theirs/training.yaml": b"schema: 1\n"}, before)
    found = review(base, head, board.folder / "submissions", actor="ada")
    assert "belongs to bob, not to ada" in [reason.what for reason in found.reasons if reason.refuses]
    head = board.pull({"submissions/theirs/submission.yaml": about("theirs", "ada")}, before)
    assert rules(review(base, head, board.folder / "submissions", actor="ada")) == [
        ("conflict", "submissions/theirs/submission.yaml")
    ]


def test_a_base_that_cannot_be_read_is_not_taken_for_an_empty_one(board: Repository, tmp_path: Path) -> None:
    """After a change of format on main an old row is unreadable, and a forged one would pass for new."""
    now = board.pull({RESULT: re.sub(rb"schema: \d", b"schema: 99", board.files[RESULT])})
    head = board.pull({**again(tmp_path, right=0.99, draw=9)}, now)
    found = review(now, head, board.folder / "submissions", actor="ada")
    assert found.verdict is Verdict.REFUSED
    assert ("base", RESULT) in rules(found)
    by_maintainer = review(now, head, board.folder / "submissions", actor="ada", maintainer=True)
    assert by_maintainer.verdict is Verdict.ACCEPTED
    assert ("base", RESULT) in rules(by_maintainer)


def test_a_branch_with_several_merge_bases_is_refused(board: Repository) -> None:
    one, two = (
        board.pull({f"submissions/{slug}/submission.yaml": about(slug, "ada")}) for slug in ("one", "two")
    )
    both = [
        git(board.folder, "commit-tree", f"{tree_of}^{{tree}}", "-p", first, "-p", second, "-m", "merged")
        for tree_of, first, second in ((one, one, two), (two, two, one))
    ]
    found = review(*both, board.folder / "submissions", actor="ada")
    assert found.reasons[0].rule == "criss-cross"
    assert "has 2 merge bases" in found.reasons[0].what
    with pytest.raises(BadInput, match="have 2 best common commits"):
        changed_submissions(f"{both[0]}...{both[1]}", board.folder / "submissions")


def test_changes_that_came_to_the_base_since_are_not_the_pull_requests(board: Repository) -> None:
    now = board.pull({"README.md": b"changed\n", "submissions/later/submission.yaml": about("later", "bob")})
    head = board.pull({"submissions/new/submission.yaml": about("new", "ada")})
    found = review(now, head, board.folder / "submissions", actor="ada")
    assert (found.verdict, found.files) == (Verdict.ACCEPTED, 1)


# ---- for a maintainer --------------------------------------------------------------------------

REPORTED = """\
schema: 1
title: Published
family: toy
base: {id: toys/toy}
intermediate: {regime: none}
submitters: [{name: Ada, url: "https://github.com/ada"}]
license: MIT
reported: {citation: Ada 1843, source: https://example.org/notes, scores: {xnli: {means: {accuracy: 79.2}}}}
"""


@pytest.mark.parametrize(
    ("edits", "reason"),
    [
        ({"harness/__init__.py": b"changed"}, ("code", "harness/__init__.py")),
        ({".github/workflows/ci.yaml": b"on: pull_request_target\n"}, ("code", ".github/workflows/ci.yaml")),
        (
            {"submissions/new/submission.yaml": REPORTED.encode()},
            ("reported", "submissions/new/submission.yaml"),
        ),
        (
            {"submissions/new/submission.yaml": about("new", "bob")},
            ("ownership", "submissions/new/submission.yaml"),
        ),
        (
            {
                "submissions/new/submission.yaml": about("new", "ada")
                .replace(b"hub: new/model", b"path: weights")
                .replace(b", revision: " + b"0123456789" * 4, b"")
            },
            ("unverifiable", "submissions/new/submission.yaml"),
        ),
        (
            {"submissions/nobodys/submission.yaml": about("nobodys", "ada")},
            ("ownership", "submissions/nobodys/submission.yaml"),
        ),
        ({MINE: about("mine", "bob")}, ("ownership", MINE)),
        ({MINE: about("mine", "ada").replace(b"family: toy", b"family: other")}, ("edited", MINE)),
        ({MINE: about("mine", "ada").replace(b"title: Mine", b"title: Ours")}, ("edited", MINE)),
    ],
)
def test_what_no_check_can_see_needs_a_maintainer(
    board: Repository, edits: Edits, reason: tuple[str, str]
) -> None:
    found = judge(board, board.pull(edits))
    assert found.verdict is Verdict.MAINTAINER
    rest = [("edited", reason[1])] if reason[0] == "ownership" and reason[1] in board.files else []
    assert rules(found) == [reason, *rest]


def test_outcomes_of_another_submission_are_asked_about(board: Repository, tmp_path: Path) -> None:
    head = board.pull({"submissions/new/submission.yaml": about("new", "ada"), **again(tmp_path, "new")})
    found = judge(board, head)
    assert (found.verdict, [reason.what for reason in found.reasons]) == (
        Verdict.MAINTAINER,
        ["has the outcomes of mine, byte for byte"],
    )


def test_weights_of_another_submission_are_asked_about(board: Repository, tmp_path: Path) -> None:
    result, table = measured("new", draw=8)
    (mine,) = measured("mine")[0].checkpoints
    checkpoint = result.checkpoints[0].model_copy(update={"weights": mine.weights})
    files = written(tmp_path, result.model_copy(update={"checkpoints": (checkpoint,)}), table)
    found = judge(board, board.pull({"submissions/new/submission.yaml": about("new", "ada"), **files}))
    assert [(reason.rule, reason.file, reason.what) for reason in found.reasons] == [
        ("copied", "submissions/new/results/jupyterlab.yaml", "seed 0 has the weights of mine")
    ]
    assert found.verdict is Verdict.MAINTAINER


@pytest.mark.parametrize(
    ("date", "refused"), [("9999-01-01T00:00:00Z", True), ("2026-01-01T00:00:00Z", False)]
)
def test_a_result_of_a_day_that_has_not_come_is_refused(
    board: Repository, tmp_path: Path, date: str, refused: bool
) -> None:
    result, table = measured("new", draw=8)
    files = written(tmp_path, result.model_copy(update={"runs": (EvaluationRun(date=date),)}), table)
    found = judge(board, board.pull({"submissions/new/submission.yaml": about("new", "ada"), **files}))
    assert ([reason.rule for reason in found.reasons] == ["date"]) is refused
    assert (found.verdict is Verdict.REFUSED) is refused


def test_of_many_reasons_the_first_hundred_are_listed(board: Repository) -> None:
    found = judge(board, board.pull({f"submissions/mine/note-{number}.txt": b"x" for number in range(130)}))
    assert (len(found.reasons), found.untold) == (100, 30)
    assert "and 30 more; fix these first" in markdown(found)


@pytest.mark.parametrize("slug", ["con", "nul.old", "lpt1"])
def test_a_name_that_is_a_device_elsewhere_is_refused(board: Repository, slug: str) -> None:
    found = judge(board, board.pull({f"submissions/{slug}/submission.yaml": about(slug, "ada")}))
    assert f"the slug '{slug}' is the name of a device on Windows" in [
        reason.what for reason in found.reasons
    ]


def test_fewer_languages_with_a_reason_need_a_maintainer(board: Repository, tmp_path: Path) -> None:
    digest = hashlib.sha256(board.files[OUTCOMES]).hexdigest()
    line = f'supersedes: [{{target: jupyterlab, outcomes: "{digest}", reason: the German text was wrong}}]\n'
    found = judge(
        board, board.pull({**again(tmp_path, languages=("it",)), MINE: named(board) + line.encode()})
    )
    assert (found.verdict, rules(found)) == (Verdict.MAINTAINER, [("shrunk", RESULT)])
    assert found.reasons[0].what == "loses de of seed 0, with the reason: the German text was wrong"


def test_without_an_actor_nobody_owns_anything(board: Repository, tmp_path: Path) -> None:
    head = board.pull({"submissions/new/submission.yaml": about("new", "ada")})
    assert judge(board, head, None).verdict is Verdict.MAINTAINER
    for actor in ("@ada", "", "a b", "x" * 40, "a\nb"):
        with pytest.raises(WrongUsage):
            judge(board, head, actor)


# ---- the command -------------------------------------------------------------------------------


def command(board: Repository, head: str, *arguments: str) -> tuple[int, str, str]:
    answer = CliRunner().invoke(
        main,
        [
            "review",
            board.base,
            head,
            "--submissions",
            str(board.folder / "submissions"),
            "--actor",
            "ada",
            *arguments,
        ],
    )
    return answer.exit_code, answer.stdout, answer.stderr


def test_the_exit_code_is_the_verdict_and_both_files_hold_it(board: Repository, tmp_path: Path) -> None:
    summary, artifact = tmp_path / "summary.md", tmp_path / "review.json"
    summary.write_text("before\n")
    good = board.pull({"submissions/new/submission.yaml": about("new", "ada")})
    code, out, _ = command(board, good, "--summary", str(summary), "--json", str(artifact))
    assert (code, summary.read_text()) == (0, f"before\n{out}")
    assert json.loads(artifact.read_text())["verdict"] == "accepted"
    assert Review.model_validate_json(artifact.read_text()) == judge(board, good)
    code, out, error = command(board, board.pull({"submissions/mine/x": b""}), "--format", "json")
    assert (code, json.loads(out)["verdict"]) == (1, "refused")
    assert error == "error: refused, for 1 reason\n    cure: fix the problems listed above, and push again\n"
    other = board.pull({"README.md": b"changed"})
    assert [
        command(board, other)[0],
        command(board, other, "--skip-code")[0],
        command(board, "unknown")[0],
    ] == [2, 0, 3]
    mine = board.pull({"submissions/new/submission.yaml": about("new", "bob")})
    assert command(board, mine, "--skip-code")[0] == 2


def test_nothing_that_a_stranger_wrote_acts_in_the_summary(board: Repository) -> None:
    hostile = "](javascript:x) @everyone <img src=x onerror=y> `code` | # head\n::set-output"
    found = judge(
        board,
        board.pull(
            {
                f"submissions/mine/{hostile}": b"",
                MINE: named(board).replace(b"title: Mine", b"title: [@team, <b>]"),
            }
        ),
    )
    text = markdown(found)
    assert "\n::" not in text
    # Our own markdown is headings, lists and strong words; a link, an image or a tag would be the stranger's.
    tokens = [
        token for block in MarkdownIt("commonmark").parse(text) for token in [block, *(block.children or ())]
    ]
    assert {token.type for token in tokens if token.type.startswith(("html", "link", "image"))} == set()
    prose = " ".join(token.content for token in tokens if token.type == "text")
    assert not any(sign in prose for sign in ("@everyone", "@team", "<", "javascript", "set-output")), prose
    assert sum(token.type == "heading_open" for token in tokens) == 2


def test_nothing_of_a_pull_request_is_run_or_written(board: Repository, canary: Path) -> None:
    """Run the real command in the base's tree, on a head that is full of what Python, git and pytest would run."""
    code = f"open({str(canary)!r}, 'w').write('ran')\n".encode()
    shell = f"#!/bin/sh\ntouch {canary}\n".encode()
    names = (
        "sitecustomize",
        "usercustomize",
        "conftest",
        "setup",
        "click",
        "harness/__init__",
        "harness/cli/main",
        "numpy",
        "yaml",
    )
    edits: Edits = {
        **{f"{name}.py": code for name in names},
        **{f"submissions/mine/{name}.py": code for name in ("conftest", "sitecustomize")},
        ".gitattributes": b"* filter=run diff=run\n",
        ".gitconfig": f"[core]\n\tfsmonitor = {canary}.sh\n".encode(),
        ".githooks/post-checkout": Put("100755", shell),
        "run.pth": b"import sitecustomize\n",
        "pyproject.toml": b"[tool.pytest.ini_options]\naddopts = '-p conftest'\n",
    }
    head = board.pull(edits)
    line = "import sys; sys.argv[0] = 'stiltboard'; from harness.cli.main import main; main()"
    # -P as in an installed command, whose folder is not the working one
    arguments = [
        sys.executable,
        "-P",
        "-c",
        line,
        "review",
        "main",
        head,
        "--actor",
        "ada",
        "--format",
        "json",
    ]
    git(board.folder, "update-ref", "refs/heads/main", board.base)
    done = subprocess.run(
        arguments,
        cwd=board.folder,
        capture_output=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert (done.returncode, json.loads(done.stdout)["verdict"]) == (1, "refused"), done.stderr
    assert not canary.exists()
    assert git(board.folder, "status", "--porcelain", "--ignored") == ""
