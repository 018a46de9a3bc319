"""Sentence pairs with a similarity score: STS-B, in English and machine-translated, and SICK."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.data.delimited import Row, comma_separated, named_columns, tab_separated
from harness.data.examples import RowExamples
from harness.data.hub import DAMAGED_ON_HUB, columns, load_rows
from harness.data.raw_files import require
from harness.data.text_encoding import CORRECT
from harness.errors import BadInput, Where

STSB_HUB = "PhilipMay/stsb_multi_mt"
SICK_FILES = {"train": "SICK_train.txt", "dev": "SICK_trial.txt"}
_STSB_MAX = 5.0
_SICK_MIN, _SICK_MAX = 1.0, 5.0
_PAIR = {"first": ("sentence1",), "second": ("sentence2",)}
_STSB_COLUMNS = {**_PAIR, "score": ("similarity_score", "score", "label")}
# The columns of SICK have other names in the file of all its pairs than in those of its splits.
_SICK_COLUMNS = {
    "first": ("sentence_A",),
    "second": ("sentence_B",),
    "entailment": ("entailment_judgment", "entailment_label"),
    "relatedness": ("relatedness_score",),
}


@dataclass(frozen=True)
class ScoredPairs(RowExamples):
    """Pairs of one language: scores[i] is the similarity of pair i, from 0 (unrelated) to 1 (equivalent)."""

    language: str
    first_sentences: tuple[str, ...]
    second_sentences: tuple[str, ...]
    scores: tuple[float, ...]
    source: str

    @property
    def sides(self) -> Mapping[str, Sequence[str]]:
        """Return the first and the second sentences."""
        return {"first sentences": self.first_sentences, "second sentences": self.second_sentences}


def stsb_train(language: str, data: Path | None) -> ScoredPairs:
    """Read STS-B's training pairs from `data/stsb_multi/stsb-{language}-train.csv`, or from the Hub."""
    return _stsb(language, data, "train")


def stsb_dev(language: str, data: Path | None) -> ScoredPairs:
    """Read STS-B's dev pairs from `data/stsb_multi/stsb-{language}-dev.csv`, or from the Hub."""
    return _stsb(language, data, "dev")


def sick_related_train(language: str, data: Path | None) -> ScoredPairs:
    """Read SICK's training pairs with their relatedness from `data/sick`."""
    return _sick(language, data, "train")


def sick_related_dev(language: str, data: Path | None) -> ScoredPairs:
    """Read SICK's trial pairs with their relatedness from `data/sick`."""
    return _sick(language, data, "dev")


def sick_rows(data: Path | None, split: str) -> tuple[Iterator[Row], str]:
    """Return SICK's numbered rows of two sentences, entailment and relatedness, and their path."""
    if data is None:
        raise BadInput(
            "SICK is read from its official files", cure="give them with --data DIR, which reads DIR/sick"
        )
    name = SICK_FILES[split]
    path = require(data / "sick" / name, f"--data DIR reads DIR/sick/{name}")
    return named_columns(path, tab_separated(path), _SICK_COLUMNS, headed=True), str(path)


def _stsb(language: str, data: Path | None, split: str) -> ScoredPairs:
    if data is None:
        source = f"{STSB_HUB} {language} {split}"
        rows = load_rows(
            STSB_HUB,
            language,
            split,
            cure="give stsb-multi-mt's files with --data DIR, which reads DIR/stsb_multi",
        )
        kinds = {"sentence1": str, "sentence2": str, "similarity_score": float}
        first, second, scores = columns(rows, source, kinds, cure=DAMAGED_ON_HUB)
        pairs = zip(first, second, map(str, scores), strict=True)
        return _checked(language, enumerate(pairs, start=1), 0.0, _STSB_MAX, source, cure=DAMAGED_ON_HUB)
    name = f"stsb-{language}-{split}.csv"
    path = require(data / "stsb_multi" / name, f"--data DIR reads DIR/stsb_multi/{name}")
    numbered = named_columns(path, comma_separated(path), _STSB_COLUMNS, order=tuple(_STSB_COLUMNS))
    return _checked(language, numbered, 0.0, _STSB_MAX, str(path))


def _sick(language: str, data: Path | None, split: str) -> ScoredPairs:
    rows, source = sick_rows(data, split)
    pairs = ((number, (first, second, score)) for number, (first, second, _, score) in rows)
    return _checked(language, pairs, _SICK_MIN, _SICK_MAX, source)


def _checked(
    language: str,
    rows: Iterable[tuple[int, Sequence[str]]],
    minimum: float,
    maximum: float,
    source: str,
    *,
    cure: str = CORRECT,
) -> ScoredPairs:
    first_sentences, second_sentences, scores = [], [], []
    for number, (first, second, text) in rows:
        where = Where(source, number)
        if not (first and second and first.strip() and second.strip()):
            raise BadInput("a sentence is empty", where=where, cure=cure)
        try:
            # The Hub has 32-bit floats, the files decimals: both have the same shortest decimal at 32 bits.
            score = float(str(np.float32(text)))
        except ValueError:
            score = math.nan
        if not minimum <= score <= maximum:
            message = f"found the score {text!r}, expected a number from {minimum:g} to {maximum:g}"
            raise BadInput(message, where=where, cure=cure)
        first_sentences.append(first)
        second_sentences.append(second)
        scores.append((score - minimum) / (maximum - minimum))
    if not scores:
        raise BadInput(f"no pair of {language} is in {source}", cure="get the whole data set")
    return ScoredPairs(language, tuple(first_sentences), tuple(second_sentences), tuple(scores), source)
