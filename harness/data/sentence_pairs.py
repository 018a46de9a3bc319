"""Labelled sentence pairs: XNLI, MNLI and PAWS-X, and SNLI, ANLI, QQP, RTE and SICK for training only.

They are read from the Hub or from files of one pair per line. ANLI, QQP and XNLI's translations are always
read from the Hub, even if a folder of raw layouts is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.catalog.fine_tuned import PAWSX_LABELS, XNLI_LABELS
from harness.data.delimited import named_columns, tab_separated
from harness.data.examples import RowExamples
from harness.data.hub import DAMAGED_ON_HUB, XTREME_HUB, columns, load_rows
from harness.data.json_files import json_lines, member
from harness.data.raw_files import find, require
from harness.data.reading_notes import note
from harness.data.similarity import sick_rows
from harness.data.text_encoding import CORRECT
from harness.data.text_files import numbered_lines
from harness.errors import BadInput, Where

MNLI_HUB = "nyu-mll/multi_nli"
TWO_WAY_LABELS = ("entailment", "not_entailment")
PARAPHRASE_LABELS = ("different", "duplicate")
ANLI_HUB, XNLI_HUB, GLUE_HUB = "facebook/anli", "facebook/xnli", "nyu-mll/glue"
SNLI_HUB = "stanfordnlp/snli"
_ROUNDS = (1, 2, 3)
# What SNLI has instead of a label where its annotators did not agree.
_NO_LABEL, _NO_LABEL_ON_HUB = "-", "-1"
UNCERTAIN = "TEST_LABELS_UNCERTAIN_ROWS.txt"

# XNLI 1.0 and the machine translations of MNLI next to it spell one of the labels in another way.
_SPELLINGS = {"contradictory": "contradiction"}
# The columns of pairs, and their names in the headers of XNLI, MNLI's translations, PAWS-X and GLUE.
_COLUMNS = {
    "first": ("sentence1", "premise", "question1"),
    "second": ("sentence2", "hypothesis", "hypo", "question2"),
    "label": ("label", "gold_label"),
}
_ORDER = ("first", "second", "label")
_NO_LABELS = f"{CORRECT}; XTREME's download script omits the labels of test files"


@dataclass(frozen=True)
class SentencePairs(RowExamples):
    """Labelled pairs of one language: labels[i] relates second_sentences[i] to first_sentences[i]."""

    language: str
    first_sentences: tuple[str, ...]
    second_sentences: tuple[str, ...]
    labels: tuple[str, ...]
    source: str

    @property
    def sides(self) -> Mapping[str, Sequence[str]]:
        """Return the first and the second sentences."""
        return {"first sentences": self.first_sentences, "second sentences": self.second_sentences}


def xnli(language: str, data: Path | None) -> SentencePairs:
    """Read the test pairs of XNLI from `data/xnli/test-{language}.tsv`, or from the Hub."""
    return _xnli(language, data, "test", "test")


def xnli_dev(language: str, data: Path | None) -> SentencePairs:
    """Read the dev pairs of XNLI from `data/xnli/dev-{language}.tsv`, or from the Hub."""
    return _xnli(language, data, "dev", "validation")


def mnli(language: str, data: Path | None) -> SentencePairs:
    """Read MNLI's training pairs, which are English, from `data/xnli/train-en.tsv`, or from the Hub."""
    if data is not None:
        return _from_file(language, data / "xnli" / "train-en.tsv", XNLI_LABELS)
    rows = load_rows(
        MNLI_HUB,
        "default",
        "train",
        cure="give XTREME's train-en.tsv: --data DIR reads DIR/xnli/train-en.tsv",
    )
    source = f"{MNLI_HUB} default train"
    pairs = _numbered_labels(rows, source, ("premise", "hypothesis"), XNLI_LABELS)
    return hub_pairs(language, enumerate(pairs, start=1), XNLI_LABELS, source)


def pawsx(language: str, data: Path | None) -> SentencePairs:
    """Read the test pairs of PAWS-X from `data/pawsx/test-{language}.tsv`, or from the Hub.

    Raises BadInput for a language with uncertain labels, if the folder lists any.
    """
    if data is not None and language != "de" and find(data / "pawsx" / UNCERTAIN):
        raise BadInput(
            f"{data / 'pawsx'} has test rows with uncertain labels for every language but de, "
            f"listed in {UNCERTAIN}",
            cure="score the other rows with -t pawsx_from_dev, or give the official files",
        )
    return _pawsx(language, data, "test", "test")


def pawsx_certain(language: str, data: Path | None) -> SentencePairs:
    """Read the test pairs of PAWS-X with certain labels; in German these are all pairs."""
    if data is None:
        raise BadInput(
            f"the Hub's PAWS-X does not mark uncertain labels: {UNCERTAIN} lists them",
            cure="--data DIR reads DIR/pawsx",
        )
    pairs = _pawsx(language, data, "test", "test")
    if language == "de":
        return pairs
    uncertain = _uncertain_rows(data / "pawsx" / UNCERTAIN, len(pairs))
    return pairs.rows([row for row in range(len(pairs)) if row not in uncertain])


def pawsx_dev(language: str, data: Path | None) -> SentencePairs:
    """Read the dev pairs of PAWS-X from `data/pawsx/dev-{language}.tsv`, or from the Hub."""
    return _pawsx(language, data, "dev", "validation")


def pawsx_train(language: str, data: Path | None) -> SentencePairs:
    """Read the training pairs of PAWS-X from `data/pawsx/train-{language}.tsv`, or from the Hub.

    Only the English pairs are original.
    """
    return _pawsx(language, data, "train", "train")


def snli_train(language: str, data: Path | None) -> SentencePairs:
    """Read SNLI's training pairs from `data/snli/snli_1.0_train.jsonl`, or from the Hub."""
    return _snli(language, data, "train", "train")


def snli_dev(language: str, data: Path | None) -> SentencePairs:
    """Read SNLI's dev pairs from `data/snli/snli_1.0_dev.jsonl`, or from the Hub."""
    return _snli(language, data, "dev", "validation")


def anli_train(language: str, data: Path | None) -> SentencePairs:
    """Read the training pairs of ANLI's three rounds from the Hub."""
    return _anli(language, data, "train")


def anli_dev(language: str, data: Path | None) -> SentencePairs:
    """Read the dev pairs of ANLI's three rounds from the Hub."""
    return _anli(language, data, "dev")


def xnli_translated(language: str, data: Path | None) -> SentencePairs:
    """Read MNLI's training pairs, machine-translated by XNLI's authors, from the Hub."""
    return _of_rows(language, XNLI_HUB, language, ("train",), ("premise", "hypothesis"), XNLI_LABELS)


def qqp_train(language: str, data: Path | None) -> SentencePairs:
    """Read the training pairs of Quora's questions from the Hub."""
    return _of_rows(language, GLUE_HUB, "qqp", ("train",), ("question1", "question2"), PARAPHRASE_LABELS)


def qqp_dev(language: str, data: Path | None) -> SentencePairs:
    """Read the dev pairs of Quora's questions from the Hub."""
    return _of_rows(language, GLUE_HUB, "qqp", ("validation",), ("question1", "question2"), PARAPHRASE_LABELS)


def rte_train(language: str, data: Path | None) -> SentencePairs:
    """Read RTE's training pairs from `data/rte/train.tsv`, or from the Hub."""
    return _rte(language, data, "train.tsv", "train")


def rte_dev(language: str, data: Path | None) -> SentencePairs:
    """Read RTE's dev pairs from `data/rte/dev.tsv`, or from the Hub."""
    return _rte(language, data, "dev.tsv", "validation")


def sick_train(language: str, data: Path | None) -> SentencePairs:
    """Read SICK's training pairs with their entailment from `data/sick`."""
    return _sick(language, data, "train")


def sick_dev(language: str, data: Path | None) -> SentencePairs:
    """Read SICK's trial pairs with their entailment from `data/sick`."""
    return _sick(language, data, "dev")


def _snli(language: str, data: Path | None, name: str, split: str) -> SentencePairs:
    """Read SNLI without the pairs that its annotators gave no common label."""
    if data is None:
        source = f"{SNLI_HUB} plain_text {split}"
        rows = load_rows(SNLI_HUB, "plain_text", split, cure="--data DIR reads DIR/snli")
        numbered = enumerate(_numbered_labels(rows, source, ("premise", "hypothesis"), XNLI_LABELS), start=1)
        labelled = ((number, pair) for number, pair in numbered if pair[2] != _NO_LABEL_ON_HUB)
        return hub_pairs(language, labelled, XNLI_LABELS, source)
    path = require(
        data / "snli" / f"snli_1.0_{name}.jsonl", f"--data DIR reads DIR/snli/snli_1.0_{name}.jsonl"
    )
    keys = ("sentence1", "sentence2", "gold_label")
    lines = (
        (number, tuple(member(item, key, str, Where(str(path), number)) for key in keys))
        for number, item in json_lines(path)
    )
    return checked_pairs(
        language, ((number, pair) for number, pair in lines if pair[2] != _NO_LABEL), XNLI_LABELS, str(path)
    )


def _anli(language: str, data: Path | None, split: str) -> SentencePairs:
    splits = tuple(f"{split}_r{number}" for number in _ROUNDS)
    return _of_rows(language, ANLI_HUB, "plain_text", splits, ("premise", "hypothesis"), XNLI_LABELS)


def _rte(language: str, data: Path | None, name: str, split: str) -> SentencePairs:
    if data is None:
        return _of_rows(language, GLUE_HUB, "rte", (split,), ("sentence1", "sentence2"), TWO_WAY_LABELS)
    path = require(data / "rte" / name, f"--data DIR reads DIR/rte/{name}")
    rows = named_columns(path, tab_separated(path), _COLUMNS, order=("index", *_ORDER), headed=True)
    return checked_pairs(language, rows, TWO_WAY_LABELS, str(path))


def _sick(language: str, data: Path | None, split: str) -> SentencePairs:
    rows, source = sick_rows(data, split)
    pairs = ((number, (first, second, entailment.lower())) for number, (first, second, entailment, _) in rows)
    return checked_pairs(language, pairs, XNLI_LABELS, source)


def _of_rows(
    language: str,
    repository: str,
    name: str,
    splits: Sequence[str],
    texts: tuple[str, str],
    labels: Sequence[str],
) -> SentencePairs:
    """Read splits of a configuration whose labels are indices into `labels`; `texts` names two columns."""
    pairs: list[Sequence[str | None]] = []
    for split in splits:
        rows = load_rows(repository, name, split, cure="choose a task whose text is available")
        pairs += _numbered_labels(rows, f"{repository} {name} {split}", texts, labels)
    return hub_pairs(language, enumerate(pairs, start=1), labels, f"{repository} {name} {'+'.join(splits)}")


def _numbered_labels(
    rows: Any, source: str, texts: tuple[str, str], labels: Sequence[str]
) -> Iterator[tuple[str, str, str]]:
    """Yield the pairs of a data set whose labels are indices into `labels`."""
    names = dict(enumerate(labels))
    first, second, numbers = columns(
        rows, source, {texts[0]: str, texts[1]: str, "label": int}, cure=DAMAGED_ON_HUB
    )
    return zip(first, second, (names.get(number, str(number)) for number in numbers), strict=True)


def _xnli(language: str, data: Path | None, name: str, split: str) -> SentencePairs:
    if data is not None:
        return _from_file(language, data / "xnli" / f"{name}-{language}.tsv", XNLI_LABELS)
    source = f"{XTREME_HUB} XNLI {split}"
    rows = load_rows(
        XTREME_HUB, "XNLI", split, cure="give XNLI's files with --data DIR, which reads DIR/xnli"
    )
    kinds = dict.fromkeys(("sentence1", "sentence2", "gold_label", "language"), str)
    *pairs, languages = columns(rows, source, kinds, cure=DAMAGED_ON_HUB)
    # One configuration has the pairs of all languages.
    numbered = (
        (number, pair)
        for number, (*pair, code) in enumerate(zip(*pairs, languages, strict=True), start=1)
        if code == language
    )
    return hub_pairs(language, numbered, XNLI_LABELS, source)


def _pawsx(language: str, data: Path | None, name: str, split: str) -> SentencePairs:
    if data is not None:
        return _from_file(language, data / "pawsx" / f"{name}-{language}.tsv", PAWSX_LABELS)
    config = f"PAWS-X.{language}"
    rows = load_rows(
        XTREME_HUB, config, split, cure="give PAWS-X's files with --data DIR, which reads DIR/pawsx"
    )
    source = f"{XTREME_HUB} {config} {split}"
    kinds = dict.fromkeys(("sentence1", "sentence2", "label"), str)
    pairs = zip(*columns(rows, source, kinds, cure=DAMAGED_ON_HUB), strict=True)
    return hub_pairs(language, enumerate(pairs, start=1), PAWSX_LABELS, source)


def _from_file(language: str, path: Path, labels: Sequence[str]) -> SentencePairs:
    """Read a file of first sentence, tab, second sentence, tab, label."""
    path = require(path, f"--data DIR reads DIR/{path.parent.name}/{path.name}")
    rows = named_columns(path, tab_separated(path), _COLUMNS, order=_ORDER, cure=_NO_LABELS)
    return checked_pairs(language, rows, labels, str(path))


def hub_pairs(
    language: str, rows: Iterable[tuple[int, Sequence[str | None]]], labels: Sequence[str], source: str
) -> SentencePairs:
    """Check numbered rows of the Hub: first sentence, second sentence and label."""
    # The Hub has spaces around sentences, the files have none.
    stripped = ((number, [(text or "").strip() for text in row]) for number, row in rows)
    return checked_pairs(language, stripped, labels, source, cure=DAMAGED_ON_HUB)


def checked_pairs(
    language: str,
    rows: Iterable[tuple[int, Sequence[str]]],
    labels: Sequence[str],
    source: str,
    *,
    cure: str = CORRECT,
) -> SentencePairs:
    """Check rows of first sentence, second sentence and label, numbered as in the source.

    Raises BadInput with source and number for an empty sentence or an unknown label.
    """
    pairs = checked_rows(rows, labels, source, cure=cure)
    if not pairs:
        raise BadInput(f"no pair of {language} is in {source}", cure="get the whole data set")
    firsts, seconds, gold = zip(*pairs, strict=True)
    return SentencePairs(language, firsts, seconds, gold, source)


def checked_rows(
    rows: Iterable[tuple[int, Sequence[str]]], labels: Sequence[str], source: str, *, cure: str
) -> list[tuple[str, ...]]:
    """Check rows of texts and their label, numbered as in the source.

    Raises BadInput with source and number for an empty text or an unknown label.
    """
    checked: list[tuple[str, ...]] = []
    for number, (*texts, spelling) in rows:
        where = Where(source, number)
        if not all(text.strip() for text in texts):
            raise BadInput("a sentence is empty", where=where, cure=cure)
        label = spelling if spelling in labels else _SPELLINGS.get(spelling, spelling)
        if label not in labels:
            message = f"found the label {spelling!r}, expected one of: {' '.join(labels)}"
            raise BadInput(message, where=where, cure=cure)
        if label != spelling:
            note(source, f"the label {spelling} is read as {label}")
        checked.append((*texts, label))
    return checked


def _uncertain_rows(path: Path, count: int) -> frozenset[int]:
    """Read the indices, from 0, of rows with uncertain labels; lines that begin with # are comments."""
    path = require(path, "without it every label counts as certain: score -t pawsx")
    rows = []
    for number, line in numbered_lines(path):
        if line.startswith("#"):
            continue
        if not (line.isascii() and line.isdecimal() and int(line) < count):
            raise BadInput(
                f"found {line!r}, expected the number of a row, 0 to {count - 1}",
                where=Where(str(path), number),
                cure=CORRECT,
            )
        rows.append(int(line))
    if not rows:
        raise BadInput("lists no row", where=Where(str(path)), cure="get the list again, or score -t pawsx")
    return frozenset(rows)
