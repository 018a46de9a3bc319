"""What a long command shows, and what it logs."""

from __future__ import annotations

import logging
import os
import warnings
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from harness.cli.progress import watch
from harness.errors import BadInput, CheckFailed, Unwritable, joined
from harness.verbosity import report_through_logging, say, verbosity_options

pytestmark = pytest.mark.filterwarnings("default")


@click.command()
@click.option("--fail", is_flag=True)
@verbosity_options
def work(fail: bool) -> None:
    """Do what long commands do: say, report, advance, let libraries warn, and print a result."""
    say("begins")
    with watch("toy") as reporter:
        reporter.report("read as en")
        for step in (1, 2):
            reporter.trained(step, 2, 0.5)
    library = logging.getLogger("library")
    library.addHandler(logging.StreamHandler())
    report_through_logging("library")
    library.warning("weights are new")
    warnings.warn("old way", FutureWarning, stacklevel=1)
    if fail:
        raise BadInput("no text", cure="add it")
    click.echo("result")


@pytest.mark.parametrize(
    ("options", "shown", "not_shown"),
    [
        ((), ("begins", "toy: read as en"), ("weights are new", "old way")),
        (("-q",), (), ("begins", "toy", "weights", "old way")),
        (("-v",), ("begins", "toy: read as en", "weights are new", "old way"), ()),
        (("--no-progress",), ("begins", "toy: read as en"), ("step 2",)),
    ],
)
def test_what_is_shown(
    options: tuple[str, ...],
    shown: tuple[str, ...],
    not_shown: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("harness.cli.progress._PLAIN_SECONDS", 0.0)
    before = dict(os.environ), logging.getLogger().handlers[:]
    log_file = tmp_path / "log"
    outcome = CliRunner().invoke(work, [*options, "--log-file", str(log_file)])
    assert outcome.exit_code == 0, outcome.output
    assert outcome.stdout == "result\n"
    assert all(text in outcome.stderr for text in shown), outcome.stderr
    assert not any(text in outcome.stderr for text in not_shown), outcome.stderr
    logged = log_file.read_text()
    for line in (
        "INFO stiltboard: begins",
        "INFO stiltboard: toy: read as en",
        "INFO stiltboard: toy: step 2 of 2, loss 0.500",
        "WARNING library: weights are new",
        "WARNING py.warnings: ",
    ):
        assert line in logged, logged
    assert (dict(os.environ), logging.getLogger().handlers) == before


def test_an_error_is_logged_and_a_second_run_appends(tmp_path: Path) -> None:
    log_file = tmp_path / "log"
    for _ in range(2):
        outcome = CliRunner().invoke(work, ["-q", "--fail", "--log-file", str(log_file)])
        assert outcome.exit_code == 3
        assert outcome.stderr == "error: no text\n    cure: add it\n"
    assert log_file.read_text().count("ERROR stiltboard: no text\n    cure: add it\n") == 2


def test_options_that_cannot_be_are_refused(tmp_path: Path) -> None:
    outcome = CliRunner().invoke(work, ["-q", "-v"])
    assert (outcome.exit_code, outcome.stderr.partition("\n")[0]) == (
        2,
        "error: --quiet and --verbose contradict each other",
    )
    outcome = CliRunner().invoke(work, ["--log-file", str(tmp_path / "nowhere/log")])
    assert outcome.exit_code == Unwritable.exit_code
    assert "nowhere/log cannot be written: No such file or directory\n    cure: name a file" in outcome.stderr


def test_several_errors_have_the_exit_code_that_all_of_them_have() -> None:
    bad, failed = BadInput("a"), CheckFailed("b")
    assert joined([bad, BadInput("c")]).exit_code == 3
    assert [str(fault) for fault in joined([bad, failed]).faults] == ["a", "b"]
    assert (joined([bad, failed]).exit_code, joined([failed]).exit_code) == (1, 1)
    assert CheckFailed("d").exit_code == 1
