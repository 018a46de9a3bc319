"""Say what is wrong with bytes that are no UTF-8 text, and which command cures it."""

from __future__ import annotations

import codecs
import shlex
from pathlib import Path

from harness.characters import described
from harness.data.raw_files import DOWNLOAD_AGAIN, is_compressed
from harness.errors import BadInput, Where

CORRECT = "correct it, or download the file again"
# Characters that no text has: NUL is in UTF-16, and ESCAPE switches the alphabet in ISO-2022.
NO_TEXT = "\0\x1b"
# Enough text to recognise an encoding.
SAMPLE_BYTES = 65_536
# Python's name → the one that iconv has on Linux and macOS.
_ICONV_NAMES = {
    "mac-roman": "MACINTOSH",
    "utf-16-be": "UTF-16BE",
    "utf-16-le": "UTF-16LE",
    "utf-32-be": "UTF-32BE",
    "utf-32-le": "UTF-32LE",
}
# Filters of the shell.
_DELETE_NO_TEXT = r"tr -d '\000\033'"
_RETURNS_TO_LINE_FEEDS = r"tr '\r' '\n'"
_RETURNS_TO_SPACES = r"perl -pe 's/\r(?!\n)/ /g'"
_DELETE_FINAL_RETURNS = r"perl -pe 's/\r+\n/\n/'"


def not_utf8(path: Path, line: int, sample: bytes, *, utf8_before: bool) -> BadInput:
    """Return the error for a line that is not UTF-8 or holds a character of NO_TEXT.

    `sample` begins with that line and goes on with the text after it; `utf8_before` tells that earlier lines
    have characters outside ASCII, so that the file has no other encoding but is damaged.
    """
    where = Where(str(path), line)
    first_line = sample.partition(b"\n")[0]
    try:
        character = next(char for char in first_line.decode() if char in NO_TEXT)
        found, cure = f"found {described(character)}", f"remove it: {rewriting(path, _DELETE_NO_TEXT)}"
    except UnicodeDecodeError as reason:
        found = f"byte {sample[reason.start]:#04x} is not UTF-8"
        cure = f"convert the file to UTF-8, or {DOWNLOAD_AGAIN}"
    if utf8_before or _mostly_utf8(sample):
        return BadInput(f"{found}, but the text around it is UTF-8", where=where, cure=CORRECT)
    if encoding := _encoding_of(sample):
        found = f"{found}: the file seems to be {encoding}"
        cure = f"convert it, then look at its letters: {rewriting(path, f'iconv -f {encoding} -t UTF-8')}"
    return BadInput(found, where=where, cure=cure)


def bare_return(path: Path, number: int, line: str, *, only: bool) -> BadInput:
    """Return the error for a line with a carriage return before another character than its line feed.

    `only` tells that the file has no line feed at all.
    """
    if only:
        message, command = "the lines end with a carriage return (CR) alone", _RETURNS_TO_LINE_FEEDS
    elif line.rstrip("\r").count("\r") == 0:
        message, command = "the line ends with more than one carriage return (CR)", _DELETE_FINAL_RETURNS
    else:
        message, command = "found a carriage return (CR) within the line", _RETURNS_TO_SPACES
    return BadInput(
        message, where=Where(str(path), number), cure=f"replace them all: {rewriting(path, command)}"
    )


def rewriting(path: Path, command: str) -> str:
    """Return the shell command that puts a file through a filter and replaces it."""
    file = shlex.quote(str(path))
    if is_compressed(path):
        # The status of a pipe is that of its last command, so that a failure keeps the file.
        return f"gunzip -c {file} | {command} > {file}.new && gzip -c {file}.new > {file} && rm {file}.new"
    return f"{command} < {file} > {file}.new && mv {file}.new {file}"


def _mostly_utf8(sample: bytes) -> bool:
    """Tell whether more characters outside ASCII are UTF-8 than are not."""
    characters = sample.decode("utf-8", "surrogateescape")
    invalid = sum("\udc80" <= char <= "\udcff" for char in characters)
    return sum(not char.isascii() for char in characters) > 2 * invalid


def _encoding_of(sample: bytes) -> str | None:
    """Return the encoding that a text seems to have, by the name that iconv knows; None for UTF-8."""
    import chardet  # noqa: PLC0415 - only needed for files that are refused
    from chardet.enums import EncodingEra  # noqa: PLC0415

    # Not those of DOS and mainframes, which a few letters in ASCII markup are mistaken for.
    eras = EncodingEra.MODERN_WEB | EncodingEra.LEGACY_ISO | EncodingEra.LEGACY_MAC
    detected = chardet.detect(sample, encoding_era=eras)["encoding"]
    if not detected:
        return None
    name = codecs.lookup(detected).name
    if name in ("utf-8", "ascii"):
        return None
    return _ICONV_NAMES.get(name, detected.upper())
