"""How far runs are, on disk; Ctrl-C once and twice; workers whose run is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import TypeAdapter

from harness.cli.main import main
from harness.jobs.run_folder import STOP_FILE, WORKING, Author, JobsRun, WorkingJob, find_runs, working_on
from harness.jobs.running import run_jobs
from harness.reporter import Silent
from harness.stopping import Stopped
from tests.support.sleeping_jobs import sleep, sleeping_jobs

_WORKING_JOB = TypeAdapter(WorkingJob)


@pytest.fixture
def run(tmp_path: Path) -> JobsRun:
    """Return a run of two jobs."""
    return JobsRun.new("evaluate", 2, 30.0)


def status(*options: str) -> str:
    done = CliRunner().invoke(main, ["evaluate", "--status", *options])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_another_terminal_reads_how_far_a_run_is(run: JobsRun) -> None:
    assert "no run of jobs" in status()
    with run.kept_on_disk(), working_on("a seed 0: x", ("x",), run.folder, "a-0", Silent()) as progress:
        progress.encoded(3, 250, 1000)
        run.note("b", Path("b.log"), 10.0, failed=True)
        until(lambda: "250 of 1,000 tokens" in status())
        shown = status()
        assert f"evaluate on {Author()} since " in shown
        assert "1 of 2 jobs ended, 1 of them failed, 1 worked on, about 0:00:" in shown
        assert "failed: b, see b.log" in shown
        assert '"done":250' in status("--json")
    assert "(ended): 1 of 2 jobs ended" in status()
    assert run.working() == []


def test_what_lost_processes_left_behind_is_known(run: JobsRun) -> None:
    with subprocess.Popen(["true"]) as gone:
        pass
    with run.kept_on_disk():
        fresh = WorkingJob("a", ("x",), Author(), 0.0)
        lost = [
            replace(fresh, author=Author(process=gone.pid)),
            replace(fresh, author=Author(written=time.time() - 90)),
            replace(fresh, author=Author("another-machine", 1, time.time() - 90)),
        ]
        here = replace(fresh, author=Author("another-machine", 1))
        for number, job in enumerate([*lost, here]):
            (run.folder / WORKING / f"{number}.json").write_bytes(_WORKING_JOB.dump_json(job))
        (run.folder / WORKING / "other.json").write_text("{")
        assert [str(job.author) for job in run.working()] == ["another-machine 1"]
    run.state = replace(run.state, author=Author(process=gone.pid), has_ended=False)
    with run.kept_on_disk():
        pass
    (file,) = run.folder.parent.glob("*/run.json")
    file.write_text(file.read_text().replace(f'"process":{os.getpid()}', f'"process":{gone.pid}'))
    file.write_text(file.read_text().replace('"has_ended":true', '"has_ended":false'))
    assert "(its process is gone)" in status()


def test_states_of_a_week_ago_are_removed(run: JobsRun) -> None:
    with run.kept_on_disk():
        pass
    (file,) = run.folder.parent.glob("*/run.json")
    week = f'"written":{run.state.author.written - 8 * 24 * 3600}'
    file.write_text(file.read_text().replace('"written":', f'{week},"x":'))
    JobsRun.new("evaluate", 1, 1.0)
    assert find_runs() == []


def test_a_full_disk_ends_no_job(run: JobsRun, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with working_on("a", (), tmp_path / "file", "a", Silent()) as progress:
        progress.encoded(1, 1, 2)
    assert progress.job.done == 1


def test_a_worker_that_is_asked_to_end_ends_after_a_batch(run: JobsRun) -> None:
    with run.kept_on_disk():
        with pytest.raises(Stopped), working_on("a", (), run.folder, "a", Silent()) as progress:
            run.ask_to_stop()
            while True:
                time.sleep(0.01)
                progress.encoded(1, 1, 10**9)
        with pytest.raises(Stopped), working_on("b", (), run.folder, "b", Silent()):
            raise AssertionError("begun")
    (run.folder / STOP_FILE).unlink()
    with working_on("c", (), run.folder, "c", Silent()) as progress:
        progress.encoded(1, 1, 2)


def test_ctrl_c_is_raised_when_the_workers_have_ended(
    run: JobsRun, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    # Without job control a shell lets what it starts in the background ignore the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    jobs = sleeping_jobs(tmp_path, 3, 200)
    with run.kept_on_disk(), pytest.raises(KeyboardInterrupt):
        threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        for ended in run_jobs(jobs, lambda: ThreadPoolExecutor(1), run, sleep):
            assert ended.was_stopped
    assert not list(tmp_path.glob("*.done"))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_jobs_wait_for_the_head_that_they_share(tmp_path: Path) -> None:
    jobs = sleeping_jobs(tmp_path, 5)
    heads = [replace(job, head=head) for job, head in zip(jobs, ("x", "x", "", "y", "y"), strict=True)]
    began: list[str] = []

    def work(text: str) -> str:
        name = next(job.name for job in heads if f'"{job.name}"' in text)
        began.append(name)
        if name == "job 3":
            return '{"faults": [{"message": "the loss is not finite"}], "exit_code": 1, "untrained": true}'
        if name == "job 0":
            time.sleep(0.3)
            assert "job 1" not in began
        return "{}"

    ended = {one.job.name: one for one in run_jobs(heads, lambda: ThreadPoolExecutor(4), None, work)}
    assert sorted(began) == ["job 0", "job 1", "job 2", "job 3"]
    assert [name for name, one in ended.items() if one.error is None] != []
    assert "job 3: the loss is not finite" in str(ended["job 3"].error)
    assert "job 4: was not begun, since the head that it shares" in str(ended["job 4"].error)


# ---- real processes ----------------------------------------------------------------------------


def start(folder: Path, count: int, batches: int) -> subprocess.Popen[str]:
    folder.mkdir(exist_ok=True)
    module = "tests.support.sleeping_jobs"
    command = [sys.executable, "-m", module, str(folder), str(count), str(batches), "2"]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.05)


def working() -> list[WorkingJob]:
    return [job for run in find_runs() for job in run.working()]


def is_gone(process: int) -> bool:
    return not Path(f"/proc/{process}").exists() or "Z" in Path(f"/proc/{process}/stat").read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("signals", "code"), [(("SIGINT",), 130), (("SIGTERM",), 143), (("SIGINT",) * 2, 130)]
)
def test_a_key_ends_all_processes_and_the_same_command_goes_on(
    tmp_path: Path, signals: tuple[str, ...], code: int
) -> None:
    process = start(tmp_path / "jobs", 4, 400)
    until(lambda: len(working()) == 2)
    workers = [job.author.process for job in working()]
    began = time.monotonic()
    for number, name in enumerate(signals):
        time.sleep(0.2 * number)
        os.killpg(process.pid, getattr(signal, name))
    output, _ = process.communicate(timeout=30)
    assert process.returncode == code, output
    assert len(signals) == 2 or "the workers are asked to end where nothing is lost" in output
    assert "Traceback" not in output
    assert time.monotonic() - began < (8 if len(signals) == 1 else 3)
    until(lambda: all(map(is_gone, workers)), 10)
    assert not list((tmp_path / "jobs").glob("*.done"))
    again = start(tmp_path / "jobs", 4, 1)
    again.communicate(timeout=60)
    assert again.returncode == 0
    assert len(list((tmp_path / "jobs").glob("*.done"))) == 4


@pytest.mark.slow
def test_workers_whose_run_was_killed_end_by_themselves(tmp_path: Path) -> None:
    process = start(tmp_path / "jobs", 4, 400)
    until(lambda: len(working()) == 2)
    workers = [job.author.process for job in working()]
    process.kill()
    process.communicate()
    until(lambda: all(map(is_gone, workers)), 15)
    assert "(its process is gone)" in status()
