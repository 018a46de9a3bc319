"""What maintainers do on a board, each as a change from a base to a head."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner

from harness import store
from harness.cli.main import main
from harness.records import EvaluationRun
from harness.store.yaml.parser import dump
from tests.support.pull_requests import Edits, Repository, about, begin, measured, written

BOT = "github-actions[bot]"
SETTINGS = f"schema: 1\ntitle: A board\nmaintainers: [Carol]\nworkflows: ['{BOT}']\n".encode()
RESULT = "submissions/theirs/results/jupyterlab.yaml"
Act = Callable[[Path, Repository], tuple[str, str]]  # → base and head


def maintained_board(folder: Path) -> Repository:
    """Return a board that Carol maintains, with a row of bob's, which has a result, and one of ada's."""
    files = {
        "stiltboard.yaml": SETTINGS,
        "submissions/theirs/submission.yaml": about("theirs", "bob"),
        "submissions/mine/submission.yaml": about("mine", "ada"),
        **written(folder / "results", *measured("theirs")),
    }
    return begin(folder / "repository", files)


def older_format(board: Repository) -> bytes:
    """Return bob's result as an earlier version of the harness wrote it."""
    text = board.files[RESULT].partition(b"# sha256")[0]
    return text.replace(b"schema: 2", b"schema: 1", 1).replace(b"runs: []\n", b"run: {}\n")


def as_command(folder: Path, board: Repository, *arguments: str) -> Edits:
    """Run a command on a copy of the board, and return what it changed."""
    root = folder / "copy"
    shutil.copytree(board.folder, root, ignore=shutil.ignore_patterns(".git"))
    done = CliRunner().invoke(main, [*arguments, "--submissions", str(root / "submissions")])
    assert done.exit_code == 0, done.output
    after = {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }
    removed: dict[str, None] = {path: None for path in board.files if path not in after}
    return {path: data for path, data in after.items() if board.files.get(path) != data} | removed


def another_result(folder: Path, board: Repository) -> Edits:
    result, table = measured("theirs", ("it", "de", "fi"))
    run = EvaluationRun(date="2026-02-02T00:00:00Z", device="cpu")
    return written(folder / "new", result.model_copy(update={"runs": (run,)}), table)


def verification(_folder: Path, board: Repository) -> Edits:
    digest = store.result_digest(board.folder / RESULT)
    check = {
        "target": "jupyterlab", "result": digest, "how": "rerun", "agrees": True, "largest": 0.0, "allowed": 0.1,
        "by": "Carol", "date": "2026-02-02T00:00:00Z", "harness": "stiltboard 0.1.0",
    }  # fmt: skip
    text = dump({"schema": 1, "submission": "theirs", "results": [check]}).encode()
    return {"submissions/theirs/verification.yaml": text}


def superseding(folder: Path, board: Repository) -> Edits:
    """Return another result in place of bob's, with the reason on record."""
    old = store.load_result(board.folder / RESULT)
    entry = {"target": "jupyterlab", "outcomes": old.outcomes.sha256, "reason": "another tokenizer"}
    return {
        "submissions/theirs/submission.yaml": about("theirs", "bob") + dump({"supersedes": [entry]}).encode(),
        **written(folder / "superseding", *measured("theirs", draw=9)),
    }


def _from_base(edits: Callable[[Path, Repository], Edits]) -> Act:
    return lambda folder, board: (board.base, board.pull(edits(folder, board)))


def _by_command(*arguments: str) -> Act:
    return _from_base(lambda folder, board: as_command(folder, board, *arguments))


def _revert(folder: Path, board: Repository) -> tuple[str, str]:
    edits = superseding(folder, board)
    merged = board.pull(edits)
    return merged, board.pull({path: board.files[path] for path in edits}, merged)


def _take_back(_: Path, board: Repository) -> tuple[str, str]:
    added = board.pull({"submissions/new/submission.yaml": about("new", "dave")})
    return added, board.pull({"submissions/new/submission.yaml": None}, added)


def migrate(folder: Path, board: Repository) -> tuple[Repository, str]:
    """Return a board in an older format, and its migration."""
    older = begin(folder / "older", {**board.files, RESULT: older_format(board)})
    return older, older.pull(as_command(folder, older, "migrate"))


ACTS: dict[str, Act] = {
    "add results": _from_base(another_result),
    "verify": _from_base(verification),
    "rename": _by_command("rename", "theirs", "other"),
    "withdraw": _by_command("withdraw", "theirs", "--reason", "asked for"),
    "attach a notice": _by_command("notice", "theirs", "--kind", "disputed", "--reason", "other weights"),
    "revert a superseding result": _revert,
    "take a row back": _take_back,
    "change the account": _from_base(
        lambda *_: {"submissions/theirs/submission.yaml": about("theirs", "bobby")}
    ),
    "supersede a result": _from_base(superseding),
    "change two submissions": _from_base(
        lambda *_: {
            f"submissions/{slug}/submission.yaml": about(slug, owner)
            + b"links: {code: https://example.org}\n"
            for slug, owner in (("theirs", "bob"), ("mine", "ada"))
        }
    ),
    "add another's row": _from_base(lambda *_: {"submissions/new/submission.yaml": about("new", "dave")}),
}
