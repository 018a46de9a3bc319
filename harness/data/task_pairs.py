"""Labelled pairs that only intermediate training reads: MNLI's kin, XNLI's translations, paraphrases of questions.

A set that is read from the Hub alone is read from there whatever folder of raw layouts is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.catalog.fine_tuned import XNLI_LABELS
from harness.data.hub import load_rows
from harness.data.lines import read_lines
from harness.data.pairs import SentencePairs, checked_pairs, hub_pairs
from harness.data.scored_pairs import sick_rows
from harness.errors import BadInput

TWO_WAY_LABELS = ("entailment", "not_entailment")
PARAPHRASE_LABELS = ("different", "duplicate")
ANLI_HUB, XNLI_HUB, GLUE_HUB = "facebook/anli", "facebook/xnli", "nyu-mll/glue"
_ROUNDS = (1, 2, 3)


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


def _anli(language: str, data: Path | None, split: str) -> SentencePairs:
    splits = tuple(f"{split}_r{number}" for number in _ROUNDS)
    return _of_rows(language, ANLI_HUB, "plain_text", splits, ("premise", "hypothesis"), XNLI_LABELS)


def _rte(language: str, data: Path | None, name: str, split: str) -> SentencePairs:
    if data is None:
        return _of_rows(language, GLUE_HUB, "rte", (split,), ("sentence1", "sentence2"), TWO_WAY_LABELS)
    path = data / "rte" / name
    if not path.is_file():
        raise BadInput(f"{name} is not in {path.parent}", cure=f"--data DIR reads DIR/rte/{name}")
    lines = [line.removesuffix("\r").split("\t") for line in read_lines(path)]
    # The first line names the columns, the first column numbers the rows.
    return checked_pairs(language, ((number, row[1:]) for number, row in enumerate(lines[1:], start=2)), TWO_WAY_LABELS, str(path))


def _sick(language: str, data: Path | None, split: str) -> SentencePairs:
    rows, source = sick_rows(data, split)
    own = ((number, (row["sentence_A"], row["sentence_B"], row["entailment_judgment"].lower())) for number, row in rows)
    return checked_pairs(language, own, XNLI_LABELS, source)


def _of_rows(
    language: str, repository: str, name: str, splits: Sequence[str], columns: tuple[str, str], labels: Sequence[str]
) -> SentencePairs:
    """Read splits of a configuration whose labels are numbers in the order of `labels`."""
    numbers = dict(enumerate(labels))
    found: list[tuple[str, str, str]] = []
    for split in splits:
        rows = load_rows(repository, name, split, cure="choose a task that is at hand")[:]
        found += zip(rows[columns[0]], rows[columns[1]], (numbers.get(label, str(label)) for label in rows["label"]), strict=True)
    return hub_pairs(language, enumerate(found, start=1), labels, f"{repository} {name} {'+'.join(splits)}")
