"""The standard streams: open, and able to take every character."""

from __future__ import annotations

import codecs
import io
import os
import shutil
import sys
from pathlib import Path
from typing import TextIO

_ESCAPES = "stiltboard.escapes"


def open_standard_streams() -> None:
    """Open closed standard streams on nothing, and let output escape what its encoding lacks.

    A closed descriptor would be given to the next file that is opened, and a library that prints would write
    into that file. A terminal of another encoding does not end a command either: a character that it lacks is
    printed as an escape, which JSON reads as the same text.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
    codecs.register_error(_ESCAPES, _escape)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ESCAPES)


def takes_colour(stream: TextIO) -> bool:
    """Tell whether a stream is a terminal that shows colours, and whose user has not declined them."""
    declined = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") in ("dumb", "unknown")
    return stream.isatty() and not declined


def terminal_width() -> int | None:
    """Return the width of the terminal that standard output is, or None where it is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def discard(*streams: TextIO) -> None:
    """Let what streams still hold and will be given go nowhere, so that closing them cannot fail."""
    for stream in streams:
        try:
            number = stream.fileno()
        except (OSError, ValueError, AttributeError):  # no file behind it
            continue
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, number)
        os.close(nothing)


def _escape(error: UnicodeError) -> tuple[str, int]:
    """Return escapes as JSON writes them: UTF-16 code units, two for a character beyond U+FFFF."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2)), error.end
