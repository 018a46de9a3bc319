"""Sentence pairs with a similarity score: STS-B, in English and machine-translated, and SICK."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.data.examples import RowExamples
from harness.data.hub import load_rows
from harness.data.text_files import read_lines, read_text
from harness.errors import BadInput, Where

STSB_HUB = "PhilipMay/stsb_multi_mt"
SICK_FILES = {"train": "SICK_train.txt", "dev": "SICK_trial.txt"}
_STSB_MAX = 5.0
_SICK_MIN, _SICK_MAX = 1.0, 5.0
_CURE = "take the official set unchanged"


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


def sick_rows(data: Path | None, split: str) -> tuple[list[tuple[int, dict[str, str]]], str]:
    """Return SICK's numbered lines as dictionaries by column, and the path they were read from."""
    if data is None:
        raise BadInput(
            "SICK is read from its official files", cure="give them with --data DIR, which reads DIR/sick"
        )
    path = data / "sick" / SICK_FILES[split]
    if not path.is_file():
        raise BadInput(f"{path.name} is not in {path.parent}", cure=f"--data DIR reads DIR/sick/{path.name}")
    lines = [line.removesuffix("\r").split("\t") for line in read_lines(path)]
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != len(lines[0]):
            raise BadInput(
                f"found {len(line)} columns, expected {len(lines[0])}",
                where=Where(str(path), number),
                cure=_CURE,
            )
        rows.append((number, dict(zip(lines[0], line, strict=True))))
    return rows, str(path)


def _stsb(language: str, data: Path | None, split: str) -> ScoredPairs:
    if data is None:
        rows = load_rows(
            STSB_HUB,
            language,
            split,
            cure="give stsb-multi-mt's files with --data DIR, which reads DIR/stsb_multi",
        )[:]
        columns = zip(rows["sentence1"], rows["sentence2"], map(str, rows["similarity_score"]), strict=True)
        return _checked(
            language, enumerate(columns, start=1), 0.0, _STSB_MAX, f"{STSB_HUB} {language} {split}"
        )
    path = data / "stsb_multi" / f"stsb-{language}-{split}.csv"
    if not path.is_file():
        raise BadInput(
            f"{path.name} is not in {path.parent}", cure=f"--data DIR reads DIR/stsb_multi/{path.name}"
        )
    reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    numbered = ((reader.line_num, row) for row in reader)  # a sentence may hold a line break
    try:
        return _checked(language, numbered, 0.0, _STSB_MAX, str(path))
    except csv.Error as reason:
        raise BadInput(f"not CSV: {reason}", where=Where(str(path), reader.line_num), cure=_CURE) from reason


def _sick(language: str, data: Path | None, split: str) -> ScoredPairs:
    rows, source = sick_rows(data, split)
    pairs = (
        (number, (row["sentence_A"], row["sentence_B"], row["relatedness_score"])) for number, row in rows
    )
    return _checked(language, pairs, _SICK_MIN, _SICK_MAX, source)


def _checked(
    language: str, rows: Iterable[tuple[int, Sequence[str]]], minimum: float, maximum: float, source: str
) -> ScoredPairs:
    first, second, scores = [], [], []
    for number, row in rows:
        where = Where(source, number)
        if len(row) != 3:
            raise BadInput(
                f"found {len(row)} columns, expected first sentence, second sentence and score",
                where=where,
                cure=_CURE,
            )
        if not (row[0].strip() and row[1].strip()):
            raise BadInput("a sentence is empty", where=where, cure=_CURE)
        try:
            # The Hub has 32-bit floats, the files decimals: both have the same shortest decimal at 32 bits.
            score = float(str(np.float32(row[2])))
        except ValueError:
            score = math.nan
        if not minimum <= score <= maximum:
            raise BadInput(
                f"found the score {row[2]!r}, expected a number from {minimum:g} to {maximum:g}",
                where=where,
                cure=_CURE,
            )
        first.append(row[0])
        second.append(row[1])
        scores.append((score - minimum) / (maximum - minimum))
    if not first:
        raise BadInput(f"no pair of {language} is in {source}", cure=_CURE)
    return ScoredPairs(language, tuple(first), tuple(second), tuple(scores), source)
