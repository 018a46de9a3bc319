"""Jobs that only sleep, for what is about handing out and ending; workers import no torch for them."""

from __future__ import annotations

import json
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from harness.jobs.run_folder import working_on
from harness.reporter import Silent
from harness.stopping import Stopped

if TYPE_CHECKING:
    from harness.jobs.job_record import EvaluationJob

_BATCH_SECONDS = 0.05


def sleeping_jobs(folder: Path, count: int, batches: int = 1) -> list[EvaluationJob]:
    """Return jobs of so many batches, each of which leaves its name in the folder."""
    from harness.evaluation.run import Options
    from harness.jobs.job_record import EvaluationJob

    return [
        EvaluationJob(
            name=f"job {number}",
            targets=("sleep",),
            cost=float(batches),
            log=folder / f"log-{number}.log",
            folder=folder,
            languages=("en",) * batches,
            options=Options(),
        )
        for number in range(count)
    ]


def sleep(text: str) -> str:
    """Do such a job, and return its reply."""
    job = json.loads(text)
    run = Path(job["run"]) if job["run"] else None
    try:
        with working_on(job["name"], tuple(job["targets"]), run, Path(job["log"]).stem, Silent()) as progress:
            for _ in job["languages"]:
                time.sleep(_BATCH_SECONDS)
                progress.encoded(1, 1, len(job["languages"]))
    except Stopped:
        return '{"exit_code": 130}'
    (Path(job["folder"]) / f"{job['name']}.done").touch()
    return "{}"


def main(folder: str, count: str, batches: str, workers: str) -> None:
    """Run the jobs that are not done in a pool of this machine, as a command does."""
    from harness.cli.endings import run_to_exit
    from harness.cli.jobs_progress import shown
    from harness.jobs.run_folder import JobsRun
    from harness.jobs.running import local_pool, run_jobs

    jobs = [
        job
        for job in sleeping_jobs(Path(folder), int(count), int(batches))
        if not (job.folder / f"{job.name}.done").exists()
    ]
    run = JobsRun.new("sleep", len(jobs), float(len(jobs)))

    def work() -> None:
        with shown(run):
            for ended in run_jobs(jobs, partial(local_pool, int(workers)), run, sleep):
                run.note(ended.job.name, ended.job.log, ended.job.cost, failed=ended.error is not None)

    run_to_exit(work, is_program=True)


if __name__ == "__main__":
    from tests.support.sleeping_jobs import main as importable_main

    importable_main(*sys.argv[1:])
