"""Show progress: a bar with throughput and remaining time on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from harness.reporter import Reporter, Silent
from harness.verbosity import current_verbosity, log

_PLAIN_SECONDS = 30.0


class Bar:
    """Reports to one of rich's progress bars."""

    def __init__(self, name: str, bar: Progress) -> None:
        self._bar, self._name, self._started, self._done, self._total = bar, name, 0.0, 0, 0
        self._task = bar.add_task(name, total=None, rate="")
        self._training = _Speed()

    def report(self, message: str) -> None:
        """Print a line above the bar."""
        self._bar.console.print(f"{self._name}: {message}", highlight=False, markup=False)

    def encoded(self, texts: int, tokens: int, total: int) -> None:
        """Advance by a batch; another total, or a batch after the last, restarts the bar."""
        if total != self._total or self._done >= total:
            self._started, self._done, self._total = 0.0, 0, total
        self._started = self._started or time.monotonic()
        self._done += tokens
        seconds = time.monotonic() - self._started
        rate = f"{self._done / seconds:,.0f} tokens/s" if seconds > 1 else ""
        self._bar.update(
            self._task, total=total, completed=self._done if self._done < total else total, rate=rate
        )

    def trained(self, step: int, steps: int, loss: float) -> None:
        """Show the step, the loss and the speed of a training."""
        rate = f"loss {loss:.3f}, {self._training.per_second(step):.2f} steps/s"
        self._bar.update(self._task, total=steps, completed=step, rate=rate)


def _to_standard_error(line: str) -> None:
    click.echo(line, err=True)


class Lines:
    """Writes plain lines, by default to standard error: at most one every half minute for progress.

    Without `progress` there are none of those.
    """

    def __init__(
        self, name: str, write: Callable[[str], None] = _to_standard_error, *, progress: bool = True
    ) -> None:
        self._name, self._write, self._progress = name, write, progress
        self._started, self._reported = 0.0, 0.0
        self._done, self._texts, self._total = 0, 0, 0
        self._training = _Speed()

    def report(self, message: str) -> None:
        """Write a line."""
        self._write(f"{self._name}: {message}")

    def encoded(self, texts: int, tokens: int, total: int) -> None:
        """Count a batch, and write texts, tokens and remaining time every half minute."""
        if not self._progress:
            return
        now = time.monotonic()
        if total != self._total or self._done >= total:  # another run, or the next seed of the same text
            self._started, self._reported, self._done, self._texts, self._total = 0.0, 0.0, 0, 0, total
        self._started, self._reported = self._started or now, self._reported or now
        self._done += tokens
        self._texts += texts
        if now - self._reported >= _PLAIN_SECONDS:
            self._reported, rate = now, self._done / (now - self._started)
            seconds = (total - self._done) / rate
            self.report(
                f"{self._texts:,} texts, {self._done:,} of {total:,} tokens, {rate:,.0f} tokens/s, "
                f"{seconds:.0f} s left"
            )

    def trained(self, step: int, steps: int, loss: float) -> None:
        """Write step, loss, speed and remaining time every half minute."""
        if not self._progress:
            return
        speed, now = self._training.per_second(step), time.monotonic()
        if speed and now - self._reported >= _PLAIN_SECONDS:
            self._reported, seconds = now, (steps - step) / speed
            self.report(
                f"step {step:,} of {steps:,}, loss {loss:.3f}, {speed:.2f} steps/s, {seconds:.0f} s left"
            )


class _Speed:
    """Steps per second since the first reported step; a smaller step restarts the count."""

    def __init__(self) -> None:
        self._first, self._last, self._since = 0, 0, 0.0

    def per_second(self, step: int) -> float:
        """Return the mean speed so far, 0 at the first step."""
        now = time.monotonic()
        if not self._since or step <= self._last:
            self._first, self._since = step, now
        self._last = step
        return (step - self._first) / (now - self._since) if step > self._first else 0.0


class _Logged:
    """Reports to what is shown, and to the log file."""

    def __init__(self, shown: Reporter, logged: Reporter) -> None:
        self._reporters = (shown, logged)

    def report(self, message: str) -> None:
        for reporter in self._reporters:
            reporter.report(message)

    def encoded(self, texts: int, tokens: int, total: int) -> None:
        for reporter in self._reporters:
            reporter.encoded(texts, tokens, total)

    def trained(self, step: int, steps: int, loss: float) -> None:
        for reporter in self._reporters:
            reporter.trained(step, steps, loss)


@contextmanager
def watch(name: str) -> Iterator[Reporter]:
    """Yield what reports the progress of a run, as the command's verbosity says."""
    with _shown(name) as shown:
        yield _Logged(shown, Lines(name, log)) if current_verbosity().log_file else shown


@contextmanager
def _shown(name: str) -> Iterator[Reporter]:
    """Yield a bar if standard error is a terminal that can move its cursor, else plain lines."""
    chosen, console = current_verbosity(), Console(stderr=True)
    if chosen.quiet:
        yield Silent()
        return
    # What libraries print would go through a bar.
    if chosen.verbose or not chosen.progress or not console.is_terminal or console.is_dumb_terminal:
        yield Lines(name, progress=chosen.progress)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        yield Bar(name, bar)
