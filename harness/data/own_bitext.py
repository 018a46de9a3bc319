"""User-provided parallel files: two files per pair, named as in LASER, OPUS or NLLB, or a two-column TSV."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from babel import Locale
from babel.core import get_global

from harness.catalog import TATOEBA_ISO3
from harness.data.bitext import Bitext
from harness.data.delimited import named_columns, tab_separated
from harness.data.raw_files import entries, find, is_folder
from harness.data.reading_notes import note
from harness.data.text_files import read_lines
from harness.errors import BadInput, Where

_CODE = r"[a-z]{2,3}(?:_[A-Za-z0-9]{2,8})*"
_SIDE = re.compile(rf"((?:.+\.)?({_CODE})-({_CODE}))\.({_CODE})")
_TSV = re.compile(rf"(?:.+\.)?({_CODE})(?:-({_CODE}))?\.tsv")
_FOLDER = re.compile(rf"{_CODE}-{_CODE}")
# Tables in formats that are not read; a file with such a name is noted, so that it is not missed unsaid.
_OTHER_TABLE = re.compile(
    rf"(?:.+\.)?{_CODE}-{_CODE}\.(?:csv|jsonl?|parquet|tmx|txt|xlsx|(?:tsv|txt|tmx)\.(?:bz2|xz|zip|zst)|zip)(?:\.gz)?"
)
# A result stores at most this many characters of a language.
_LONGEST_LABEL = 24
_NAMING = (
    "NAME.de-en.de with NAME.de-en.en (line i is the translation of line i), or de-en.tsv with two columns, "
    "plain or .gz"
)


class _Code(NamedTuple):
    """The language code in a file name: `zh_Hans_CN` is zh, Hans and CN; `name` is how the file spells it.

    English has neither script nor region.
    """

    language: str
    script: str = ""
    rest: tuple[str, ...] = ()
    name: str = ""

    def __str__(self) -> str:
        return "-".join(filter(None, (self.language, self.script, *self.rest)))


class _BitextPair(NamedTuple):
    """The files of a pair: two, foreign first, or one TSV, `swapped` if its first column is the pivot."""

    foreign: _Code
    pivot: _Code
    paths: tuple[Path, ...]
    swapped: bool

    @property
    def label(self) -> str:
        return str(self.foreign) if self.pivot.language == _ENGLISH else f"{self.foreign}-{self.pivot}"

    @property
    def without_scripts(self) -> _BitextPair:
        return self._replace(foreign=self.foreign._replace(script=""), pivot=self.pivot._replace(script=""))


_ENGLISH = "en"


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
    paths = pair.paths
    if len(paths) == 1:
        foreign, pivot = _read_tsv(paths[0], pair)
    else:
        foreign, pivot = map(read_lines, paths)
        if len(foreign) != len(pivot):
            raise BadInput(
                f"{paths[0].name} has {len(foreign):,} lines, {paths[1].name} has {len(pivot):,}",
                where=Where(str(folder)),
                cure="line i of one is the translation of line i of the other",
            )
    if not foreign:
        raise BadInput("holds no sentence", where=Where(str(paths[0])), cure=f"add them: {_NAMING}")
    for side, path in zip((foreign, pivot), (paths[0], paths[-1]), strict=True):
        if empty := [number for number, sentence in enumerate(side, start=1) if not sentence.strip()]:
            raise BadInput(
                "an empty sentence has no translation",
                where=Where(str(path), empty[0]),
                cure="remove the pair",
            )
    return Bitext(str(pair.foreign), foreign, pivot, str(folder), pivot=str(pair.pivot))


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
        if len(pair.label) > _LONGEST_LABEL:
            raise BadInput(
                f"{pair.paths[0].name} names the language {pair.label}, "
                f"longer than {_LONGEST_LABEL} characters",
                where=Where(str(folder)),
                cure="name the file with shorter codes, for instance de-en.tsv",
            )
        by_label[pair.label] = pair
    return dict(sorted(by_label.items()))


def _parallel_files(folder: Path) -> Iterator[tuple[Path, re.Match[str] | None, re.Match[str] | None]]:
    """Yield the files whose names declare a pair, with the match of a TSV or of a side.

    Others, as README or de-en.ids, are ignored, and tables in other formats noted.
    """
    for path in entries(folder):
        if path.name.startswith("."):
            continue
        name = path.name.removesuffix(".gz")
        tsv, side = _TSV.fullmatch(name), _SIDE.fullmatch(name)
        if side and side[4] not in (side[2], side[3]):
            side = None
        if tsv or side or _FOLDER.fullmatch(name):
            if is_folder(path):
                raise BadInput(
                    f"{path.name} is not a file",
                    where=Where(str(folder)),
                    cure=f"the files belong directly in the folder: {_NAMING}",
                )
            find(path)
            yield path, tsv, side
        elif _OTHER_TABLE.fullmatch(path.name):
            note(path, f"is not read; parallel files are {_NAMING}")


def _declared_pairs(folder: Path) -> Iterator[_BitextPair]:
    """Yield the pairs that file names in a folder declare."""
    sides: dict[tuple[str, str, str], dict[str, Path]] = {}
    for path, tsv, side in _parallel_files(folder):
        if tsv and not tsv[2] and not _is_language(tsv[1]):
            note(path, f"is not read, since {tsv[1]!r} is no known language; a pair is named as de-en.tsv")
        elif tsv:
            yield _pair(tsv[1], tsv[2] or _ENGLISH, (path,))
        elif side:
            other = sides.setdefault((side[1], side[2], side[3]), {}).setdefault(side[4], path)
            if other != path:
                message = f"{other.name} and {path.name} are the same side"
                raise BadInput(message, where=Where(str(folder)), cure="remove one of them")
    for (stem, first, second), paths in sides.items():
        for code in (first, second):
            if code not in paths:
                partner = next(iter(paths.values())).name
                raise BadInput(
                    f"{stem}.{code} is missing next to {partner}",
                    where=Where(str(folder)),
                    cure="put both sides into the folder",
                )
        yield _pair(first, second, (paths[first], paths[second]))


def _pair(first: str, second: str, paths: tuple[Path, ...]) -> _BitextPair:
    """Return the pair, with English as the pivot on either side; OPUS names it first, as in en-fr."""
    foreign, pivot = _code(first), _code(second)
    if str(foreign) == str(pivot):
        raise BadInput(
            f"both sides are {foreign}",
            where=Where(str(paths[0])),
            cure="name the file with two different languages, as de-en.tsv",
        )
    if foreign.language == _ENGLISH:
        return _BitextPair(pivot, foreign, paths[::-1], swapped=True)
    return _BitextPair(foreign, pivot, paths, swapped=False)


def _code(name: str) -> _Code:
    language, *rest = name.split("_")
    language = _two_letters().get(language, language)
    if language == _ENGLISH:
        return _Code(_ENGLISH, name=name)
    script = "".join(part.title() for part in rest[:1] if len(part) == 4 and part.isalpha())
    # A region in capitals cannot be mistaken for the second language of a pair.
    regions = tuple(part.upper() if len(part) == 2 else part for part in rest[bool(script) :])
    return _Code(language, script, regions, name)


def _is_language(name: str) -> bool:
    """Tell whether a code without a partner means a language, as `deu` does and `all` does not.

    A script makes a code of any language unmistakable; others are known if CLDR has a name for them.
    """
    language, *rest = name.split("_")
    return bool(rest) or _two_letters().get(language, language) in _english_names()


@cache
def _english_names() -> Mapping[str, str]:
    """Return CLDR's English names of languages by code."""
    return dict(Locale.parse("en").languages)


@cache
def _two_letters() -> Mapping[str, str]:
    """Return the two-letter codes by three-letter code: CLDR's, overridden by XTREME's for Tatoeba.

    CLDR maps Twi to Akan, but FLORES has both, so Twi has its code here.
    """
    shorter = {
        code: alias
        for code, alias in get_global("language_aliases").items()
        if len(code) == 3 and len(alias) == 2
    }
    return shorter | {"twi": "tw"} | {iso3: code for code, iso3 in TATOEBA_ISO3.items()}


def _read_tsv(path: Path, pair: _BitextPair) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the foreign and the pivot side of a file with two columns, which a header may name."""
    foreign, pivot = _header_names(pair.foreign), _header_names(pair.pivot)
    first, second = (pivot, foreign) if pair.swapped else (foreign, pivot)
    columns = {
        "first": (*first, "source", "src", "sentence1"),
        "second": (*second, "target", "tgt", "trg", "translation", "sentence2"),
    }
    rows = named_columns(
        path,
        tab_separated(path),
        columns,
        order=tuple(columns),
        cure="a line is a sentence, a tab and its translation",
    )
    sides = tuple(zip(*(cells for _, cells in rows), strict=True)) or ((), ())
    return (sides[1], sides[0]) if pair.swapped else (sides[0], sides[1])


def _header_names(code: _Code) -> tuple[str, ...]:
    """Return the names of a language in a header: its code, as the file is named or short, or in English."""
    return (code.name, code.language, *filter(None, [_english_names().get(code.language)]))
