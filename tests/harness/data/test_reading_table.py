"""Files as they arrive: what every loader makes of them, and whether the printed command cures them."""

from __future__ import annotations

import bz2
import lzma
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.data.bitext import tatoeba_from_folder
from harness.data.own_bitext import languages_in, own_bitext
from harness.data.text_files import numbered_lines, read_text
from harness.data.trec import read_topics
from harness.errors import BadInput
from tests.support import reading_table
from tests.support.reading_table import CHANGES


def test_every_loader_reads_or_refuses_files_as_the_table_says(tmp_path: Path) -> None:
    """Nothing is read silently as other examples, and nothing ends in another error: `measure` checks both."""
    page = reading_table.PAGE.read_text("utf-8")
    assert page == reading_table.replaced(page, reading_table.drawn(reading_table.measure(tmp_path))), (
        "python -m tests.support.reading_table"
    )


GERMAN = (
    "Die Straße führt über die Brücke.\tThe road leads over the bridge.\nÄpfel und Öl.\tApples and oil.\n"
)


@pytest.mark.parametrize(
    ("name", "text", "change"),
    [
        *(
            (name, GERMAN, CHANGES[name])
            for name in ("CR as line end", "CR CR LF", "UTF-16 with its mark", "UTF-16 without", "UTF-32", "ISO-8859-1")
        ),
        ("Mac Roman", GERMAN, CHANGES["Mac Roman"]),
        ("KOI8-R", "Поезд едет через мост.\tThe train\nЯблоки и масло.\tApples\n", lambda c: c.decode().encode("koi8-r")),
        ("Shift JIS", "列車は橋を渡ります。\tThe train\nりんごと油です。\tApples\n", lambda c: c.decode().encode("shift-jis")),
        ("ISO-2022-JP", "列車は橋を渡ります。\tThe train\nりんご。\tApples\n", lambda c: c.decode().encode("iso2022-jp")),
        ("NUL", "Der Zug.\tThe train.\n", CHANGES["NUL"]),
        ("CR within a text", "Der Zug kommt.\tIt comes.\n", lambda c: c.replace(b" kommt", b"\rkommt")),
        ("bzip2", GERMAN, bz2.compress),
        ("xz", GERMAN, lzma.compress),
    ],
    ids=lambda value: value if isinstance(value, str) and "\t" not in value else "",
)  # fmt: skip
@pytest.mark.parametrize("gzipped", [False, True])
def test_the_printed_command_cures_the_file(
    tmp_path: Path, name: str, text: str, change: Callable[[bytes], bytes], *, gzipped: bool
) -> None:
    if name in ("bzip2", "xz") and gzipped:
        return
    folder = tmp_path / "it's mine"
    folder.mkdir()
    path = folder / "de-en.tsv"
    path.write_text(text, "utf-8")
    clean = own_bitext("de", folder)
    changed = change(text.encode())
    path.write_bytes(CHANGES["gzip, not named so"](changed) or b"" if gzipped else changed)
    with pytest.raises(BadInput) as caught:
        own_bitext("de", folder)
    (fault,) = caught.value.faults
    _, _, command = fault.cure.partition(": ")
    subprocess.run(["sh", "-euc", command], check=True)
    assert own_bitext("de", folder) == clean


@pytest.mark.parametrize(
    "content", [b"caf\xc3\xa9 \xc3\xa9t\xc3\xa9\ncaf\xc3\n", b"caf\xc3\xa9\nnothing\n\xe9\n"]
)
def test_a_damaged_character_in_utf8_is_no_other_encoding(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "text").write_bytes(content)
    for read in (lambda path: list(numbered_lines(path)), read_text):
        with pytest.raises(
            BadInput, match=r"text:[23]: byte 0x.. is not UTF-8, but the text around it is UTF-8\n"
        ):
            read(tmp_path / "text")


@contextmanager
def as_another_user() -> Iterator[Path]:
    """Give a folder of another user than root, and be that user within the block."""
    folder = Path(tempfile.mkdtemp())
    root = os.getuid() == 0
    if root:
        shutil.chown(folder, 65534, 65534)
        os.setresgid(65534, 65534, 0)
        os.setresuid(65534, 65534, 0)
    try:
        yield folder
    finally:
        if root:
            os.setresuid(0, 0, 0)
            os.setresgid(0, 0, 0)
        subprocess.run(["chmod", "-R", "u+rwX", folder], check=True)
        shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("closed", "mode", "needed"), [("de-en.tsv", 0, "u+r"), ("", 0o600, "u+rx"), ("", 0o300, "u+rx")]
)
def test_what_this_user_may_not_read_is_named_and_chmod_cures_it(closed: str, mode: int, needed: str) -> None:
    with as_another_user() as base:
        folder = base / "text"
        folder.mkdir()
        (folder / "de-en.tsv").write_text("eins\tone\n")
        (folder / closed).chmod(mode)
        with pytest.raises(BadInput) as caught:
            own_bitext(languages_in(folder)[0], folder)
        where = folder / closed if closed or mode == 0o300 else folder
        assert str(caught.value) == (
            f"{where}: cannot be read: this user has no permission\n    cure: as its owner: chmod {needed} {where}"
        )
        subprocess.run(["sh", "-c", caught.value.faults[0].cure.partition(": ")[2]], check=True)
        assert own_bitext(languages_in(folder)[0], folder).foreign == ("eins",)


def test_a_closed_folder_above_the_files_is_named() -> None:
    with as_another_user() as base:
        (base / "v1").mkdir()
        (base / "v1").chmod(0)
        with pytest.raises(
            BadInput, match=rf"{base}/v1: cannot be read: .*\n    cure: .* chmod u\+rx {base}/v1$"
        ):
            tatoeba_from_folder("de", base)


def test_a_large_table_is_read_line_by_line(tmp_path: Path) -> None:
    """Only the rows that are asked for are in memory: a generator, not a list."""
    path = tmp_path / "topics"
    path.write_text("q1\tHerz\n" * 1000)
    assert next(read_topics(path)) == (1, "q1", "Herz")
