"""Turn a target into examples, from the Hub, a raw folder or the bundled set: one record and one fingerprint, whichever the source.

This is the only importer of `datasets`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.catalog import JUPYTERLAB_LOCALES, TATOEBA_ISO3
from harness.errors import BadInput, Unreachable, Where
from harness.fingerprints import FINGERPRINTS
from harness.records import Target

XTREME_HUB = "google/xtreme"


@dataclass(frozen=True)
class Bitext:
    """Parallel sentences of one language with English: foreign[i] ↔ english[i]."""

    language: str
    foreign: tuple[str, ...]
    english: tuple[str, ...]
    source: str

    @cached_property
    def fingerprint(self) -> str:
        """Return sha256 over the pairs in their order; the source does not enter."""
        lines = "".join(json.dumps(pair, ensure_ascii=False) + "\n" for pair in zip(self.foreign, self.english, strict=True))
        return f"sha256:{hashlib.sha256(lines.encode('utf-8', 'surrogatepass')).hexdigest()}"

    def first(self, n: int) -> Bitext:
        """Return the first n pairs."""
        return Bitext(self.language, self.foreign[:n], self.english[:n], self.source)


def load_bitext(target: Target, language: str, data: Path | None = None) -> Bitext:
    """Return the examples of a retrieval target in one language, checked against the catalog's count and fingerprint.

    `data` is a folder of raw layouts, read from `data/<target>`; without it the Hub (or, for the demonstration, the
    installed wheels) is asked. Raises BadInput for text that is missing, malformed or not the official one.
    """
    if language not in target.languages:
        raise BadInput(f"target {target.name} has no language {language!r}", cure=f"one of: {' '.join(target.languages)}")
    bitext = _SOURCES[target.name](language, data)
    expected = target.sizes.get(language)
    if expected is not None and len(bitext.foreign) != expected:
        raise BadInput(
            f"{target.name} {language} has {len(bitext.foreign)} pairs in {bitext.source}, the official set has {expected}",
            cure="download it again",
        )
    official = FINGERPRINTS[target.name][language]
    if bitext.fingerprint != f"sha256:{official}":
        raise BadInput(
            f"the text of {target.name} {language} in {bitext.source} has the fingerprint {bitext.fingerprint}, "
            f"the official set has sha256:{official}",
            cure="scores on another text are not comparable: take the official files unchanged",
        )
    return bitext


def _tatoeba(language: str, data: Path | None) -> Bitext:
    return tatoeba_from_hub(language) if data is None else tatoeba_from_folder(language, data / "tatoeba")


def tatoeba_from_folder(language: str, folder: Path) -> Bitext:
    """Read LASER's files `tatoeba.{iso3}-eng.{iso3|eng}` from the folder or its `v1`; line i is the translation of line i."""
    stem = f"tatoeba.{TATOEBA_ISO3[language]}-eng."
    for place in (folder / "v1", folder):
        foreign, english = place / (stem + TATOEBA_ISO3[language]), place / (stem + "eng")
        if foreign.is_file() and english.is_file():
            sides = _read_lines(foreign), _read_lines(english)
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


def _read_lines(path: Path) -> tuple[str, ...]:
    """Return the lines of a UTF-8 file; only a newline ends one (other line separators belong to the text)."""
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as reason:
        line = path.read_bytes()[: reason.start].count(b"\n") + 1
        raise BadInput(
            f"byte {path.read_bytes()[reason.start]:#04x} is not UTF-8", where=Where(str(path), line), cure="download it again"
        ) from reason
    lines = text.split("\n")
    return tuple(lines[:-1] if lines[-1] == "" else lines)


def tatoeba_from_hub(language: str) -> Bitext:
    """Read `google/xtreme`'s Tatoeba: source is the foreign sentence, target the English; both end in a newline there."""
    from datasets import load_dataset  # noqa: PLC0415 - heavy
    from datasets.exceptions import DatasetsError  # noqa: PLC0415

    name = f"tatoeba.{TATOEBA_ISO3[language]}"
    try:
        rows = load_dataset(XTREME_HUB, name, split="validation")
    except (DatasetsError, OSError, ValueError) as reason:
        first_line = str(reason).strip().partition("\n")[0]
        error = Unreachable if isinstance(reason, ConnectionError) else BadInput
        raise error(
            f"{XTREME_HUB} {name} cannot be loaded: {type(reason).__name__}: {first_line}",
            cure="check the network (HF_HUB_OFFLINE), or give LASER's files with --data DIR",
        ) from reason
    foreign, english = ([text.removesuffix("\n") for text in rows[column]] for column in ("source_sentence", "target_sentence"))
    return Bitext(language, tuple(foreign), tuple(english), source=f"{XTREME_HUB} {name}")


def _jupyterlab(language: str, data: Path | None) -> Bitext:
    from harness.bundled.messages import VERSION, load_messages  # noqa: PLC0415 - the demo extra

    pairs = load_messages(JUPYTERLAB_LOCALES[language])
    english, foreign = zip(*pairs, strict=True)
    return Bitext(language, foreign, english, source=f"jupyterlab-language-pack {VERSION}")


_SOURCES: dict[str, Callable[[str, Path | None], Bitext]] = {"tatoeba": _tatoeba, "jupyterlab": _jupyterlab}
