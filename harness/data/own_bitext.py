"""User-provided parallel files: two files per pair, a table with two columns, or a translation memory."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from harness.data.bitext import Bitext
from harness.data.language_codes import (
    CODE,
    ENGLISH,
    LONGEST_LABEL,
    SINGLE_CODE,
    LanguageCode,
    header_names,
    is_language,
    language_code,
)
from harness.data.raw_files import entries, find, is_folder
from harness.data.reading_notes import note
from harness.data.tables import TABLE, table_rows
from harness.data.text_files import read_lines
from harness.data.tmx import Unit, read_tmx
from harness.errors import BadInput, Where

_SIDE = re.compile(rf"((?:.+\.)?({CODE})-({CODE}))\.({CODE})")
_TABLE = re.compile(rf"(?:.+\.)?({CODE})(?:-({CODE}))?\.{TABLE}")
_LINES = re.compile(rf"(.+)\.({SINGLE_CODE})")
_FOLDER = re.compile(rf"{CODE}-{CODE}")
# Tables in formats that are not read; a file with such a name is noted, so that it is not missed unsaid.
_OTHER_TABLE = re.compile(
    rf"(?:.+\.)?{CODE}-{CODE}\.(?:json|parquet|txt|xlsx|(?:{TABLE}|txt|tmx)\.(?:bz2|xz|zip|zst)|zip)(?:\.gz)?"
)
_NAMING = (
    "NAME.de-en.de with NAME.de-en.en, or NAME.de with NAME.en (line i is the translation of line i); "
    "de-en.tsv, de-en.csv or de-en.jsonl with two columns; or NAME.tmx; plain or .gz"
)


class _BitextPair(NamedTuple):
    """The files of a pair: two, foreign first, or one, `swapped` if the pivot is in its first column."""

    foreign: LanguageCode
    pivot: LanguageCode
    paths: tuple[Path, ...]
    swapped: bool

    @property
    def label(self) -> str:
        return str(self.foreign) if self.pivot.language == ENGLISH else f"{self.foreign}-{self.pivot}"

    @property
    def without_scripts(self) -> _BitextPair:
        return self._replace(foreign=self.foreign._replace(script=""), pivot=self.pivot._replace(script=""))


def languages_in(folder: Path) -> tuple[str, ...]:
    """Return, sorted, the languages that a folder pairs with English, and pairs without it, such as de-fr."""
    return tuple(_pairs(folder))


def own_bitext(language: str, folder: Path) -> Bitext:
    """Read one language, or pair, from a folder.

    Raises BadInput for sides of different length, empty sentences and malformed lines.
    """
    pairs = _pairs(folder)
    if language not in pairs:
        raise BadInput(
            f"{folder} has no files for {language!r}, only for {', '.join(pairs)}",
            cure=f"add them: {_NAMING}",
        )
    pair = pairs[language]
    rows = _rows(pair)
    if not rows:
        raise BadInput("holds no sentence", where=Where(str(pair.paths[0])), cure=f"add them: {_NAMING}")
    for line, *sides in rows:
        for sentence, path in zip(sides, (pair.paths[0], pair.paths[-1]), strict=True):
            if not sentence.strip():
                raise BadInput(
                    "an empty sentence has no translation",
                    where=Where(str(path), line),
                    cure="remove the pair",
                )
    _, foreign, pivot = zip(*rows, strict=True)
    return Bitext(str(pair.foreign), foreign, pivot, str(folder), pivot=str(pair.pivot))


def _rows(pair: _BitextPair) -> list[tuple[int, str, str]]:
    """Return line, foreign and pivot sentence of every pair of sentences."""
    if len(pair.paths) == 1:
        (path,) = pair.paths
        return _rows_of_memory(path, pair) if _is_memory(path) else _rows_of_table(path, pair)
    foreign, pivot = map(read_lines, pair.paths)
    if len(foreign) != len(pivot):
        first, second = pair.paths
        raise BadInput(
            f"{first.name} has {len(foreign):,} lines, {second.name} has {len(pivot):,}",
            where=Where(str(first.parent)),
            cure="line i of one is the translation of line i of the other",
        )
    return list(zip(range(1, len(foreign) + 1), foreign, pivot, strict=True))


def _rows_of_table(path: Path, pair: _BitextPair) -> list[tuple[int, str, str]]:
    """Read a table with two columns, which a header or the keys of its objects may name."""
    foreign, pivot = header_names(pair.foreign), header_names(pair.pivot)
    names = (pivot, foreign) if pair.swapped else (foreign, pivot)
    columns = {
        "first": (*names[0], "source", "src", "sentence1"),
        "second": (*names[1], "target", "tgt", "trg", "translation", "sentence2"),
    }
    rows = table_rows(
        path,
        columns,
        order=tuple(columns),
        cure="a line is a sentence, a tab or a comma, and its translation",
    )
    if pair.swapped:
        return [(line, second, first) for line, (first, second) in rows]
    return [(line, first, second) for line, (first, second) in rows]


def _rows_of_memory(path: Path, pair: _BitextPair) -> list[tuple[int, str, str]]:
    """Read the units of a translation memory that have both languages."""
    return [
        (unit.line, unit.texts[pair.foreign], unit.texts[pair.pivot])
        for unit in _memory(path)
        if {pair.foreign, pair.pivot} <= unit.texts.keys()
    ]


def _is_memory(path: Path) -> bool:
    return path.name.removesuffix(".gz").endswith(".tmx")


def _memory(path: Path) -> list[Unit]:
    """Return the units of a translation memory, which is parsed once for all its languages."""
    state = path.stat()
    return _parsed(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=1)
def _parsed(path: Path, _changed: int, _size: int) -> list[Unit]:
    return read_tmx(path)


# ---- names -------------------------------------------------------------------------------------


def _pairs(folder: Path) -> Mapping[str, _BitextPair]:
    """Return the files of each label; a label has a script only to tell files of one language apart."""
    if not is_folder(folder):
        raise BadInput(f"no folder {folder}", cure="--bitext NAME=DIR names the folder of the parallel files")
    pairs = list(_declared_pairs(folder))
    if not pairs:
        raise BadInput(f"{folder} holds no parallel files", cure=_NAMING)
    same_label = Counter(pair.without_scripts.label for pair in pairs)
    by_label: dict[str, _BitextPair] = {}
    for whole in pairs:
        same = str(whole.without_scripts.foreign) == str(whole.without_scripts.pivot)
        pair = whole if same or same_label[whole.without_scripts.label] > 1 else whole.without_scripts
        if pair.label in by_label:
            names = f"{by_label[pair.label].paths[0].name} and {pair.paths[0].name}"
            raise BadInput(
                f"{names} are both for {pair.label}", where=Where(str(folder)), cure="use one folder per set"
            )
        if len(pair.label) > LONGEST_LABEL:
            raise BadInput(
                f"{pair.paths[0].name} names the language {pair.label}, "
                f"longer than {LONGEST_LABEL} characters",
                where=Where(str(folder)),
                cure="name the file with shorter codes, for instance de-en.tsv",
            )
        by_label[pair.label] = pair
    return dict(sorted(by_label.items()))


def _declared_pairs(folder: Path) -> Iterator[_BitextPair]:
    """Yield the pairs that the files of a folder declare, by their names or, in TMX, inside."""
    sides: dict[tuple[str, str, str], dict[str, Path]] = {}
    lines: dict[str, dict[str, Path]] = {}
    for path in _files(folder):
        name = path.name.removesuffix(".gz")
        if _is_memory(path):
            languages = {language for unit in _memory(path) for language in unit.texts}
            yield from _pairs_with_english(path, dict.fromkeys(languages, path))
        elif table := _TABLE.fullmatch(name):
            if table[2] or is_language(table[1]):
                yield _pair(language_code(table[1]), language_code(table[2] or ENGLISH), (path,))
            else:
                reason = f"{table[1]!r} is no known language; a pair is named as de-en{Path(name).suffix}"
                note(path, f"is not read, since {reason}")
        elif (side := _SIDE.fullmatch(name)) and side[4] in (side[2], side[3]):
            _add_side(sides.setdefault((side[1], side[2], side[3]), {}), side[4], path)
        elif line := _LINES.fullmatch(name):
            _add_side(lines.setdefault(line[1], {}), str(language_code(line[2]).without_usual), path)
    yield from _pairs_of_sides(sides)
    yield from _pairs_of_lines(lines)


def _pairs_of_sides(sides: Mapping[tuple[str, str, str], Mapping[str, Path]]) -> Iterator[_BitextPair]:
    """Yield the pairs of files named for both languages; raises BadInput where one of the two is missing."""
    for (stem, first, second), paths in sides.items():
        for code in (first, second):
            if code not in paths:
                partner = next(iter(paths.values()))
                raise BadInput(
                    f"{stem}.{code} is missing next to {partner.name}",
                    where=Where(str(partner.parent)),
                    cure="put both sides into the folder",
                )
        yield _pair(language_code(first), language_code(second), (paths[first], paths[second]))


def _pairs_of_lines(lines: Mapping[str, Mapping[str, Path]]) -> Iterator[_BitextPair]:
    """Yield the pairs of files named for their own language."""
    for by_code in lines.values():
        path, *others = by_code.values()
        if others:
            yield from _pairs_with_english(
                path, {language_code(code): side for code, side in by_code.items()}
            )
        else:
            note(path, "is not read, since the same name with another language is not next to it")


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files whose names may declare a pair; tables in other formats are noted."""
    for path in entries(folder):
        name = path.name.removesuffix(".gz")
        if path.name.startswith("."):
            continue
        if _OTHER_TABLE.fullmatch(path.name):
            note(path, f"is not read; parallel files are {_NAMING}")
        elif _is_memory(path) or any(pattern.fullmatch(name) for pattern in (_TABLE, _SIDE, _FOLDER)):
            if is_folder(path):
                raise BadInput(
                    f"{path.name} is not a file",
                    where=Where(str(folder)),
                    cure=f"the files belong directly in the folder: {_NAMING}",
                )
            find(path)
            yield path
        elif (line := _LINES.fullmatch(name)) and is_language(line[2]) and not is_folder(path):
            find(path)
            yield path


def _add_side(paths: dict[str, Path], code: str, path: Path) -> None:
    other = paths.setdefault(code, path)
    if other != path:
        message = f"{other.name} and {path.name} are the same side"
        raise BadInput(message, where=Where(str(path.parent)), cure="remove one of them")


def _pairs_with_english(path: Path, by_language: Mapping[LanguageCode, Path]) -> Iterator[_BitextPair]:
    """Yield what several languages pair: each with English, or two without it; `path` is for messages."""
    english = next((code for code in by_language if code.language == ENGLISH), None)
    others = sorted((code for code in by_language if code != english), key=str)
    if english is None and len(others) == 2:
        english = others.pop()
    if english is None or not others:
        languages = ", ".join(map(str, others)) or (str(english) if english else "no language")
        raise BadInput(
            f"holds {languages}, where a language and English, or two languages, are paired",
            where=Where(str(path)),
            cure=f"add the English side, or one file a pair: {_NAMING}",
        )
    for code in others:
        paths = tuple(dict.fromkeys((by_language[code], by_language[english])))
        yield _BitextPair(code, english, paths, swapped=False)


def _pair(first: LanguageCode, second: LanguageCode, paths: tuple[Path, ...]) -> _BitextPair:
    """Return the pair, with English as the pivot on either side; OPUS names it first, as in en-fr."""
    if str(first) == str(second):
        raise BadInput(
            f"both sides are {first}",
            where=Where(str(paths[0])),
            cure="name the file with two different languages, as de-en.tsv",
        )
    if first.language == ENGLISH:
        return _BitextPair(second, first, paths[::-1], swapped=True)
    return _BitextPair(first, second, paths, swapped=False)
