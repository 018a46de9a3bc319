"""Send examples to a worker process, and fail on what no reader may do: raise, hang, die, or fill the memory."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import random
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.worker import receive, send
from tests.support.folders import ROOT

HANG_SECONDS = 30.0
# On a machine that is busy with other things, an example gets as many periods of 30 s, while the worker is waiting
# for a processor for more than half of each.
_PERIODS = 4
START_SECONDS = 240.0
MEMORY = 2**30
# Where examples of findings are kept.
KEPT = ROOT / "build" / "fuzz"
# Examples of one draw of hypothesis; a lane that is bounded by time draws again and again.
_CHUNK = 200


class Finding(AssertionError):
    """An example that a reader did not survive as it should."""


class _Opaque:
    """An example that hypothesis does not print: it may have megabytes, and is kept as a file."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "…"


@st.composite
def _opaque(draw: st.DrawFn, examples: st.SearchStrategy[Any]) -> _Opaque:
    return _Opaque(draw(examples))


@dataclass
class Tally:
    """What a lane did: processor time of the slowest example, memory above the worker's with the sound examples.

    The memory of other programs includes the worker's own, which a program has until it begins.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    slowest: float = 0.0
    peak: int = 0
    programs: int = 0

    def __str__(self) -> str:
        counts = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(self.outcomes.items()))
        return (
            f"{sum(self.outcomes.values()):,} examples ({counts}) in {self.seconds:.0f} s, the slowest "
            f"{self.slowest:.1f} s of processor time, at most {self.peak / 2**20:.0f} MiB above the baseline, "
            f"{self.programs / 2**20:.0f} MiB in other programs"
        )


class Supervisor:
    """A worker process of one lane, started again after an example that ended it."""

    def __init__(self, lane: str, folder: Path) -> None:
        self.tally = Tally()
        self._lane, self._folder = lane, folder
        self._process: subprocess.Popen[bytes] | None = None
        self._baseline = 0
        # After a finding hypothesis looks for a smaller example. Where each try could take half a minute, the
        # first one has to do: all others pass, and this one fails again without another try.
        self._broken: tuple[str, Finding] | None = None

    def judge(self, example: Any) -> str:
        """Return "accepted" or "refused"; raises Finding for anything else."""
        data = pickle.dumps(example)
        name = hashlib.sha256(data).hexdigest()[:16]
        if self._broken is not None:
            if name == self._broken[0]:
                raise self._broken[1]
            return "skipped"
        reply = self._asked(data)
        self.tally.slowest = max(self.tally.slowest, reply.get("seconds", 0.0))
        outcome, report = reply["outcome"], reply.get("traceback", "")
        if outcome in ("accepted", "refused"):
            self.tally.peak = max(self.tally.peak, reply["peak"] - self._baseline)
            self.tally.programs = max(self.tally.programs, reply["programs"])
            if max(reply["peak"] - self._baseline, reply["programs"]) <= MEMORY:
                self.tally.outcomes[outcome] += 1
                return str(outcome)
            outcome = f"{max(reply['peak'] - self._baseline, reply['programs']):,} bytes of memory"
            self.close()
        finding = Finding(f"{self._lane}: {outcome}; the example is in {self._kept(data, name)}\n{report}")
        if self._process is None:
            self._broken = (name, finding)
        raise finding

    def _asked(self, data: bytes) -> dict[str, Any]:
        process = self._running()
        assert process.stdin
        assert process.stdout
        try:
            send(process.stdin, data)
            reply = self._in_time(process)
        except BrokenPipeError:
            reply = b""
        if reply:
            return dict(json.loads(reply))
        code = process.poll()
        self.close()
        return {"outcome": f"no answer within {HANG_SECONDS:g} s" if code is None else f"exit code {code}"}

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            with (self._folder / "output.txt").open("ab") as output:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "tests.fuzz.worker", self._lane, str(self._folder)],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=output, cwd=ROOT, start_new_session=True,
                )  # fmt: skip
            reply = self._received(self._process, START_SECONDS)
            assert reply, (self._folder / "output.txt").read_text()[-4000:]
            self._baseline = json.loads(reply)["baseline"]
        return self._process

    def _in_time(self, process: subprocess.Popen[bytes]) -> bytes:
        """Return the worker's answer; nothing when it has worked for long enough, or ended."""
        begin = worked(process.pid)
        for period in range(1, 1 + _PERIODS):
            reply = self._received(process, HANG_SECONDS)
            if reply or process.poll() is not None or worked(process.pid) - begin > period * HANG_SECONDS / 2:
                return reply
        return b""

    @staticmethod
    def _received(process: subprocess.Popen[bytes], seconds: float) -> bytes:
        """Return the worker's next message; nothing when none comes in time, or the worker ended."""
        assert process.stdout
        ready, _, _ = select.select([process.stdout], [], [], seconds)
        if ready and (message := receive(process.stdout)):
            return message
        if ready:  # the end of the stream: wait for the exit code
            process.wait(10)
        return b""

    def _kept(self, data: bytes, name: str) -> Path:
        path = KEPT / f"{self._lane}-{name}.pickle"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def close(self) -> None:
        """End the worker, and every program that it started."""
        if self._process is not None:
            if self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                assert stream
                with suppress(BrokenPipeError):  # an example that it did not read
                    stream.close()
            self._process = None


def worked(pid: int) -> float:
    """Return the processor time of a process in seconds, with that of programs that it has waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def supervised(lane: str, folder: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(lane, folder)
    try:
        yield supervisor
    finally:
        supervisor.close()


def explore(supervisor: Supervisor, examples: st.SearchStrategy[Any], count: int) -> Tally:
    """Judge the same `count` examples on every run."""
    _draw(supervisor, examples, count, None)
    return supervisor.tally


def explore_for(supervisor: Supervisor, examples: st.SearchStrategy[Any], seconds: float) -> Tally:
    """Judge examples for that long, from a seed that is printed, or from STILTBOARD_FUZZ_SEED."""
    first = int(os.environ.get("STILTBOARD_FUZZ_SEED", random.SystemRandom().randrange(10**9)))
    print(f"STILTBOARD_FUZZ_SEED={first}")
    chunk = 0
    while supervisor.tally.seconds < seconds:
        _draw(supervisor, examples, _CHUNK, first + chunk)
        chunk += 1
    return supervisor.tally


def _draw(supervisor: Supervisor, examples: st.SearchStrategy[Any], count: int, start: int | None) -> None:
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=start is None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(_opaque(examples))
    def judge(example: _Opaque) -> None:
        supervisor.judge(example.value)

    begin = time.monotonic()
    try:
        (judge if start is None else seed(start)(judge))()
    finally:
        supervisor.tally.seconds += time.monotonic() - begin
