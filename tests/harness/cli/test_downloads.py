"""`evaluate` with checkpoints of the Hub, in this process and as a program, while the Hub misbehaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.main import main
from harness.store import load_result
from tests.support.folders import ROOT
from tests.support.hub_faults import GATED, LARGE, LISTING, PAGE, SMALL, answers, fails
from tests.support.hub_layout import data_set
from tests.support.hub_server import HubServer, environment
from tests.support.submissions import result_without_run, write_submission

# Nothing of the Hub's is patched in a program, so that tries pause as they do for everyone.
PROGRAM_FAULTS = {
    "reset": (fails(LARGE, after=0, then="reset"), "was cut at every try"),
    "gated": (answers(LISTING, 403, GATED, "GatedRepo"), "ask for access at"),
    "a login page": (fails(LARGE, status=200, body=PAGE), "log in to the network"),
    "too many requests": (answers(SMALL, 429, "Slow down", Retry_After="3600"), "wait 3,600 seconds"),
    "other bytes": (fails(LARGE, body=b"x" * 124_632), "came twice with other bytes"),
    "stalled": (fails(LARGE, after=60_000, then="stall", seconds=60), "stalled"),
}
# Whoever starts the tests in the background has the signal ignored.
PROGRAM = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
PROGRAM += "from harness.cli.main import main; main()"


@pytest.fixture
def submission(hub: HubServer, toy_encoder: Path, tmp_path: Path) -> Path:
    commit = hub.add("org/model", toy_encoder)
    checkpoints = f"[{{seed: 0, hub: org/model, revision: {commit}}}]"
    return write_submission(tmp_path / "submissions/toy", checkpoints=checkpoints)


def arguments(submission: Path) -> list[str]:
    options = ["-t", "jupyterlab", "-l", "de", "--dtype", "float32", "--device", "cpu"]
    return ["evaluate", "toy", *options, "--submissions", str(submission.parent)]


def program(submission: Path, hub: HubServer, home: Path) -> subprocess.Popen[str]:
    """Start the command line in a process of its own, which finds the Hub at the server."""
    variables = {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"}
    variables |= environment(hub, home) | {"PYTHONPATH": str(ROOT), "HF_HUB_DOWNLOAD_TIMEOUT": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments(submission)],
        env=variables | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_fault_of_the_hub_ends_an_evaluation_with_code_3_and_the_same_command_finishes_it(
    submission: Path, hub: HubServer
) -> None:
    where, how = answers(LISTING, 401, GATED, "GatedRepo")
    hub.fail(where, **how)
    refused = CliRunner().invoke(main, arguments(submission))
    assert refused.exit_code == 3
    assert f"only to those whom its owners admit: {GATED[:-1]}\n    cure: ask for access at" in refused.stderr
    assert not list(submission.glob("results/*"))
    hub.faults.clear()
    finished = CliRunner().invoke(main, arguments(submission))
    assert finished.exit_code == 0, finished.output


def test_downloads_are_reported_on_standard_error(
    submission: Path, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.downloading.hub_requests.PAUSES", (0.0,))
    hub.fail(LARGE, status=503, times=1)
    finished = CliRunner().invoke(main, arguments(submission))
    assert finished.exit_code == 0
    assert "download: model.safetensors: status 503; next try in 0 s\n" in finished.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", PROGRAM_FAULTS, ids=str)
def test_as_a_program_a_fault_is_no_traceback_and_changes_no_score(
    submission: Path, hub: HubServer, tmp_path: Path, name: str
) -> None:
    (where, how), said = PROGRAM_FAULTS[name]
    hub.fail(where, **how)
    refused = program(submission, hub, tmp_path / "huggingface")
    _, errors = refused.communicate(timeout=300)
    assert "Traceback" not in errors
    if name == "stalled":  # every try brings some bytes
        assert (refused.returncode, "next try in" in errors) == (0, True)
    else:
        assert refused.returncode == 3
        assert said in errors
    hub.faults.clear()
    finished = program(submission, hub, tmp_path / "huggingface")
    _, errors = finished.communicate(timeout=300)
    assert finished.returncode == 0, errors
    left = result_without_run(submission)
    (submission / "results/jupyterlab.yaml").unlink()
    (submission / "results/jupyterlab.parquet").unlink()
    undisturbed = program(submission, hub, tmp_path / "another")
    assert undisturbed.communicate(timeout=300) is not None
    assert result_without_run(submission) == left


@pytest.mark.slow
@pytest.mark.parametrize("where", [LISTING, SMALL, LARGE])
def test_as_a_program_a_key_ends_a_download_within_two_seconds(
    submission: Path, hub: HubServer, tmp_path: Path, where: str
) -> None:
    fault = hub.fail(where, after=10, then="stall", seconds=120)
    running = program(submission, hub, tmp_path / "huggingface")
    wait_until(lambda: fault.met > 0)
    pressed = time.monotonic()
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=60)
    assert time.monotonic() - pressed < 2
    assert running.returncode == 130
    assert "error: interrupted\n    cure: what is finished is kept" in errors
    assert "Traceback" not in errors


def wait_until(is_true: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not is_true():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.slow
def test_a_mirror_gives_checkpoint_and_text_and_the_result_names_the_commit_of_the_text(
    submission: Path, hub: HubServer, tmp_path: Path
) -> None:
    """With HF_ENDPOINT alone: no client of the program knows another address."""
    texts = [f"text number {number}" for number in range(1000)]
    columns = {"source_sentence": texts, "target_sentence": texts}
    commit = hub.add("google/xtreme", data_set({"tatoeba.deu": {"validation": columns}}), "datasets")
    variables = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    home = environment(hub, tmp_path / "home")
    assert home["HF_ENDPOINT"] == hub.endpoint
    call = [*arguments(submission)[:2], "-t", "tatoeba", *arguments(submission)[4:]]
    # The text of this test in place of the official one.
    known = '{"tatoeba": {"de": "e3c993ff47c87ce01d3005d4c797093c12831e131b641af501a32b5334242519"}}'
    prepared = f"from harness.catalog.fingerprints import FINGERPRINTS as known; known |= {known}"
    done = subprocess.run(
        [sys.executable, "-c", f"{prepared}; {PROGRAM}", *call],
        env=variables | home | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = load_result(submission / "results/tatoeba.yaml")
    assert result.last_run is not None
    assert result.last_run.text_revisions == {"google/xtreme": commit}
