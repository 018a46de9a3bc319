"""Plain sentences of one language, for masked language modelling during intermediate training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.catalog import NTREX_NAMES
from harness.data.examples import RowExamples
from harness.data.hub import DAMAGED_ON_HUB, columns, load_rows
from harness.data.raw_files import require
from harness.data.text_files import fingerprint, read_lines
from harness.errors import BadInput

WIKIPEDIA_HUB, WIKIPEDIA_DATE = "wikimedia/wikipedia", "20231101"
# Enough for a training regime of a few hundred thousand examples.
_ARTICLES = 20_000


@dataclass(frozen=True)
class Sentences(RowExamples):
    """Sentences of one language."""

    language: str
    sentences: tuple[str, ...]
    source: str

    @cached_property
    def fingerprint(self) -> str:
        """Return sha256 over the sentences in their order, independent of the source."""
        return fingerprint(self.sentences)

    @property
    def sides(self) -> Mapping[str, Sequence[str]]:
        """Return the sentences."""
        return {"sentences": self.sentences}


def wikipedia(language: str, data: Path | None) -> Sentences:
    """Read Wikipedia from `data/wikipedia/{language}.txt`, a paragraph per line, or from the Hub.

    From the Hub only the first articles are read.
    """
    if data is not None:
        name = f"{language}.txt"
        cure = f"--data DIR reads DIR/wikipedia/{name}, a paragraph per line"
        path = require(data / "wikipedia" / name, cure)
        return _sentences(language, read_lines(path), str(path))
    name = f"{WIKIPEDIA_DATE}.{language}"
    rows = load_rows(
        WIKIPEDIA_HUB,
        name,
        f"train[:{_ARTICLES}]",
        cure="give a folder with --data DIR, which reads DIR/wikipedia",
    )
    source = f"{WIKIPEDIA_HUB} {name}"
    (articles,) = columns(rows, source, {"text": str}, cure=DAMAGED_ON_HUB)
    return _sentences(language, (line for text in articles for line in (text or "").split("\n")), source)


def ntrex(language: str, data: Path | None) -> Sentences:
    """Read NTREX-128's sentences in one language from `data/ntrex`."""
    if data is None:
        raise BadInput(
            "NTREX is read from its official files", cure="give them with --data DIR, which reads DIR/ntrex"
        )
    name = "newstest2019-src.eng.txt" if language == "en" else f"newstest2019-ref.{NTREX_NAMES[language]}.txt"
    path = require(data / "ntrex" / name, f"--data DIR reads DIR/ntrex/{name}")
    return _sentences(language, read_lines(path), str(path))


def _sentences(language: str, lines: Iterable[str], source: str) -> Sentences:
    sentences = tuple(line.strip() for line in lines if line.strip())
    if not sentences:
        raise BadInput(f"no sentence of {language} is in {source}", cure="get the whole data set")
    return Sentences(language, sentences, source)
