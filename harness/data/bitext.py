"""Parallel sentences: Tatoeba from the Hub or from LASER's files, and JupyterLab's messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.catalog import JUPYTERLAB_LOCALES, TATOEBA_ISO3
from harness.data.examples import RowExamples
from harness.data.hub import XTREME_HUB, load_rows
from harness.data.text_files import read_lines
from harness.errors import BadInput, Where


@dataclass(frozen=True)
class Bitext(RowExamples):
    """Parallel sentences of one language with English, or with another `pivot`: foreign[i] ↔ english[i]."""

    language: str
    foreign: tuple[str, ...]
    english: tuple[str, ...]
    source: str
    pivot: str = "en"

    @property
    def sides(self) -> Mapping[str, Sequence[str]]:
        """Return both sides."""
        return {f"{self.language} side": self.foreign, f"{self.pivot} side": self.english}


def tatoeba(language: str, data: Path | None) -> Bitext:
    """Read Tatoeba from `data/tatoeba`, or from the Hub."""
    return tatoeba_from_hub(language) if data is None else tatoeba_from_folder(language, data / "tatoeba")


def tatoeba_from_folder(language: str, folder: Path) -> Bitext:
    """Read LASER's files `tatoeba.{iso3}-eng.{iso3|eng}` from the folder or its `v1`; line i is the translation of line i."""
    stem = f"tatoeba.{TATOEBA_ISO3[language]}-eng."
    for place in (folder / "v1", folder):
        foreign, english = place / (stem + TATOEBA_ISO3[language]), place / (stem + "eng")
        if foreign.is_file() and english.is_file():
            sides = read_lines(foreign), read_lines(english)
            if len(sides[0]) != len(sides[1]):
                raise BadInput(
                    f"{foreign.name} has {len(sides[0])} lines, {english.name} has {len(sides[1])}",
                    where=Where(str(place)),
                    cure="download both again",
                )
            return Bitext(language, *sides, source=str(place))
    if (folder / f"{language}-en.{language}").is_file() or (folder / f"{language}-en.en").is_file():
        raise BadInput(
            f"{folder} is XTREME's preprocessed Tatoeba: its English side is sorted and the alignment with {language} lost",
            cure="give the folder of LASER's original files (tatoeba.{iso3}-eng.{iso3|eng})",
        )
    raise BadInput(
        f"Tatoeba's {stem}{TATOEBA_ISO3[language]} and {stem}eng are not in {folder} or {folder / 'v1'}",
        cure="--data DIR reads DIR/tatoeba",
    )


def tatoeba_from_hub(language: str) -> Bitext:
    """Read `google/xtreme`'s Tatoeba: source is the foreign sentence, target the English; both end in a newline there."""
    name = f"tatoeba.{TATOEBA_ISO3[language]}"
    rows = load_rows(XTREME_HUB, name, "validation", cure="give LASER's files with --data DIR")
    foreign, english = (
        [text.removesuffix("\n") for text in rows[column]]
        for column in ("source_sentence", "target_sentence")
    )
    return Bitext(language, tuple(foreign), tuple(english), source=f"{XTREME_HUB} {name}")


def jupyterlab(language: str, data: Path | None) -> Bitext:
    """Read JupyterLab's messages from the installed language packs; `data` has none."""
    from harness.data.jupyterlab import VERSION, load_messages  # noqa: PLC0415 - the demo extra

    pairs = load_messages(JUPYTERLAB_LOCALES[language])
    english, foreign = zip(*pairs, strict=True)
    return Bitext(language, foreign, english, source=f"jupyterlab-language-pack {VERSION}")
