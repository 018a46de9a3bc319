"""Do one job, in a worker: a process of this machine, or of another one."""

from __future__ import annotations

import os
import time
from contextlib import redirect_stderr, redirect_stdout
from importlib.metadata import version
from typing import TYPE_CHECKING, TextIO

from harness.clock import now

if TYPE_CHECKING:
    from harness.evaluation.isolated.protocol import Reply
    from harness.jobs.evaluation_job import Job
    from harness.reporter import Reporter


# Text and weights are fetched by the process that made the job.
_OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}


def prepare(threads: int, device: str = "") -> None:
    """Give a worker its share of the machine: its processor threads, and its GPU where it has one.

    It is called before anything of torch is imported.
    """
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(threads)
    os.environ.update(_OFFLINE)
    if device:
        os.environ["CUDA_VISIBLE_DEVICES"] = device


def run_job(text: str) -> str:
    """Do the job that is given as JSON, and return its reply as JSON: the results of a trial, or an error.

    All other results are on disk. What would be printed is in the job's log.
    """
    from harness.jobs.evaluation_job import Job  # noqa: PLC0415 - after `prepare`

    job = Job.from_json(text)
    job.log.parent.mkdir(parents=True, exist_ok=True)
    with job.log.open("a", encoding="utf-8") as log, redirect_stdout(log), redirect_stderr(log):
        reporter = _LogReporter(log)
        reporter.report(f"{job.name}: begun by process {os.getpid()}")
        reply = do_job(job, reporter)
        for fault in reply.faults:
            reporter.report(str(fault))
        reporter.report(f"{job.name}: ended")
    return reply.to_json().decode()


def do_job(job: Job, reporter: Reporter) -> Reply:
    """Do a job in this process, and return its results, which are on disk except in a trial, or its error."""
    from harness.downloading import reporting_downloads  # noqa: PLC0415 - after `prepare`
    from harness.errors import StiltboardError, naming_failures  # noqa: PLC0415
    from harness.evaluation.isolated import evaluate_apart  # noqa: PLC0415
    from harness.evaluation.isolated.protocol import Reply  # noqa: PLC0415
    from harness.evaluation.story import evaluate  # noqa: PLC0415

    arguments = (job.folder, job.targets, job.languages, job.options, reporter)
    try:
        _refuse_other_version(job.version)
        with naming_failures(f"{job.name} could not be evaluated"), reporting_downloads(reporter.report):
            return Reply(evaluate_apart(*arguments, job.isolation) if job.isolation else evaluate(*arguments))
    except StiltboardError as error:
        return Reply.of(error)


def _refuse_other_version(wanted: str) -> None:
    from harness.errors import CheckFailed  # noqa: PLC0415

    if (own := version("stiltboard")) != wanted:
        raise CheckFailed(
            f"this worker has stiltboard {own}, the job was made by {wanted}",
            cure=f"install stiltboard {wanted} where the workers run",
        )


class _LogReporter:
    """Writes what a run reports to the job's log, with the time; progress at most every half minute."""

    _SECONDS = 30.0

    def __init__(self, log: TextIO) -> None:
        self._log, self._reported, self._done = log, 0.0, 0

    def report(self, message: str) -> None:
        print(now(), message, file=self._log, flush=True)

    def encoded(self, texts: int, tokens: int, total: int) -> None:
        self._done = tokens if self._done >= total else self._done + tokens
        self._progress(f"{self._done:,} of {total:,} tokens")

    def trained(self, step: int, steps: int, loss: float) -> None:
        self._progress(f"step {step:,} of {steps:,}, loss {loss:.3f}")

    def _progress(self, text: str) -> None:
        if time.monotonic() - self._reported >= self._SECONDS:
            self._reported = time.monotonic()
            self.report(text)
