"""Report the bytes, the speed and the time left of downloads, a line every few seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from harness.characters import visible

_SECONDS = 5.0
_MB = 1e6
_report: ContextVar[Callable[[str], None] | None] = ContextVar("report", default=None)


@contextmanager
def reporting_downloads(report: Callable[[str], None]) -> Iterator[None]:
    """Hand every line about a download to `report`; outside of this, downloads are silent."""
    token = _report.set(report)
    try:
        yield
    finally:
        _report.reset(token)


def report_download(line: str) -> None:
    """Report a line, such as why a download waits; names of files may hold any character."""
    if report := _report.get():
        report(visible(line))


class TransferProgress:
    """Counts the bytes of one file: a line every five seconds, and one at the end if one came before."""

    def __init__(self, name: str, size: int, start: int = 0) -> None:
        self._name, self._size, self._done, self._received = name, size, start, 0
        self._began = self._reported = time.monotonic()
        self._shown = False

    def add(self, count: int) -> None:
        """Count bytes that were received."""
        self._done += count
        self._received += count
        now = time.monotonic()
        if now - self._reported >= _SECONDS:
            self._reported, self._shown = now, True
            speed = self._received / (now - self._began)
            left = (self._size - self._done) / speed
            report_download(
                f"{self._name}: {self._done / _MB:,.1f} of {self._size / _MB:,.1f} MB, "
                f"{speed / _MB:,.2f} MB/s, {left:,.0f} s left"
            )

    def restart(self) -> None:
        """Count from the beginning of the file again."""
        self._done = 0

    def finish(self) -> None:
        """Report the whole file, if it took long enough to be reported on."""
        if self._shown:
            seconds = time.monotonic() - self._began
            report_download(f"{self._name}: {self._size / _MB:,.1f} MB, whole after {seconds:,.0f} s")
