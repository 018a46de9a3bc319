"""Files of older formats are read, rewritten, and state the same as before."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness import store
from harness.cli.main import main
from harness.errors import BadInput
from harness.records import Record, Result, Sweep, Verification
from harness.store.formats import UPGRADES, current_format
from harness.store.migration import migrate
from tests.support.folders import SUBMISSIONS


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """Return a board with one submission whose result has format 1, and a check of it by somebody else."""
    folder = tmp_path / "submissions/toy"
    shutil.copytree(SUBMISSIONS / "toy", folder)
    path = folder / "results/jupyterlab.yaml"
    before, _, run = path.read_text().partition("\nruns:\n")
    lines = [line[4:] for line in run.splitlines()]
    older = before.replace("schema: 2", "schema: 1", 1) + "\nrun:\n"
    path.write_text(older + "".join(f"  {line}\n" for line in [*lines, "sentences_per_second: 4.0"]))
    (folder / "verification.yaml").write_text(
        f"""schema: 1
submission: toy
results:
  - target: jupyterlab
    result: {store.result_digest(path)}
    how: rerun
    agrees: true
    largest: 0.0
    allowed: 0.1
    by: Somebody Else
    date: "2026-02-01T00:00:00Z"
    harness: stiltboard 0.1.0
"""
    )
    return tmp_path / "submissions"


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    return done.exit_code, done.output


def test_the_number_of_every_format_is_that_of_its_record() -> None:
    for record in (Result, Sweep, Verification):
        (number,) = record.model_fields["schema_"].annotation.__args__  # type: ignore[union-attr]
        assert current_format(record) == number
    assert all(issubclass(record, Record) for record in UPGRADES)


def test_an_older_result_is_read_as_what_it_states(board: Path) -> None:
    path = board / "toy/results/jupyterlab.yaml"
    assert path.read_text().startswith("schema: 1\n")
    now = store.load_result(SUBMISSIONS / "toy/results/jupyterlab.yaml")
    assert store.load_result(path) == now


def test_migration_keeps_what_results_state_and_the_marks_of_their_checks(board: Path) -> None:
    folder = board / "toy"
    path = folder / "results/jupyterlab.yaml"
    before, outcomes = store.load_result(path), path.with_suffix(".parquet").read_bytes()
    assert run("migrate", "--check", "--submissions", board) == (
        1,
        f"{path}: older format\n{folder / 'verification.yaml'}: older format\n"
        "2 files would be rewritten: stiltboard migrate\n",
    )
    assert path.read_text().startswith("schema: 1\n")
    code, output = run("migrate", "--submissions", board)
    assert (code, output.splitlines()[-1]) == (0, "2 files rewritten")
    assert path.read_text().startswith("schema: 2\n")
    assert store.load_result(path) == before
    assert path.with_suffix(".parquet").read_bytes() == outcomes
    record = store.load_verification(folder)
    assert record is not None
    check = record.of("jupyterlab", store.result_digest(path))
    assert check is not None and check.by == "Somebody Else"


def test_migration_is_idempotent(board: Path) -> None:
    migrate(board / "toy")
    files = {path: path.read_bytes() for path in board.rglob("*") if path.is_file()}
    assert migrate(board / "toy").files == {}
    assert run("migrate", "--check", "--submissions", board) == (0, "all files are in the current formats\n")
    assert {path: path.read_bytes() for path in board.rglob("*") if path.is_file()} == files


def test_a_check_of_another_version_of_the_result_stays_with_that_version(board: Path) -> None:
    folder = board / "toy"
    other = f"sha256:{hashlib.sha256(b'other').hexdigest()}"
    text = (folder / "verification.yaml").read_text()
    current = store.result_digest(folder / "results/jupyterlab.yaml")
    (folder / "verification.yaml").write_text(text.replace(current, other))
    migrate(folder)
    record = store.load_verification(folder)
    assert record is not None and record.results[0].result == other


def test_a_file_that_cannot_be_read_is_named_and_left_as_it_was(board: Path) -> None:
    path = board / "toy/results/jupyterlab.yaml"
    spoilt = path.read_text().replace("score: 50.0", "score: many", 1)
    path.write_text(spoilt)
    code, _ = run("migrate", "--submissions", board)
    assert code == BadInput.exit_code
    assert path.read_text() == spoilt
    assert (faults := migrate(board / "toy").faults) and "many" in faults[0].message


@pytest.mark.parametrize("name", ["results/jupyterlab.yaml", "submission.yaml"])
def test_a_file_of_a_newer_version_is_named_as_such(board: Path, name: str) -> None:
    path = board / "toy" / name
    number = path.read_text().partition("\n")[0]
    path.write_text(path.read_text().replace(number, "schema: 9", 1))
    faults = store.submission_faults(board / "toy")
    assert any("found format 9" in fault.message for fault in faults)
    assert all("install the version" in fault.cure for fault in faults if "format 9" in fault.message)
    assert any("found format 9" in fault.message for fault in migrate(board / "toy").faults)
