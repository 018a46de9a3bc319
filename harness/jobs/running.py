"""Run jobs by an executor: the dearest first, a failed one named, a lost one tried again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue

from harness.characters import visible
from harness.errors import CheckFailed, Fault, StiltboardError
from harness.evaluation.isolated.protocol import Reply
from harness.jobs.evaluation_job import Job
from harness.jobs.worker import prepare, run_job
from harness.records import Result

# A process that is killed once, such as for memory, may succeed when it is tried again by itself.
_TRIES = 2


@dataclass(frozen=True)
class EndedJob:
    """How a job ended: with the results that it returned, or with its error."""

    job: Job
    results: tuple[Result, ...] = ()
    error: StiltboardError | None = None

    @classmethod
    def of(cls, job: Job, reply: Reply) -> EndedJob:
        """Return how a job ended by its reply; the faults of its error are named by the job."""
        try:
            reply.raise_error()
        except StiltboardError as error:
            faults = [replace(fault, message=f"{job.name}: {fault.message}") for fault in error.faults]
            return cls(job, error=type(error)(faults))
        return cls(job, reply.results)


def run_jobs(jobs: Sequence[Job], make_executor: Callable[[], Executor]) -> Iterator[EndedJob]:
    """Yield each job as it ends. A failed one does not stop the others.

    `make_executor` is called again where an executor broke, as a pool does when one of its processes is
    killed: the jobs that it lost are tried once more.
    """
    waiting = dearest_first(jobs)
    tries = dict.fromkeys(map(id, waiting), 0)
    while waiting:
        lost: list[Job] = []
        with _opened(make_executor()) as executor:
            running: dict[Future[str], Job] = {}
            for job in waiting:
                tries[id(job)] += 1
                running[executor.submit(run_job, job.to_json())] = job
            while running:
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    job = running.pop(future)
                    # A job's own errors are in its reply: any other is the executor's, which lost a worker.
                    if (reason := future.exception()) is None:
                        yield _ended(job, future.result())
                    elif tries[id(job)] < _TRIES:
                        lost.append(job)
                    else:
                        yield EndedJob(job, error=CheckFailed([_lost(job, reason)]))
        waiting = lost


def dearest_first(jobs: Sequence[Job]) -> list[Job]:
    """Return jobs in the order in which they are begun, so that no long one is left for the end."""
    return sorted(jobs, key=lambda job: -job.cost)


def _ended(job: Job, reply_text: str) -> EndedJob:
    try:
        return EndedJob.of(job, Reply.from_json(reply_text.encode()))
    except CheckFailed as error:  # no reply of this harness
        return EndedJob(job, error=error)


def _lost(job: Job, reason: BaseException) -> Fault:
    return Fault(
        f"{job.name}: its worker was lost, {_TRIES} times ({type(reason).__name__}: {visible(str(reason))})",
        cure=f"see {job.log} for the last that it did; with fewer --jobs each has more memory",
    )


@contextmanager
def _opened(executor: Executor) -> Iterator[Executor]:
    """Close an executor; where this process is interrupted, what has not begun is given up."""
    try:
        yield executor
    except BaseException:
        if isinstance(executor, ProcessPoolExecutor):  # others cannot
            executor.shutdown(wait=False, cancel_futures=True)
        raise
    finally:
        executor.shutdown(wait=True)


def local_pool(workers: int, devices: Sequence[str] = ()) -> Executor:
    """Return a pool of processes of this machine, each with its share of the processor, or with its GPU."""
    context = get_context("spawn")
    numbers: SimpleQueue[str] = context.SimpleQueue()
    for number in range(workers):
        numbers.put(devices[number % len(devices)] if devices else "")
    threads = max(1, (os.cpu_count() or 1) // workers)
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_start, initargs=(threads, numbers))


def _start(threads: int, devices: SimpleQueue[str]) -> None:
    prepare(threads, devices.get())
