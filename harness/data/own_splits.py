"""The files of a user-provided task with a head: train, dev, and a test file for each language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.data.language_codes import LONGEST_LABEL, SINGLE_CODE, language_code
from harness.data.raw_files import entries, find, is_folder
from harness.data.reading_notes import note
from harness.errors import BadInput, Where


@dataclass(frozen=True)
class Splits:
    """The files of a task; `tests` has one for each language, spelled as in the catalog, sorted."""

    train: Path
    dev: Path | None
    tests: Mapping[str, Path]


def find_splits(folder: Path, endings: Sequence[str], option: str) -> Splits:
    """Return the files of a task in a folder; `endings` are those of its format, `option` names the folder.

    Raises BadInput where train or every test is missing, and for two files of one part.
    """
    naming = f"train.{endings[0]}, dev.{endings[0]} and test.de.{endings[0]}"
    naming += f" ({', '.join(endings[1:])} are read, too; plain or .gz)"
    if not is_folder(folder):
        raise BadInput(f"no folder {folder}", cure=f"--{option} NAME=DIR names the folder of {naming}")
    pattern = re.compile(rf"(train|dev|test)(?:\.({SINGLE_CODE}))?\.(?:{'|'.join(endings)})(?:\.gz)?")
    parts: dict[tuple[str, str], Path] = {}
    for path in entries(folder):
        match = pattern.fullmatch(path.name)
        if match is None:
            if path.name.partition(".")[0] in ("train", "dev", "test", "valid", "validation"):
                note(path, f"is not read; the files of --{option} are {naming}")
            continue
        if match[1] == "test" and not match[2]:
            raise BadInput(
                "the name says no language",
                where=Where(str(path)),
                cure=f"name it for its language: test.de.{endings[0]}",
            )
        find(path)
        language = str(language_code(match[2]).without_usual) if match[1] == "test" else ""
        if len(language) > LONGEST_LABEL:
            message = f"names the language {language}, longer than {LONGEST_LABEL} characters"
            raise BadInput(message, where=Where(str(path)), cure="use a shorter code")
        other = parts.setdefault((match[1], language), path)
        if other != path:
            message = f"{other.name} and {path.name} are both {match[1]} {language}".rstrip()
            raise BadInput(message, where=Where(str(folder)), cure="remove one of them")
    tests = {language: path for (part, language), path in sorted(parts.items()) if part == "test"}
    train = parts.get(("train", ""))
    if train is None or not tests:
        lacking = f"no train.{endings[0]}" if train is None else f"no test file, such as test.de.{endings[0]}"
        raise BadInput(f"{folder} holds {lacking}", cure=f"add it: {naming}")
    return Splits(train, parts.get(("dev", "")), tests)
