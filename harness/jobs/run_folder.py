"""What runs of jobs say of themselves on disk: how far they are, and whether they are asked to end.

Every run has a folder `<cache>/jobs/runs/<run>`: `run.json` by the process that hands the jobs out, a file
for each job that a worker is at, and `stop` once the workers are asked to end. Files are replaced whole,
every two seconds at most, and need no lock: each has one writer. A writer that was killed leaves its file
behind; it is known by a process that is gone or by a file that nobody renewed for a minute.
"""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter

from harness.cache import cache_folder
from harness.reporter import Reporter
from harness.stopping import ask_to_stop, begin_work, stop_here

RUN_FILE, STOP_FILE, WORKING = "run.json", "stop", "working"
_EVERY = 2.0  # seconds between writes of what changed
_RENEWED = 15.0  # and of what did not
_SILENT = 60.0  # seconds after which a writer of another machine is taken for lost
_MEANINGFUL = 0.5  # and from which on a speed is one
_KEPT = 7 * 24 * 3600.0


@dataclass(frozen=True)
class Author:
    """The process that wrote a file, and when: Unix seconds."""

    host: str = field(default_factory=socket.gethostname)
    process: int = field(default_factory=os.getpid)
    written: float = field(default_factory=time.time)

    @property
    def is_lost(self) -> bool:
        """Tell whether the process is gone without removing its file."""
        if time.time() - self.written > _SILENT:
            return True
        if self.host != socket.gethostname():
            return False
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return True
        except PermissionError:  # of another account
            return False
        return False

    def __str__(self) -> str:
        return f"{self.host} {self.process}"


@dataclass(frozen=True)
class WorkingJob:
    """How far a worker is with a job: `done` of `total` in its `unit`, and so many of them a second."""

    job: str
    targets: tuple[str, ...]
    author: Author
    begun: float
    message: str = ""
    done: int = 0
    total: int = 0
    unit: str = ""
    speed: float = 0.0

    @property
    def seconds_left(self) -> float | None:
        """Return the expected seconds to the end of what is counted; None where nothing is known."""
        return (self.total - self.done) / self.speed if self.speed and self.done < self.total else None


@dataclass(frozen=True)
class FailedJob:
    """A job that failed, and the file that says why."""

    job: str
    log: str


@dataclass(frozen=True)
class RunState:
    """How far a run is: jobs that ended, of all of them, and those that failed.

    `cost` is that of all jobs, `spent` that of those that ended, in the unit of the jobs' costs.
    """

    command: str
    author: Author
    begun: float
    total: int
    cost: float
    done: int = 0
    spent: float = 0.0
    failed: tuple[FailedJob, ...] = ()
    has_ended: bool = False

    @property
    def seconds_left(self) -> float | None:
        """Return the expected seconds to the end of the run, by the costs; None before a job ended."""
        return (time.time() - self.begun) * (self.cost / self.spent - 1) if self.spent else None


_WORKING, _RUN = TypeAdapter(WorkingJob), TypeAdapter(RunState)


class JobsRun:
    """A run of jobs: its folder, and its state, which is on disk while `kept_on_disk` is entered."""

    def __init__(self, folder: Path, state: RunState) -> None:
        self.folder, self.state = folder, state

    @classmethod
    def new(cls, command: str, total: int, cost: float, cache: Path | None = None) -> JobsRun:
        """Return a run that begins now; states that nobody wrote for a week are removed."""
        state = RunState(command, Author(), time.time(), total, cost)
        runs = runs_folder(cache)
        for old in find_runs(cache):
            if time.time() - old.state.author.written > _KEPT:
                shutil.rmtree(old.folder, ignore_errors=True)
        return cls(runs / f"{state.begun:.3f}-{state.author.host}-{state.author.process}", state)

    @contextmanager
    def kept_on_disk(self) -> Iterator[None]:
        """Write the state as it changes; at the end also that it ended."""
        (self.folder / WORKING).mkdir(parents=True, exist_ok=True)
        with _kept(self.folder / RUN_FILE, _RUN, lambda: self.state, _nothing):
            try:
                yield
            finally:
                self.state = replace(self.state, has_ended=True)

    def note(self, job: str, log: Path, cost: float, *, failed: bool) -> None:
        """Count a job that ended."""
        state = self.state
        failures = (*state.failed, FailedJob(job, str(log))) if failed else state.failed
        self.state = replace(state, done=state.done + 1, spent=state.spent + cost, failed=failures)

    def ask_to_stop(self) -> None:
        """Ask the workers, wherever they are, to end at a place where nothing is lost."""
        with suppress(OSError):
            (self.folder / STOP_FILE).touch()

    def working(self) -> list[WorkingJob]:
        """Return the jobs that workers are at, the first begun first; those of lost workers are left out."""
        found = (_read(path, _WORKING) for path in (self.folder / WORKING).glob("*.json"))
        return sorted(
            (job for job in found if job is not None and not job.author.is_lost), key=lambda job: job.begun
        )


def _nothing() -> None:
    """Look at nothing."""


def runs_folder(cache: Path | None = None) -> Path:
    """Return the folder of all runs."""
    return (cache or cache_folder()) / "jobs" / "runs"


def find_runs(cache: Path | None = None) -> list[JobsRun]:
    """Return the runs on disk, the last begun last."""
    found = ((path.parent, _read(path, _RUN)) for path in runs_folder(cache).glob(f"*/{RUN_FILE}"))
    runs = [JobsRun(folder, state) for folder, state in found if state is not None]
    return sorted(runs, key=lambda run: run.state.begun)


class ProgressOfJob:
    """Receives the progress of one job, as a Reporter, and hands it on to another one.

    After a batch, whose vectors the cache has, the job ends where that was asked for: Stopped is raised.
    """

    def __init__(self, job: WorkingJob, reporter: Reporter) -> None:
        self.job, self._reporter = job, reporter
        self._since, self._first = 0.0, 0

    def report(self, message: str) -> None:
        """Keep the last line."""
        self.job = replace(self.job, message=message)
        self._reporter.report(message)

    def encoded(self, texts: int, tokens: int, total: int) -> None:
        """Count a batch; another total, or a batch after the last, begins again."""
        anew = total != self.job.total or self.job.done >= total
        self._advance(tokens if anew else self.job.done + tokens, total, "tokens", first=0)
        self._reporter.encoded(texts, tokens, total)
        stop_here()

    def trained(self, step: int, steps: int, loss: float) -> None:
        """Count the steps of a training, which may go on in the middle; it ends where it is saved."""
        self._advance(step, steps, "steps", first=step)
        self._reporter.trained(step, steps, loss)

    def _advance(self, done: int, total: int, unit: str, *, first: int) -> None:
        now = time.monotonic()
        if (unit, total) != (self.job.unit, self.job.total) or done < self.job.done:
            self._since, self._first = now, first
        seconds = now - self._since
        speed = (done - self._first) / seconds if seconds > _MEANINGFUL else 0.0
        self.job = replace(self.job, done=done, total=total, unit=unit, speed=speed)


@contextmanager
def working_on(
    job: str, targets: tuple[str, ...], run: Path | None, name: str, reporter: Reporter
) -> Iterator[ProgressOfJob]:
    """Keep a file in the run's folder while a job is worked on, and pass on the run's request to end.

    Yields what receives the job's progress. Without a run nothing is written. Raises Stopped where the run
    was asked to end before.
    """
    begin_work()
    progress = ProgressOfJob(WorkingJob(job, targets, Author(), time.time()), reporter)
    if run is None:
        yield progress
        return
    path, stop = run / WORKING / f"{name}.json", run / STOP_FILE

    def look() -> None:
        if stop.exists():
            ask_to_stop()

    look()
    stop_here()
    try:
        with _kept(path, _WORKING, lambda: progress.job, look):
            yield progress
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)


_State = TypeVar("_State", WorkingJob, RunState)


@contextmanager
def _kept(
    path: Path, adapter: TypeAdapter[_State], state: Callable[[], _State], look: Callable[[], None]
) -> Iterator[None]:
    """Write a state into a file now, whenever it changed, and at the end; call `look` as often as it may.

    What cannot be written, as on a full disk, is left out: the work itself fails by that, or does not.
    """
    ended = threading.Event()

    def write(now: _State) -> None:
        partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        try:
            partial.write_bytes(adapter.dump_json(replace(now, author=Author())))
            partial.replace(path)
        except OSError:
            with suppress(OSError):
                partial.unlink(missing_ok=True)

    def keep() -> None:
        shown, written = state(), time.monotonic()
        while not ended.wait(_EVERY):
            look()
            if (now := state()) != shown or time.monotonic() - written > _RENEWED:
                write(now)
                shown, written = now, time.monotonic()

    write(state())
    thread = threading.Thread(target=keep, daemon=True, name=f"state of {path.stem}")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        write(state())


def _read(path: Path, adapter: TypeAdapter[_State]) -> _State | None:
    """Return a state from a file; None where it is gone, or written by another version."""
    try:
        return adapter.validate_json(path.read_bytes())
    except (OSError, ValueError):
        return None
