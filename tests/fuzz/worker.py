"""The process in which a lane's examples are read: `python -m tests.fuzz.worker LANE FOLDER`.

It reads examples from its standard input, and answers each with what became of it (accepted, refused, or the traceback
of an exception that is no refusal), the processor time that it took, and the largest resident memory so far, of itself
and of the programs that it ran.
"""

from __future__ import annotations

import json
import os
import pickle
import re
import resource
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

# The machine is protected by a limit on addresses, since memory is measured only after an example. Libraries
# reserve far more addresses than they use, so it cannot be the limit that is tested.
RESERVED = 6 * 2**30
_KIB = 1024


def main(lane: str, folder: str) -> None:
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no reply
    from tests.fuzz.lanes import LANES

    read = LANES[lane](Path(folder))
    used, _, reserved = memory()
    resource.setrlimit(resource.RLIMIT_AS, (reserved + RESERVED, resource.RLIM_INFINITY))
    send(replies, json.dumps({"baseline": used}).encode())
    while request := receive(sys.stdin.buffer):
        begin = sum(os.times()[:4])
        reply: dict[str, Any] = outcome(read, pickle.loads(request))
        reply["seconds"] = sum(os.times()[:4]) - begin
        peak, programs = memory()[1], _KIB * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        send(replies, json.dumps({**reply, "peak": peak, "programs": programs}).encode())


def outcome(read: Callable[[Any], bool], example: Any) -> dict[str, str]:
    """Return whether an example was accepted or refused, or the traceback."""
    from harness.errors import BadInput

    try:
        return {"outcome": "accepted" if read(example) else "refused"}
    except BadInput as error:
        return unsafe(error) or {"outcome": "refused"}
    except BaseException as error:  # noqa: BLE001 - a panic of a library in Rust is no Exception
        lines = traceback.format_exception(error)
        return {"outcome": f"{type(error).__name__}", "traceback": "".join(lines[:2] + lines[-12:])[-8000:]}


def unsafe(error: Any) -> dict[str, str] | None:
    """Return a message that cannot be printed as it is: with control characters, or without end."""
    for fault in error.faults:
        text = f"{fault.message}\n{fault.cure}\n{fault.where}"
        if len(text) > 5000 or not text.replace("\n", " ").isprintable():
            return {"outcome": "a message that is not safe to print", "traceback": ascii(text[:2000])}
    return None


def memory() -> tuple[int, int, int]:
    """Return this process's resident memory, the most of it so far, and its addresses, in bytes."""
    status = Path("/proc/self/status").read_text()
    used, peak, reserved = (
        _KIB * int(re.search(rf"{name}:\s+(\d+)", status)[1])  # type: ignore[index]
        for name in ("VmRSS", "VmHWM", "VmSize")
    )
    return used, peak, reserved


def send(stream: IO[bytes], data: bytes) -> None:
    stream.write(len(data).to_bytes(8, "little") + data)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes:
    """Return the next message, empty at the end of the stream."""
    length = int.from_bytes(stream.read(8), "little")
    return stream.read(length)


if __name__ == "__main__":
    main(*sys.argv[1:])
