"""How far runs of jobs are: a table on a terminal, lines elsewhere, and what the disk says of others."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

import click
from pydantic import TypeAdapter
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from harness.jobs.run_folder import JobsRun, RunState, WorkingJob, find_runs
from harness.text_table import aligned
from harness.verbosity import current_verbosity, log, say

_HEADINGS = ("job", "worker", "target", "done", "speed", "left")
_RIGHT = ("done", "speed", "left")
_PLAIN_SECONDS = 30.0
_TARGETS = 3  # that are named of a job
_LATEST = 24 * 3600.0


@contextmanager
def shown(run: JobsRun) -> Iterator[None]:
    """Keep the state of a run on disk, and show it as the command's verbosity says."""
    with run.kept_on_disk():
        chosen, console = current_verbosity(), Console(stderr=True)
        if chosen.quiet or not chosen.progress:
            yield
        elif chosen.verbose or not console.is_terminal or console.is_dumb_terminal:
            with _lines(run):
                yield
        else:
            with Live(
                get_renderable=lambda: _framed(run),
                console=console,
                refresh_per_second=1,
                transient=True,
            ):
                yield


@contextmanager
def _lines(run: JobsRun) -> Iterator[None]:
    """Write a line for the run and for each job that is worked on, every half minute."""
    ended = threading.Event()

    def write() -> None:
        while not ended.wait(_PLAIN_SECONDS):
            say(summary(run.state, len(working := run.working())))
            for cells in map(_cells, working):
                say("  " + ", ".join(filter(None, cells)))

    thread = threading.Thread(target=write, daemon=True, name="lines of progress")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        log(summary(run.state, 0))


def _framed(run: JobsRun) -> Group:
    table = Table(box=None, pad_edge=False)
    for heading in _HEADINGS:
        table.add_column(heading, justify="right" if heading in _RIGHT else "left", overflow="fold")
    working = run.working()
    for cells in map(_cells, working):
        table.add_row(*map(Text, cells))
    return Group(table, Text(summary(run.state, len(working))))


def _cells(job: WorkingJob) -> tuple[str, ...]:
    """Return what is shown of a job, by `_HEADINGS`; empty where nothing is counted yet."""
    done = f"{job.done:,} of {job.total:,} {job.unit}" if job.total else ""
    speed = f"{job.speed:,.0f} {job.unit}/s" if job.speed >= 10 else f"{job.speed:.2f} {job.unit}/s"
    left = job.seconds_left
    return (
        job.job.partition(":")[0],
        str(job.author),
        _named(job.targets),
        done or job.message[:60],
        speed if job.speed else "",
        _duration(left) if left is not None else "",
    )


def _named(targets: Sequence[str]) -> str:
    more = f" and {len(targets) - _TARGETS} more" if len(targets) > _TARGETS else ""
    return ", ".join(targets[:_TARGETS]) + more


def summary(state: RunState, working: int) -> str:
    """Return in one line how far a run is."""
    parts = [f"{state.done} of {state.total} jobs ended"]
    parts += [f"{len(state.failed)} of them failed"] if state.failed else []
    parts += [f"{working} worked on"] if working else []
    left = state.seconds_left if state.done < state.total else None
    parts += [f"about {_duration(left)} left"] if left is not None else []
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


def print_runs(*, as_json: bool) -> None:
    """Print what is on disk of the runs that go on, and of those that ended within a day."""
    runs = [run for run in find_runs() if _is_recent(run.state)]
    if as_json:
        for run in runs:
            click.echo(_JSON.dump_json((run.state, run.working())).decode())
        return
    if not runs:
        click.echo("no run of jobs is on record in this cache since yesterday")
    for run in runs:
        working = run.working()
        click.echo(f"{_origin(run.state)}: {summary(run.state, len(working))}")
        if working:
            click.echo(aligned([_HEADINGS, *map(_cells, working)], _RIGHT))
        for failed in run.state.failed:
            click.echo(f"failed: {failed.job}, see {failed.log}")


_JSON = TypeAdapter(tuple[RunState, list[WorkingJob]])


def _is_recent(state: RunState) -> bool:
    return not (state.has_ended or state.author.is_lost) or time.time() - state.author.written < _LATEST


def _origin(state: RunState) -> str:
    """Return which run it is: its command, machine and process, and whether it goes on."""
    begun = datetime.fromtimestamp(state.begun).astimezone().strftime("%Y-%m-%d %H:%M")
    end = " (ended)" if state.has_ended else " (its process is gone)" if state.author.is_lost else ""
    return f"{state.command} on {state.author} since {begun}{end}"
