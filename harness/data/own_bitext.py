"""Anybody's own parallel files: LASER's naming, two files a language, or a two-column TSV."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from harness.catalog import TATOEBA_ISO3
from harness.data.bitext import Bitext
from harness.data.lines import read_lines
from harness.errors import BadInput, Where

_CODE = r"[a-z]{2,3}(?:_[A-Za-z]{2,8})?"
_LASER = re.compile(rf"(?:.+\.)?({_CODE})-({_CODE})\.({_CODE})")
_TSV = re.compile(rf"(?:.+\.)?({_CODE})(?:-({_CODE}))?\.tsv")
_TWO_LETTERS = {iso3: code for code, iso3 in TATOEBA_ISO3.items()} | {"eng": "en"}


def languages_in(folder: Path) -> tuple[str, ...]:
    """Return the languages, sorted, that a folder holds with English, and pairs such as de-fr without it."""
    return tuple(_files(folder))


def own_bitext(language: str, folder: Path) -> Bitext:
    """Read one language, or pair, from a folder; raises BadInput for sides of different length, empty sentences and odd lines."""
    paths = _files(folder)[language]
    first, _, second = language.partition("-")
    if len(paths) == 1:
        foreign, pivot = _read_tsv(paths[0])
    else:
        foreign, pivot = (read_lines(path) for path in paths)
        if len(foreign) != len(pivot):
            raise BadInput(
                f"{paths[0].name} has {len(foreign):,} lines, {paths[1].name} has {len(pivot):,}",
                where=Where(str(folder)),
                cure="line i of one is the translation of line i of the other",
            )
    if not foreign:
        raise BadInput("holds no sentence", where=Where(str(paths[0])))
    for side, path in zip((foreign, pivot), (paths[0], paths[-1]), strict=True):
        if empty := [number for number, sentence in enumerate(side, start=1) if not sentence.strip()]:
            raise BadInput("an empty sentence has no translation", where=Where(str(path), empty[0]), cure="leave the pair out")
    return Bitext(first, foreign, pivot, str(folder), pivot=second or "en")


def _files(folder: Path) -> Mapping[str, tuple[Path, ...]]:
    """Return per language its TSV, or its two files, foreign first."""
    if not folder.is_dir():
        raise BadInput(f"no folder {folder}", cure="--bitext NAME=DIR names the folder of the parallel files")
    sides: dict[tuple[str, str, str], Path] = {}
    found: dict[str, tuple[Path, ...]] = {}
    for path in sorted(folder.iterdir()):
        if tsv := _TSV.fullmatch(path.name):
            _add(found, _label(tsv[1], tsv[2] or "en"), (path,))
        elif (laser := _LASER.fullmatch(path.name)) and laser[3] in (laser[1], laser[2]):
            sides[path.name.removesuffix(f".{laser[3]}"), laser[1], laser[3]] = path
    for (stem, first, side), path in sides.items():
        if side != first:
            continue
        second = stem.rpartition("-")[2]
        if (stem, first, second) not in sides:
            raise BadInput(f"{stem}.{second} is missing beside {path.name}", where=Where(str(folder)), cure="put both sides there")
        _add(found, _label(first, second), (path, sides[stem, first, second]))
    if not found:
        raise BadInput(
            f"{folder} holds no parallel files",
            cure="NAME.de-en.de with NAME.de-en.en (line i is the translation of line i), or de-en.tsv with two columns",
        )
    return dict(sorted(found.items()))


def _label(first: str, second: str) -> str:
    first, second = (_TWO_LETTERS.get(code, code).replace("_", "-") for code in (first, second))
    return first if second == "en" else f"{first}-{second}"


def _add(found: dict[str, tuple[Path, ...]], language: str, paths: tuple[Path, ...]) -> None:
    if language in found:
        names = f"{found[language][0].name} and {paths[0].name}"
        raise BadInput(f"{names} are both for {language}", where=Where(str(paths[0].parent)), cure="one folder a set")
    found[language] = paths


def _read_tsv(path: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    pairs = []
    for number, line in enumerate(read_lines(path), start=1):
        columns = line.removesuffix("\r").split("\t")
        if len(columns) != 2:
            raise BadInput(f"expected two columns, found {len(columns)}", where=Where(str(path), number), cure="sentence, tab, translation")
        pairs.append(columns)
    return tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)
