"""Run jobs by an executor: the dearest first, a failed one named, a lost one tried again."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing.queues import SimpleQueue
from queue import Empty
from queue import SimpleQueue as EndedQueue

from harness.characters import visible
from harness.errors import CheckFailed, Fault, StiltboardError
from harness.jobs.job_record import STOPPED, AnyJob, JobReply
from harness.jobs.run_folder import JobsRun
from harness.jobs.stop_requests import StopRequests
from harness.jobs.worker import run_job, start_in_pool
from harness.verbosity import say

# A process that is killed once, such as for memory, may succeed when it is tried again by itself.
_TRIES = 2
_LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class EndedJob:
    """How a job ended: with its reply, or with the error of its executor."""

    job: AnyJob
    reply: JobReply = field(default_factory=JobReply)
    lost: StiltboardError | None = None

    @property
    def error(self) -> StiltboardError | None:
        """Return the error of the job, or of its executor; the job is named."""
        if self.lost is not None or (error := self.reply.error) is None:
            return self.lost
        faults = [replace(fault, message=f"{self.job.name}: {fault.message}") for fault in error.faults]
        return type(error)(faults)

    @property
    def was_stopped(self) -> bool:
        """Tell whether the job ended on request, before it was finished."""
        return self.reply.exit_code == STOPPED and not self.reply.faults


def run_jobs(
    jobs: Sequence[AnyJob],
    make_executor: Callable[[], Executor],
    run: JobsRun | None = None,
    work: Callable[[str], str] = run_job,
) -> Iterator[EndedJob]:
    """Yield each job as it ends. A failed one does not stop the others.

    `work` does a job, given as JSON, and returns its reply as JSON; workers have to be able to import it.

    `make_executor` is called again where an executor broke, as a pool does when one of its processes is
    killed: the jobs that it lost are tried once more. The first Ctrl-C, or SIGTERM, asks the workers of the
    `run` to end where nothing is lost, and what it raises is raised when they have; the second is not waited
    for.
    """
    waiting = list(dearest_first(jobs))
    tries = dict.fromkeys(map(id, waiting), 0)
    with StopRequests() as requests:
        while waiting and requests.asked is None:
            lost: list[AnyJob] = []
            with _opened(make_executor()) as executor:
                for job, future in _Handed(executor, work, waiting, run, requests).ended():
                    if future is None:
                        yield without_head(job)
                        continue
                    tries[id(job)] += 1
                    # A job's own errors are in its reply: any other is the executor's, which lost a worker.
                    if (reason := future.exception()) is None:
                        yield _ended(job, future.result())
                    elif tries[id(job)] < _TRIES:
                        lost.append(job)
                    else:
                        yield EndedJob(job, lost=CheckFailed([_lost(job, reason)]))
                requests.end_as_asked()
            waiting = lost
        requests.end_as_asked()


class _Handed:
    """Jobs that are handed to an executor: at once, but where another one trains their head first."""

    def __init__(
        self,
        executor: Executor,
        work: Callable[[str], str],
        jobs: Sequence[AnyJob],
        run: JobsRun | None,
        requests: StopRequests,
    ) -> None:
        self._executor, self._work, self._run, self._requests = executor, work, run, requests
        self._ended: EndedQueue[Future[str]] = EndedQueue()
        self._running: dict[Future[str], AnyJob] = {}
        self._held: dict[str, list[AnyJob]] = {}
        for job in jobs:
            if job.head and job.head in self._held:
                self._held[job.head].append(job)
            else:
                if job.head:
                    self._held[job.head] = []
                self._submit(job)

    def _submit(self, job: AnyJob) -> None:
        text = (replace(job, run=self._run.folder) if self._run is not None else job).to_json()
        try:
            future: Future[str] = self._executor.submit(self._work, text)
        except BrokenExecutor as broken:
            future = Future()
            future.set_exception(broken)
        self._running[future] = job
        future.add_done_callback(self._ended.put)

    def ended(self) -> Iterator[tuple[AnyJob, Future[str] | None]]:
        """Yield every job as it ends; without its future where the training of its head failed."""
        asked = False
        while self._running:
            try:
                future = self._ended.get(timeout=_LOOK_SECONDS)
            except Empty:
                future = None
            if self._requests.asked is not None and not asked:
                asked = True
                self._ask_to_stop()
            if future is not None and (job := self._running.pop(future, None)) is not None:
                if not future.cancelled():
                    yield job, future
                if not asked:
                    yield from self._let_go(job, future)
            elif asked and (self._run is None or not self._run.working()):
                return  # what waits in a queue for a worker is given up

    def _let_go(self, job: AnyJob, future: Future[str]) -> Iterator[tuple[AnyJob, None]]:
        """Submit the jobs that waited for the head of a job; yield them where it could not be trained."""
        held = self._held.pop(job.head, [])
        if held and future.exception() is None and _is_untrained(future.result()):
            yield from ((waiting, None) for waiting in held)
            return
        for waiting in held:
            self._submit(waiting)

    def _ask_to_stop(self) -> None:
        say("the workers are asked to end where nothing is lost; a second time ends them at once")
        if self._run is not None:
            self._run.ask_to_stop()
        if isinstance(self._executor, ProcessPoolExecutor):  # others cannot
            for future in list(self._running):
                future.cancel()


def dearest_first(jobs: Sequence[AnyJob]) -> list[AnyJob]:
    """Return jobs in the order in which they are begun, so that no long one is left for the end."""
    return sorted(jobs, key=lambda job: -job.cost)


def _is_untrained(reply_text: str) -> bool:
    try:
        return JobReply.from_json(reply_text).untrained
    except CheckFailed:
        return False


def _ended(job: AnyJob, reply_text: str) -> EndedJob:
    try:
        return EndedJob(job, JobReply.from_json(reply_text))
    except CheckFailed as error:
        return EndedJob(job, lost=error)


def _lost(job: AnyJob, reason: BaseException) -> Fault:
    return Fault(
        f"{job.name}: its worker was lost, {_TRIES} times ({type(reason).__name__}: {visible(str(reason))})",
        cure=f"see {job.log} for the last that it did; with fewer --jobs each has more memory",
    )


def without_head(job: AnyJob) -> EndedJob:
    """Return how a job ended whose head another one failed to train."""
    fault = Fault(
        f"{job.name}: was not begun, since the head that it shares with another job could not be trained",
        cure="see the error of that job; the same command trains it again",
    )
    return EndedJob(job, lost=CheckFailed([fault]))


@contextmanager
def _opened(executor: Executor) -> Iterator[Executor]:
    """Close an executor; where this process is interrupted, nothing is waited for."""
    children = set(multiprocessing.active_children())
    try:
        yield executor
    except BaseException:
        is_pool = isinstance(executor, ProcessPoolExecutor)
        for process in multiprocessing.active_children() if is_pool else ():
            if process not in children:
                process.kill()
        executor.shutdown(wait=False, **({"cancel_futures": True} if is_pool else {}))
        raise
    executor.shutdown(wait=True)


def local_pool(workers: int, devices: Sequence[str] = (), *, threads: int = 0) -> Executor:
    """Return a pool of processes of this machine, each with its share of the processor, or with its GPU.

    `threads` are those of each, by default its share.
    """
    context = multiprocessing.get_context("spawn")
    numbers: SimpleQueue[str] = context.SimpleQueue()
    for number in range(workers):
        numbers.put(devices[number % len(devices)] if devices else "")
    arguments = (threads or share_of_cores(workers), numbers)
    return ProcessPoolExecutor(workers, mp_context=context, initializer=start_in_pool, initargs=arguments)


def share_of_cores(workers: int) -> int:
    """Return the cores that each of so many workers has."""
    return max(1, usable_cores() // workers)


def usable_cores() -> int:
    """Return the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
