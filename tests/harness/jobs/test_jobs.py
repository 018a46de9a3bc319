"""Evaluations as jobs: the same bytes as one after the other, a lost one tried again, a failed one named."""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from harness.cli.main import main
from harness.evaluation.run import Options
from harness.jobs.job_list import list_jobs, open_jobs
from harness.jobs.job_record import EvaluationJob, job_from_json
from harness.jobs.run_folder import find_runs
from harness.jobs.running import local_pool, run_jobs
from harness.jobs.worker import run_job
from harness.reporter import Silent
from tests.support.folders import ROOT
from tests.support.submissions import result_without_run, write_submission
from tests.support.toys import save_toy_encoder

TARGETS = ("-t", "jupyterlab", "-l", "de", "-l", "fi", "--dtype", "float32")


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Enter a folder with two submissions, one of three seeds and one of one."""
    monkeypatch.chdir(tmp_path)
    for slug, seeds in (("many", 3), ("one", 1)):
        checkpoints = ", ".join(f"{{seed: {seed}, path: weights-{seed}}}" for seed in range(seeds))
        folder = write_submission(tmp_path / "submissions" / slug, checkpoints=f"[{checkpoints}]")
        for seed in range(seeds):
            save_toy_encoder(folder / f"weights-{seed}", seed=seed + 10 * seeds)
    return tmp_path / "submissions"


def evaluate(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["evaluate", "many", "one", *TARGETS, *arguments])


def bytes_of(board: Path) -> dict[str, tuple[str, str]]:
    return {slug: result_without_run(board / slug) for slug in ("many", "one")}


def bytes_of_one_run(board: Path) -> tuple[str, dict[str, tuple[str, str]]]:
    """Evaluate again from nothing, one after the other; return what is printed, and the results' bytes."""
    for slug in ("many", "one"):
        shutil.rmtree(board / slug / "results", ignore_errors=True)
    done = evaluate()
    assert done.exit_code == 0, done.output
    return done.stdout, bytes_of(board)


def jobs_of(board: Path, cache: Path, **options: Any) -> list[EvaluationJob]:
    chosen = Options(cache=cache, dtype="float32", **options)
    jobs = []
    for folder in (board / "many", board / "one"):
        listed = list_jobs([folder], ["jupyterlab"], ["de", "fi"], chosen, Silent())
        jobs += open_jobs(listed, ["de", "fi"], chosen, None, Silent())
    return jobs


class Here(ThreadPoolExecutor):
    """An executor in this process that loses some jobs, as a pool does whose process is killed."""

    def __init__(self, loses: Callable[[int], bool]) -> None:
        super().__init__(1)
        self._loses, self._submitted = loses, 0

    def submit(self, function: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        self._submitted += 1
        if self._loses(self._submitted):
            lost: Future[Any] = Future()
            lost.set_exception(BrokenProcessPool("a process ended abruptly"))
            return lost
        return super().submit(function, *arguments, **named)


@pytest.mark.slow
def test_jobs_in_two_processes_end_with_the_bytes_of_one_run_after_the_other(board: Path) -> None:
    together = evaluate("--jobs", "2")
    assert together.exit_code == 0, together.output
    assert "4 of 4 jobs are open" in together.stderr
    assert "\n4 of 4: " in together.stderr
    measured = bytes_of(board)
    again = evaluate("--jobs", "2")
    assert "0 of 4 jobs are open" in again.stderr
    assert again.stdout == together.stdout
    assert bytes_of_one_run(board) == (together.stdout, measured)


def test_shards_in_any_order_and_twice_are_the_whole(board: Path) -> None:
    for number in (3, 1, 3, 2):
        done = evaluate("--shard", f"{number}/3")
        assert done.exit_code == 0, done.output
        assert f"shard {number}/3: " in done.stderr
    states = [run.state for run in find_runs()]
    assert [(state.done, state.has_ended, state.failed) for state in states] == [
        (state.total, True, ()) for state in states
    ]
    assert sum(state.total for state in states) == 4
    measured = bytes_of(board)
    assert bytes_of_one_run(board)[1] == measured


@pytest.mark.slow
def test_two_shards_at_once_on_one_submission_are_the_whole(board: Path) -> None:
    code = "from harness.cli.main import main; main()"
    command = [sys.executable, "-c", code, "evaluate", "many", *TARGETS, "--shard"]
    for _ in range(2):
        both = [subprocess.Popen([*command, f"{number}/2"], stderr=subprocess.PIPE) for number in (2, 1)]
        said = [process.communicate()[1].decode() for process in both]
        assert [process.returncode for process in both] == [0, 0], said
    assert evaluate().exit_code == 0
    measured = bytes_of(board)
    assert bytes_of_one_run(board)[1] == measured


def test_a_lost_job_is_tried_once_more_and_then_named(board: Path, tmp_path: Path) -> None:
    jobs = jobs_of(board, tmp_path / "cache")
    assert [job.options.seeds for job in jobs] == [(0,), (1,), (2,), (0,)]
    made: list[Executor] = []

    def loses_the_second_once() -> Executor:
        made.append(Here(lambda number: len(made) == 1 and number == 2))
        return made[-1]

    assert [one.error for one in run_jobs(jobs, loses_the_second_once)] == [None] * 4
    assert len(made) == 2
    shutil.rmtree(board / "many/results")
    ended = list(run_jobs(jobs[:2], lambda: Here(lambda number: number == 1)))
    (lost,) = (one.error.faults for one in ended if one.error is not None)
    assert len(ended) == 2
    assert "its worker was lost, 2 times" in lost[0].message
    assert "jobs/many-" in lost[0].cure


def test_what_fails_is_named_and_the_others_go_on(board: Path) -> None:
    (board / "many/weights-1/model.safetensors").unlink()
    done = evaluate("--shard", "1/1")
    assert done.exit_code in (1, 3)
    assert "Traceback" not in done.output
    assert "weights-1" in done.stderr
    assert (board / "one/results/jupyterlab.yaml").is_file()


def test_a_dry_run_says_what_each_worker_has(board: Path) -> None:
    said = [evaluate("--dry-run", *options).stdout.splitlines()[-1] for options in ((), ("--jobs", "1000"))]
    assert re.fullmatch(r"1 worker: (\d+) of \1 cores, ([\d.]+) of \2 GB of memory", said[0])
    assert re.match(r"1000 workers, each: 1 of \d+ cores, 0\.\d of [\d.]+ GB of memory; a job takes", said[1])


@pytest.mark.slow
def test_results_are_verified_again_in_two_processes(board: Path) -> None:
    assert evaluate().exit_code == 0
    reports = [
        CliRunner().invoke(main, ["verify", "--rerun", "--json", *options])
        for options in ((), ("--jobs", "2"))
    ]
    assert [report.exit_code for report in reports] == [0, 0], reports[1].output
    assert reports[0].stdout == reports[1].stdout
    assert '"rerun"' in reports[1].stdout
    assert "2 of 2: " in reports[1].stderr


def test_a_job_crosses_as_text_and_another_version_is_refused(board: Path, tmp_path: Path) -> None:
    job = jobs_of(board, tmp_path / "cache")[0]
    assert job_from_json(job.to_json()) == job
    other = job.to_json().replace(f'"version":"{job.version}"', '"version":"0.0.0"')
    assert "this worker has stiltboard" in run_job(other)
    assert "the job was made by 0.0.0" in job.log.read_text()
    assert not (board / "many/results").exists()


def test_a_full_disk_a_missing_checkpoint_and_another_version_are_named_and_nothing_is_lost(
    board: Path, tmp_path: Path
) -> None:
    """Each hits one worker; the same command then ends with the bytes of one run."""
    jobs = jobs_of(board, tmp_path / "cache")
    jobs[1] = replace(jobs[1], version="0.0.0")
    shutil.rmtree(jobs[2].options.fetched["weights-2"].folder)  # what the worker would open

    def work(text: str) -> str:
        if job_from_json(text).folder.name != "one":
            return run_job(text)
        with no_file_grows():
            return run_job(text)

    ended = run_jobs(jobs, lambda: ThreadPoolExecutor(1), None, work)
    errors = {one.job.name: str(one.error) for one in ended if one.error is not None}
    expected = {
        "many seed 0": "this worker does not see ",
        "many seed 1": "this worker has stiltboard",
        "many seed 2": "this worker does not see ",
        "one seed 0": "too large",
    }
    assert errors.keys() == {f"{name}: jupyterlab" for name in expected}
    for name, what in expected.items():
        assert errors[f"{name}: jupyterlab"].startswith(f"{name}: jupyterlab: ")
        assert what in errors[f"{name}: jupyterlab"]
    assert not (board / "one/results/jupyterlab.yaml").exists()
    assert evaluate("--shard", "1/1").exit_code == 0
    measured = bytes_of(board)
    assert bytes_of_one_run(board)[1] == measured


@contextmanager
def no_file_grows() -> Iterator[None]:
    """Let no file of this process grow: the error is a full disk's sister, and anybody may ask for it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_where_nothing_on_disk_is_kept_a_submission_is_one_job(board: Path, tmp_path: Path) -> None:
    for options in ({"overwrite": True}, {"limit": 3}):
        assert [job.options.seeds for job in jobs_of(board, tmp_path / "cache", **options)] == [(), ()]


@pytest.mark.slow
def test_a_killed_worker_costs_a_try_and_no_byte(board: Path, tmp_path: Path) -> None:
    """A worker of a real pool is killed while jobs wait."""
    jobs = jobs_of(board, tmp_path / "cache")
    pools: list[Executor] = []

    def pool() -> Executor:
        pools.append(local_pool(2))
        if len(pools) == 1:
            pools[0].submit(_end_itself)
        return pools[-1]

    assert [one.error for one in run_jobs(jobs, pool)] == [None] * len(jobs)
    assert len(pools) == 2
    measured = bytes_of(board)
    assert bytes_of_one_run(board)[1] == measured


def _end_itself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


CLUSTER = ROOT / "docs/clusters/local.py"


@pytest.mark.slow
def test_workers_of_parsl_end_with_the_bytes_of_one_run(board: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKERS", "2")
    code = "from harness.cli.main import main; main()"
    command = [sys.executable, "-c", code, "evaluate", "many", "one", *TARGETS, "--cluster", str(CLUSTER)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "4 of 4: " in done.stderr
    measured = bytes_of(board)
    assert bytes_of_one_run(board) == (done.stdout, measured)


def test_workers_that_cannot_be_started_are_named_without_a_traceback(board: Path, tmp_path: Path) -> None:
    """A port that is taken, for example, shows itself only when the workers are started."""
    broken = "class HighThroughputExecutor(HighThroughputExecutor):\n    def start(self): raise OSError('no port')\n"
    text = CLUSTER.read_text().replace("def config", f"{broken}\n\ndef config")
    (tmp_path / "cluster.py").write_text(text)
    done = evaluate("--cluster", str(tmp_path / "cluster.py"))
    assert done.exit_code == 1
    assert "the workers that " in done.stderr
    assert "could not be started: " in done.stderr
    assert "defect" not in done.stderr


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("", "there is no function config"),
        ("def config(): return 3", "config() returns int, not a parsl.Config"),
        ("def config(): return 1 / 0", "config() failed: "),
        ("raise OSError('no')", "cannot be run: "),
    ],
)
def test_a_file_that_describes_no_cluster_is_refused(
    board: Path, tmp_path: Path, code: str, said: str
) -> None:
    (tmp_path / "cluster.py").write_text(code)
    done = evaluate("--cluster", str(tmp_path / "cluster.py"))
    assert done.exit_code == 3
    assert said in done.stderr
    assert "docs/clusters" in done.stderr
