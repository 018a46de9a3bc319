"""A board whose outcomes are in a bucket: the same bytes as with git, and every fault named."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli.main import main
from harness.object_store import remote
from harness.records.outcome_settings import kept_name
from tests.support.bucket_server import (
    BUCKET,
    Server,
    bucket_server,
    delete_bucket,
    objects,
    replace_object,
)
from tests.support.folders import SUBMISSIONS, tree
from tests.support.pull_requests import about, begin, measured, written

pytestmark = pytest.mark.slow
ROWS = 200
SETTINGS = f"schema: 1\noutcomes: {{where: 's3://{BUCKET}/board'}}\n"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("STILTBOARD_CACHE", str(tmp_path / "cache"))
    with bucket_server(monkeypatch) as running:
        yield running


@pytest.fixture
def toy(server: Server, tmp_path: Path) -> Path:
    """Return a board of one row whose outcomes are in the bucket."""
    submissions = Path(shutil.copytree(SUBMISSIONS / "toy", tmp_path / "board/submissions/toy").parent)
    (submissions.parent / "stiltboard.yaml").write_text(SETTINGS)
    assert run(submissions, "outcomes", "push", "--remove").exit_code == 0
    return submissions


def run(submissions: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--submissions", str(submissions)])


def make_board(folder: Path, rows: int) -> Path:
    """Write a board of rows with 449 examples each, all of them different."""
    for number in range(rows):
        slug = f"row-{number:03}"
        files = {f"submissions/{slug}/submission.yaml": about(slug, slug)}
        files |= written(folder / "made", *measured(slug, draw=number, right=0.3 + number / rows / 2))
        for name, data in files.items():
            path = folder / "board" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    return folder / "board/submissions"


def said(submissions: Path, folder: Path) -> dict[str, object]:
    """Return everything that a person or a program gets from a board."""
    first, second = "row-003", "row-150"
    commands = (
        ("diff", first, second, "--json"),
        ("diff", first, second),
        ("verify", first, second),
        ("validate",),
    )
    answers: dict[str, object] = {}
    for arguments in commands:
        done = run(submissions, *arguments)
        answers[" ".join(arguments)] = (done.exit_code, done.stdout, done.stderr)
    built = run(submissions, "build", "--out", str(folder))
    answers["build"] = (built.exit_code, built.stdout.replace(str(folder), ""), built.stderr)
    return answers | tree(folder)


def test_a_board_of_200_rows_gives_the_same_bytes_from_a_bucket_and_from_a_folder(
    server: Server, tmp_path: Path
) -> None:
    submissions = make_board(tmp_path, ROWS)
    before = said(submissions, tmp_path / "git")
    settings = submissions.parent / "stiltboard.yaml"
    settings.write_text(SETTINGS)
    done = run(submissions, "outcomes", "push", "--remove")
    assert (done.exit_code, list(submissions.rglob("*.parquet"))) == (0, []), done.output
    assert len(objects()) == ROWS
    after = said(submissions, tmp_path / "bucket")
    assert {name for name in before | after if before.get(name) != after.get(name)} == set()
    done = run(submissions, "outcomes", "check")
    assert (done.exit_code, done.stdout) == (
        0,
        f"200 files as their results say in s3://{BUCKET}/board, 0 next to their results\n",
    )
    folder = tmp_path / "folder"
    for key, data in objects().items():
        path = folder / key.removeprefix("board/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    settings.write_text("schema: 1\noutcomes: {where: ../folder}\n")
    shutil.rmtree(tmp_path / "cache")
    after = said(submissions, tmp_path / "from-folder")
    assert {name for name in before | after if before.get(name) != after.get(name)} == set()


def refused(submissions: Path, *arguments: str, code: int = 3) -> str:
    """Return what a command says that must fail, and leave no site behind."""
    out = submissions.parent / "site"
    done = run(submissions, *arguments, *(("--out", str(out)) if arguments[0] == "build" else ()))
    assert (done.exit_code, out.exists()) == (code, False), done.output
    return done.stderr


@pytest.mark.parametrize(
    "command", [("diff", "toy", "toy"), ("validate",), ("build",), ("outcomes", "check")]
)
def test_a_bucket_that_is_gone_is_named(toy: Path, command: tuple[str, ...]) -> None:
    delete_bucket()
    assert f"error: s3://{BUCKET}/board: there is nothing of that name" in refused(toy, *command)


def test_an_object_that_is_gone_or_was_changed_is_named(toy: Path) -> None:
    ((key, data),) = objects().items()
    digest = hashlib.sha256(data).hexdigest()
    assert key == f"board/{kept_name(digest)}"
    for content in (b"", data[:-1], bytes(len(data)), data + b"\0"):
        replace_object(key, content)
        message = f"s3://{BUCKET}/{key} has other content: the result names sha256 {digest}, found sha256 "
        assert message in refused(toy, "validate")
        assert message in refused(toy, "diff", "toy", "toy")
    replace_object(key, None)
    assert f"the outcomes with sha256 {digest} are not in s3://{BUCKET}/board: nothing can be" in refused(
        toy, "build"
    )


@pytest.mark.parametrize("kind", ["silent", "cut"])
def test_a_slow_or_a_cut_connection_is_named_and_the_same_command_goes_on(
    toy: Path, server: Server, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(remote, "READ_SECONDS", 1)
    server.fault.kind = kind
    message = refused(toy, "diff", "toy", "toy")
    assert message.startswith(f"error: s3://{BUCKET}/board/") and " cannot be read: " in message
    assert "check the network, the credentials and the address of the place" in message
    server.fault.kind = ""
    assert run(toy, "diff", "toy", "toy").exit_code == 0
    assert not list(toy.parent.parent.joinpath("cache").rglob("*.partial"))


def test_a_review_reads_the_boards_outcomes_from_the_bucket(server: Server, tmp_path: Path) -> None:
    files = written(tmp_path / "made", *measured("mine"))
    for name in [name for name in files if name.endswith(".parquet")]:
        data = files.pop(name)
        replace_object(f"board/{kept_name(hashlib.sha256(data).hexdigest())}", data)
    files |= {"submissions/mine/submission.yaml": about("mine", "ada"), "stiltboard.yaml": SETTINGS.encode()}
    board = begin(tmp_path / "board", files)
    head = board.pull(written(tmp_path / "more", *measured("mine", ("it", "de", "fi"))))
    done = run(board.folder / "submissions", "review", board.base, head, "--actor", "ada", "--format", "json")
    report = json.loads(done.stdout)
    assert (done.exit_code, report["verdict"], len(report["diff"]["comparisons"])) == (0, "accepted", 1)


def test_a_server_that_is_not_there_is_named(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr(remote, "CONNECT_SECONDS", 1)
    assert "cannot be read: " in refused(toy, "validate")
