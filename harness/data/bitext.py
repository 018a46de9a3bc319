"""Parallel sentences: pairs on the Hub, Tatoeba's files as LASER has them, JupyterLab's messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.catalog import JUPYTERLAB_LOCALES, TATOEBA_ISO3
from harness.data.examples import RowExamples
from harness.data.hub import columns, load_rows
from harness.data.raw_files import DOWNLOAD_AGAIN, find
from harness.data.text_files import read_lines
from harness.errors import BadInput, Where
from harness.records import HubBitext


@dataclass(frozen=True)
class Bitext(RowExamples):
    """Parallel sentences of one language and English, or another `pivot`: foreign[i] ↔ english[i]."""

    language: str
    foreign: tuple[str, ...]
    english: tuple[str, ...]
    source: str
    pivot: str = "en"

    @property
    def sides(self) -> Mapping[str, Sequence[str]]:
        """Return both sides."""
        return {f"{self.language} side": self.foreign, f"{self.pivot} side": self.english}

    @property
    def languages(self) -> Mapping[str, str | Sequence[str]]:
        """Return the languages of both sides."""
        return dict(zip(self.sides, (self.language, self.pivot), strict=False))


def tatoeba_from_folder(language: str, folder: Path) -> Bitext:
    """Read LASER's files `tatoeba.{iso3}-eng.{iso3|eng}`, aligned by line, from the folder or its `v1`.

    Raises BadInput for XTREME's preprocessed files, whose alignment is lost.
    """
    stem = f"tatoeba.{TATOEBA_ISO3[language]}-eng."
    for directory in (folder / "v1", folder):
        foreign, english = find(directory / (stem + TATOEBA_ISO3[language])), find(directory / f"{stem}eng")
        if foreign and english:
            sides = read_lines(foreign), read_lines(english)
            if len(sides[0]) != len(sides[1]):
                raise BadInput(
                    f"{foreign.name} has {len(sides[0])} lines, {english.name} has {len(sides[1])}",
                    where=Where(str(directory)),
                    cure=f"{DOWNLOAD_AGAIN}, both files",
                )
            return Bitext(language, *sides, source=str(directory))
    if find(folder / f"{language}-en.{language}") or find(folder / f"{language}-en.en"):
        raise BadInput(
            f"{folder} is XTREME's preprocessed Tatoeba: "
            f"its English side is sorted and the alignment with {language} is lost",
            cure="give the folder of LASER's original files (tatoeba.{iso3}-eng.{iso3|eng})",
        )
    raise BadInput(
        f"Tatoeba's {stem}{TATOEBA_ISO3[language]} and {stem}eng are not in {folder} or {folder / 'v1'}",
        cure="--data DIR reads DIR/tatoeba",
    )


def bitext_from_hub(language: str, hub: HubBitext) -> Bitext:
    """Read the pairs of one language from the Hub; a newline at the end of a sentence is no part of it."""
    name, *names = (hub.named(text, language) for text in (hub.configuration, hub.foreign, hub.english))
    cure = "give the files with --data DIR"
    rows = load_rows(hub.repository, name, hub.split, cure=cure, revision=hub.revision)
    source = f"{hub.repository} {name}"
    sides = columns(rows, source, dict.fromkeys(names, str), cure="correct the target's entry in the catalog")
    foreign, english = (tuple((text or "").removesuffix("\n") for text in side) for side in sides)
    return Bitext(language, foreign, english, source)


def jupyterlab(language: str, data: Path | None) -> Bitext:
    """Read JupyterLab's messages from the installed language packs, never from `data`."""
    from harness.data.jupyterlab import VERSION, load_messages  # noqa: PLC0415 - the demo extra

    pairs = load_messages(JUPYTERLAB_LOCALES[language])
    english, foreign = zip(*pairs, strict=True)
    return Bitext(language, foreign, english, source=f"jupyterlab-language-pack {VERSION}")
