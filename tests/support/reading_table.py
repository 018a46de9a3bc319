"""What every loader of the catalog makes of files as they arrive: `python -m tests.support.reading_table`.

Every file that a loader reads is damaged, or written by another program, in every way below. The loader either
gives the examples of the clean file, or refuses the file; anything else raises Different. The table is written
into docs/data.md.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import harness.data as data_loaders
from harness.data import lareqa, raw_files, text_files, tmx, training_text
from harness.data.reading_notes import noting
from harness.errors import BadInput
from tests.support.data_folder import SENTENCES, contents, write_data
from tests.support.folders import ROOT

PAGE = ROOT / "docs/data.md"
START, END = "<!-- written by tests/support/reading_table.py -->\n", "<!-- end of the table -->\n"
Load = Callable[[Path], Any]  # folder → examples
Change = Callable[[bytes], bytes | None]  # content → another; None where the change makes no sense

# Pattern of a file's path → its format, which is a column of the table.
FORMATS = {
    r"\.jsonl$": "JSON lines",
    r"\.json$": "JSON",
    r"\.csv$": "CSV",
    r"\.tmx$": "TMX",
    r"^(rte|sick)/|qrels/test\.tsv$": "TSV with header",
    r"^(xnli|pawsx|bitext|labelled|columns)/.*\.tsv$|^bucc2018/": "TSV",
    r"^(udpos|panx|tagged)/": "words, tags",
    r"^trec/.*(topics|documents)": "TREC",
    r"qrels\.txt$": "TREC qrels",
    r"": "lines",
}


# Pattern of a message → what it says, for the table. Every refusal must match one of them.
MESSAGES = {
    r"the lines end with a carriage return \(CR\) alone": "the lines end with a carriage return (CR) alone",
    r"the line ends with more than one carriage return": "the line ends with more than one carriage return (CR)",
    r"found a carriage return \(CR\) within the line": "found a carriage return (CR) within the line",
    r"(byte 0x.. is not UTF-8|found U\+0000 NULL), but the text around it is UTF-8": (
        "byte 0x… is not UTF-8, or found U+0000 NULL, but the text around it is UTF-8"
    ),
    r"(byte 0x.. is not UTF-8|found U\+0000 NULL): the file seems to be [\w-]+": (
        "byte 0x… is not UTF-8, or found U+0000 NULL: the file seems to be (encoding)"
    ),
    r"found U\+0000 NULL": "found U+0000 NULL",
    r"cannot be unpacked: .+": "cannot be unpacked",
    r"is a zip archive, not text": "is a zip archive, not text",
    r"is the pointer of a file that Git LFS has not fetched": "is the pointer of a file that Git LFS has not fetched",
    r"is a web page, not text": "is a web page, not text",
    r"is a link to nowhere, which is not there": "is a link to …, which is not there",
    r"(.+ )?is (a folder, )?not a file": "is a folder, not a file",
    r"cannot be read: this user has no permission": "cannot be read: this user has no permission",
    r"not JSON: .+": "not JSON, and what is wrong with it",
    r".* contains half a character \(\\ud83d\)": "… contains half a character (\\ud83d)",
    r"not XML: .+|found the root element .+": "not XML, and what is wrong with it",
    r".* is a whole number, expected text": "… is a whole number, expected text",
    r".* (has no '\w+'|is missing), only .+": "… is missing, only … (the others)",
    r"the header names no column \w+, only .+": "the header names no column …, only … (its columns)",
    r"expected the header .+": "expected the header …",
    r"found \d+ columns, expected .+|expected .+, found \d+ (columns|fields)|expected an id, a tab and .+": (
        "found … columns, expected … (their names)"
    ),
    r"found the (label|tag) .+, expected one of: .+": "found the label (or tag) …, expected one of: … (all)",
    r"every word begins with .+, so this is not the text of \w+": "every word begins with …, so this is not the text of …",
    r".+ (is|are) not in .+|.+ must hold one file (topics|qrels)\*, found none|.+ is missing.*|.+ holds (no|only) .+|.+ lacks .+": "which file is missing, and where it belongs",
    r".+ has \d+ lines, .+ has \d+|.+ is not among the .+|found '', expected the number of a row.+": (
        "does not fit the other files: another number of lines, or an unknown id"
    ),
    r"has \d+ examples, of which no tenth can be held out": "which file is missing, and where it belongs",
    r"holds no .+|lists no row|no (\w+ of \w+ is in|query has a relevant document|document has a text).*": "holds nothing",
}


class Different(AssertionError):
    """A loader gave other examples than those of the clean file."""


# ---- changes -----------------------------------------------------------------------------------


def _text(change: Callable[[str], str | None]) -> Change:
    """Return a change of bytes from one of text; None where it changes nothing."""

    def of_bytes(content: bytes) -> bytes | None:
        changed = change(content.decode())
        return None if changed is None or changed == content.decode() else changed.encode()

    return of_bytes


def _encoded(encoding: str) -> Change:
    """Return a change of the encoding, for files with letters outside ASCII."""
    return lambda content: None if content.isascii() else content.decode().encode(encoding)


def _table(change: Callable[[list[list[str]]], list[list[str]] | None]) -> Change:
    """Return a change of the rows of a file with tabs."""

    def of_text(text: str) -> str | None:
        rows = [line.split("\t") for line in text.split("\n")[:-1]]
        if "\t" not in text or (changed := change(rows)) is None:
            return None
        return "".join("\t".join(row) + "\n" for row in changed)

    return _text(of_text)


def _objects(change: Callable[[dict[str, Any]], None]) -> Change:
    """Return a change of the first object with texts in a file of JSON."""

    def of_text(text: str) -> str | None:
        if not text.startswith("{"):
            return None
        first, _, rest = text.partition("\n")
        try:
            item = json.loads(first)
        except ValueError:
            item, rest = json.loads(text), ""
            change(item["data"][0]["paragraphs"][0]["qas"][0])
            return json.dumps(item)
        change(item)
        return f"{json.dumps(item)}\n{rest}"

    return _text(of_text)


def _texts_of(item: dict[str, Any]) -> str:
    return next(key for key in ("question", "text", "de") if key in item)


def _quoted(row: list[str]) -> list[str]:
    return ['"' + cell.replace('"', '""') + '"' if '"' in cell else cell for cell in row]


def _zipped(content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("file", content)
    return stream.getvalue()


_HEADERS = ("index", "pair_ID", "query-id")


def _with_header(rows: list[list[str]]) -> list[list[str]] | None:
    if rows[0][0] in _HEADERS or re.fullmatch("(de|en)-0", rows[0][0]):
        return None
    names = {3: ["sentence1", "sentence2", "label"], 2: ["de", "en"]}.get(len(rows[0]))
    if [""] in rows:
        names = ["word", "tag"]
    elif re.fullmatch("[qd]0", rows[0][0]):
        names = ["id", "text"]
    return [names, *rows] if names else None


def _without_header(rows: list[list[str]]) -> list[list[str]] | None:
    return rows[1:] if rows[0][0] in _HEADERS else None


def _renamed_column(rows: list[list[str]]) -> list[list[str]] | None:
    return [[rows[0][0], "?", *rows[0][2:]], *rows[1:]] if rows[0][0] in _HEADERS else None


def _prefixed(text: str) -> str | None:
    return re.sub(r"^(?=.)", "de:", text, flags=re.MULTILINE) if "\tB-LOC" in text else None


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 1\n"
CHANGES: Mapping[str, Change] = {
    "byte order mark": lambda content: b"\xef\xbb\xbf" + content,
    "CRLF": _text(lambda text: text.replace("\n", "\r\n")),
    "CRLF and LF mixed": _text(lambda text: text.replace("\n", "\r\n", 1)),
    "CR as line end": _text(lambda text: text.replace("\n", "\r")),
    "CR CR LF": _text(lambda text: text.replace("\n", "\r\r\n")),
    "CR within a text": _text(lambda text: text.replace(" b", "\rb") if " b" in text else None),
    "no final line feed": _text(lambda text: text.removesuffix("\n")),
    "empty line at the end": _text(lambda text: f"{text}\n"),
    "NUL": _text(lambda text: f"{text[:3]}\0{text[3:]}"),
    "UTF-16 with its mark": _encoded("utf-16"),
    "UTF-16 without": _encoded("utf-16-be"),
    "UTF-32": _encoded("utf-32"),
    "ISO-8859-1": _encoded("iso8859-1"),
    "Mac Roman": _encoded("mac-roman"),
    "GB18030": _encoded("gb18030"),
    "half of a UTF-8 character": lambda c: None if c.isascii() else re.sub(rb"[\x80-\xbf]", b"", c, count=1),
    "gzip, named .gz": gzip.compress,
    "gzip, not named so": gzip.compress,
    "gzip, cut off": lambda content: gzip.compress(content)[:-9],
    "zip": _zipped,
    "pointer of Git LFS": lambda content: LFS,
    "web page": lambda content: b"<!DOCTYPE html>\n<title>404</title>\n",
    "empty file": lambda content: b"",
    "missing file": lambda content: content,
    "link to nothing": lambda content: content,
    "folder instead": lambda content: content,
    "no permission": lambda content: content,
    "header added": _table(_with_header),
    "header removed": _table(_without_header),
    "a column named otherwise": _table(_renamed_column),
    "a column more": _table(lambda rows: None if [""] in rows else [[*row, "x"] for row in rows]),
    "a column less": _table(lambda rows: None if [""] in rows else [row[:-1] for row in rows]),
    "commas for tabs": _table(lambda rows: [[",".join(row)] for row in rows]),
    "quoted by Python's csv": _table(lambda rows: [_quoted(row) for row in rows]),
    "every cell quoted": _table(
        lambda rows: [['"' + cell.replace('"', '""') + '"' for cell in row] if row != [""] else row for row in rows]
    ),
    "`contradictory`": _text(lambda text: text.replace("\tcontradiction", "\tcontradictory")),
    "PAN-X with `de:`": _text(_prefixed),
    "half a character in JSON": _objects(lambda item: item.update({_texts_of(item): "\ud83d"})),
    "a number for a text": _objects(lambda item: item.update({_texts_of(item): 7})),
    "a value missing": _objects(lambda item: item.pop(_texts_of(item))),
}  # fmt: skip


@contextmanager
def changed(path: Path, name: str) -> Iterator[bool]:
    """Change a file within the block; False where the change makes no sense for it."""
    content = path.read_bytes()
    new = CHANGES[name](content)
    if new is None:
        yield False
        return
    renamed = path.with_name(f"{path.name}.gz")
    access = os.access
    permission = mock.patch.object(os, "access", lambda p, mode: Path(p) != path and access(p, mode))
    path.unlink()
    try:
        if name == "gzip, named .gz":
            renamed.write_bytes(new)
        elif name == "link to nothing":
            path.symlink_to("nowhere")
        elif name == "folder instead":
            path.mkdir()
        elif name != "missing file":
            path.write_bytes(new)
        with permission if name == "no permission" else nullcontext():
            yield True
    finally:
        renamed.unlink(missing_ok=True)
        path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
        path.write_bytes(content)


# ---- loaders -----------------------------------------------------------------------------------


def loaders() -> dict[str, Load]:
    """Return every loader of the catalog by name, applied to a folder of `write_data`."""
    languages = {"pawsx_from_dev": "fr", "tydiqa": "en"}
    # Heads, tasks and targets share loaders.
    by_loader = {(load, languages.get(name, "de")): name for name, load in data_loaders._SOURCES.items()}
    by_loader |= {(load, "en"): name for name, load in training_text_loaders().items()}
    result: dict[str, Load] = {
        name: partial(_load, load, language) for (load, language), name in by_loader.items()
    }
    for name, layout in (("tatoeba", "laser"), ("ntrex", "ntrex")):
        from_folder = data_loaders._LAYOUTS[layout]
        result[name] = lambda folder, load=from_folder, name=name: load("de", folder / name)  # type: ignore[misc]
    for kind, names in (
        ("bitext", tuple(f"bitext/{form}" for form in ("two", "tsv", "csv", "jsonl", "lines", "tmx"))),
        ("clir", ("beir", "trec", "columns")),
        ("labelled", ("labelled/tsv", "labelled/csv", "labelled/jsonl")),
        ("tagged", ("tagged/conll",)),
    ):
        for name in names:
            result[f"{kind} {name}"] = partial(_load_own, kind, name)
    return result


def training_text_loaders() -> dict[str, Callable[[str, Path | None], Any]]:
    """Return the loaders of heads' and tasks' text, training and dev."""
    return {
        f"{kind} {name} {part}": load
        for kind, table in (("head", training_text._HEADS), ("task", training_text._TASKS))
        for name, both in table.items()
        for part, load in zip(("train", "dev"), both, strict=True)
        if load is not None
    }


def _load(load: Callable[[str, Path | None], Any], language: str, folder: Path) -> Any:
    return load(language, folder)


def _load_own(kind: str, name: str, folder: Path) -> Any:
    target = data_loaders.find_own_target(f"{kind}.own", folder / name)
    (language,) = target.languages
    examples = data_loaders.load_examples(target, language, folder / name)
    if not target.has_head:
        return examples
    training = training_text.load_training(target, folder / name)
    return SimpleNamespace(fingerprint=examples.fingerprint + training.fingerprint)


@contextmanager
def small_sets() -> Iterator[None]:
    """Let LAReQA's sets have the sizes of the test folder."""
    counts = {code: (len(texts), len(texts)) for code, texts in SENTENCES.items()}
    with (
        mock.patch.object(lareqa, "XQUAD_R", replace(lareqa.XQUAD_R, counts=counts)),
        mock.patch.object(lareqa, "MLQA_R", replace(lareqa.MLQA_R, counts=counts)),
    ):
        yield


@dataclass
class Clean:
    """What a loader gives from the clean folder, and the files that it reads."""

    load: Load
    fingerprint: str
    files: tuple[Path, ...]


def clean(folder: Path) -> dict[str, Clean]:
    """Return what every loader gives that reads a file of the folder; others read the Hub only."""
    opened: list[Path] = []

    @contextmanager
    def recorded(path: Path) -> Iterator[Any]:
        opened.append(path)
        with raw_files.opened(path) as stream:
            yield stream

    result = {}
    with mock.patch.object(text_files, "opened", recorded), mock.patch.object(tmx, "opened", recorded):
        for name, load in loaders().items():
            opened.clear()
            lareqa._read.cache_clear()
            with suppress(BadInput):
                fingerprint = load(folder).fingerprint
                files = tuple(dict.fromkeys(path for path in opened if folder in path.parents))
                if files:
                    result[name] = Clean(load, fingerprint, files)
    return result


# ---- the table ---------------------------------------------------------------------------------


def outcome(load: Load, folder: Path, fingerprint: str) -> str:
    """Return `read`, `noted` or the message of a refusal, without what differs between files."""
    notes: list[str] = []
    try:
        with noting(notes.append):
            examples = load(folder)
    except BadInput as reason:
        fault = reason.faults[0]
        assert fault.cure, fault
        assert str(folder) in f"{fault.message} {fault.where}", fault
        return general(fault.message)
    if examples.fingerprint != fingerprint:
        raise Different(f"other examples, and notes: {notes}")
    return "noted" if notes else "read"


def general(message: str) -> str:
    """Return what a message says, without the values in it."""
    said = [text for pattern, text in MESSAGES.items() if re.match(pattern, message, re.DOTALL)]
    assert said, message
    return said[0]


def measure(folder: Path) -> dict[str, dict[str, set[str]]]:
    """Return change → format → outcomes of all loaders that read a file of that format."""
    write_data(folder)
    outcomes: dict[str, dict[str, set[str]]] = {name: defaultdict(set) for name in CHANGES}
    faults: list[str] = []
    by_file: dict[Path, list[Clean]] = defaultdict(list)
    with small_sets():
        for loader in clean(folder).values():
            for path in loader.files:
                by_file[path].append(loader)
        unread = {folder / name for name in contents()} - set(by_file)
        assert not unread, f"no loader reads {unread}"
        for path, readers in by_file.items():
            relative = str(path.relative_to(folder))
            column = next(label for pattern, label in FORMATS.items() if re.search(pattern, relative))
            for name in CHANGES:
                with changed(path, name) as makes_sense:
                    for reader in readers if makes_sense else ():
                        try:
                            outcomes[name][column].add(outcome(reader.load, folder, reader.fingerprint))
                        except Exception as reason:  # noqa: BLE001 - what a loader must never let out
                            faults.append(f"{relative}, {name}: {type(reason).__name__}: {reason}")
    assert not faults, "\n".join(faults)
    return outcomes


def drawn(outcomes: Mapping[str, Mapping[str, set[str]]]) -> str:
    """Return the table in Markdown, with the messages below it."""
    columns = list(dict.fromkeys(reversed(FORMATS.values())))
    told = [
        text
        for text in dict.fromkeys(MESSAGES.values())
        if any(text in found for row in outcomes.values() for found in row.values())
    ]
    numbers = {"read": "read", "noted": "noted"} | {text: str(n) for n, text in enumerate(told, start=1)}

    def cell(found: set[str]) -> str:
        return ", ".join(number for text, number in numbers.items() if text in found) or "–"

    rows = [
        f"| {name} | {' | '.join(cell(row.get(column, set())) for column in columns)} |"
        for name, row in outcomes.items()
    ]
    head = [f"| file | {' | '.join(columns)} |", f"| :-- |{' :-- |' * len(columns)}"]
    return "\n".join([*head, *rows, "", *(f"{numbers[text]}. {text}" for text in told), ""])


def replaced(page: str, table: str) -> str:
    """Return the page with this table."""
    before, rest = page.split(START)
    return f"{before}{START}{table}{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        PAGE.write_text(replaced(PAGE.read_text("utf-8"), drawn(measure(Path(name)))), "utf-8")
