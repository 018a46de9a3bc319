"""Do one job, in a worker: a process of this machine, or of another one."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from importlib.metadata import version
from io import StringIO
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, TextIO, assert_never

from harness.clock import now
from harness.stopping import Stopped, ask_to_stop

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue

    from harness.jobs.job_record import AnyJob, EvaluationJob, JobReply, TrainingJob, VerificationJob
    from harness.reporter import Reporter


# Held while this process is at a job.
_busy = threading.Lock()
# Text and weights of an evaluation are fetched by the process that made the job.
_OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}


def start_in_pool(threads: int, devices: SimpleQueue[str]) -> None:
    """Give a worker its share of this machine: its processor threads, and its GPU where `devices` name one.

    It runs before anything of torch is imported.
    """
    # Ctrl-C reaches all processes of a terminal; the one that hands out the jobs passes it on.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(threads)
    if device := devices.get():
        os.environ["CUDA_VISIBLE_DEVICES"] = device
    threading.Thread(target=_follow_parent, daemon=True, name="follows its parent").start()


def _follow_parent() -> None:
    """End this worker after its job, or where that may end, once the process that hands out jobs is gone."""
    parent = multiprocessing.parent_process()
    assert parent is not None  # a pool started this process
    wait([parent.sentinel])
    ask_to_stop(for_good=True)
    with _busy:
        os._exit(1)


def run_job(text: str) -> str:
    """Do the job that is given as JSON, and return its reply as JSON.

    Results of an evaluation are on disk. What would be printed is in the job's log.
    """
    if json.loads(text).get("kind") == "evaluation":  # before a library of the Hub is imported
        os.environ.update(_OFFLINE)
    from harness.jobs.job_record import STOPPED, job_from_json  # noqa: PLC0415 - after `start_in_pool`

    job = job_from_json(text)
    with _busy, _log_of(job) as log, redirect_stdout(log), redirect_stderr(log):
        reporter = _LogReporter(log)
        reporter.report(f"{job.name}: begun by process {os.getpid()}")
        reply = do_job(job, reporter)
        for fault in reply.faults:
            reporter.report(str(fault))
        reporter.report(f"{job.name}: {'ended' if reply.exit_code != STOPPED else 'ended on request'}")
    return reply.to_json()


@contextmanager
def _log_of(job: AnyJob) -> Iterator[TextIO]:
    """Open a job's log; where that cannot be written, as on a full disk, the job goes on without."""
    log: TextIO
    try:
        job.log.parent.mkdir(parents=True, exist_ok=True)
        log = job.log.open("a", encoding="utf-8", errors="replace")
    except OSError:
        log = StringIO()
    try:
        yield log
    finally:
        with suppress(OSError):
            log.close()


def do_job(job: AnyJob, reporter: Reporter) -> JobReply:
    """Do a job in this process, and return what it measured or trained, its error, or that it was stopped."""
    from harness.downloading import reporting_downloads  # noqa: PLC0415 - after `start_in_pool`
    from harness.errors import StiltboardError, SystemRefused, naming_failures  # noqa: PLC0415
    from harness.jobs.job_record import STOPPED, JobReply  # noqa: PLC0415
    from harness.jobs.run_folder import working_on  # noqa: PLC0415

    try:
        _refuse_other_version(job.version)
        with (
            naming_failures(f"{job.name} failed"),
            working_on(job.name, job.targets, job.run, job.log.stem, reporter) as progress,
            reporting_downloads(progress.report),
        ):
            return _work(job, progress)
    except Stopped:
        return JobReply(exit_code=STOPPED)
    except StiltboardError as error:
        return JobReply.of(error)
    except OSError as full:  # all others are named above
        cure = "free space there; what is finished is kept, and the same command goes on"
        return JobReply.of(SystemRefused(f"{full.filename or 'this disk'}: {full.strerror}", cure=cure))


def _work(job: AnyJob, reporter: Reporter) -> JobReply:
    match job.kind:
        case "evaluation":
            return _evaluate(job, reporter)
        case "training":
            return _train(job, reporter)
        case "verification":
            return _verify(job, reporter)
        case _:
            assert_never(job.kind)


def _evaluate(job: EvaluationJob, reporter: Reporter) -> JobReply:
    from harness.errors import BadInput  # noqa: PLC0415
    from harness.evaluation.gone_weights import are_gone  # noqa: PLC0415
    from harness.evaluation.isolated import evaluate_apart  # noqa: PLC0415
    from harness.evaluation.story import evaluate  # noqa: PLC0415
    from harness.jobs.job_record import JobReply  # noqa: PLC0415

    for source, files in job.options.fetched.items():
        if not are_gone(files) and not files.folder.is_dir():
            raise BadInput(
                f"this worker does not see {files.folder}, where the files of {source} are",
                cure="STILTBOARD_CACHE has to lie where all workers see it, at the same path",
            )
    arguments = (job.folder, job.targets, job.languages, job.options, reporter)
    return JobReply(evaluate_apart(*arguments, job.isolation) if job.isolation else evaluate(*arguments))


def _train(job: TrainingJob, reporter: Reporter) -> JobReply:
    from harness.jobs.job_record import JobReply  # noqa: PLC0415
    from harness.training.intermediate.story import train, use_threads  # noqa: PLC0415

    use_threads(job.threads)
    return JobReply(trained=train(job.trainee, job.options, reporter))


def _verify(job: VerificationJob, reporter: Reporter) -> JobReply:
    from harness.jobs.job_record import JobReply  # noqa: PLC0415
    from harness.verification.story import verify_result  # noqa: PLC0415

    return JobReply(verified=verify_result(job.path, job.plan, reporter))


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
        with suppress(OSError):
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
