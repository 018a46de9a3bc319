"""Labelled sentence pairs: XNLI, MNLI and PAWS-X, and ANLI, QQP, RTE and SICK for training only.

They are read from the Hub or from files of one pair per line. ANLI, QQP and XNLI's translations are always
read from the Hub, even if a folder of raw layouts is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.catalog.fine_tuned import PAWSX_LABELS, XNLI_LABELS
from harness.data.examples import RowExamples
from harness.data.hub import XTREME_HUB, load_rows
from harness.data.similarity import sick_rows
from harness.data.text_files import read_lines
from harness.errors import BadInput, Where

MNLI_HUB = "nyu-mll/multi_nli"
TWO_WAY_LABELS = ("entailment", "not_entailment")
PARAPHRASE_LABELS = ("different", "duplicate")
ANLI_HUB, XNLI_HUB, GLUE_HUB = "facebook/anli", "facebook/xnli", "nyu-mll/glue"
_ROUNDS = (1, 2, 3)
UNCERTAIN = "TEST_LABELS_UNCERTAIN_ROWS.txt"

_CURE = "take the official set unchanged"


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
    )[:]
    names = dict(enumerate(XNLI_LABELS))  # the Hub's MNLI numbers its labels
    pairs = zip(
        rows["premise"],
        rows["hypothesis"],
        (names.get(label, str(label)) for label in rows["label"]),
        strict=True,
    )
    return hub_pairs(language, enumerate(pairs, start=1), XNLI_LABELS, f"{MNLI_HUB} default train")


def pawsx(language: str, data: Path | None) -> SentencePairs:
    """Read the test pairs of PAWS-X from `data/pawsx/test-{language}.tsv`, or from the Hub.

    Raises BadInput for a language with uncertain labels, if the folder lists any.
    """
    if data is not None and language != "de" and (data / "pawsx" / UNCERTAIN).is_file():
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
    # The first line is a header, the first column numbers the rows.
    return checked_pairs(
        language,
        ((number, row[1:]) for number, row in enumerate(lines[1:], start=2)),
        TWO_WAY_LABELS,
        str(path),
    )


def _sick(language: str, data: Path | None, split: str) -> SentencePairs:
    rows, source = sick_rows(data, split)
    pairs = (
        (number, (row["sentence_A"], row["sentence_B"], row["entailment_judgment"].lower()))
        for number, row in rows
    )
    return checked_pairs(language, pairs, XNLI_LABELS, source)


def _of_rows(
    language: str,
    repository: str,
    name: str,
    splits: Sequence[str],
    columns: tuple[str, str],
    labels: Sequence[str],
) -> SentencePairs:
    """Read splits of a configuration whose labels are indices into `labels`."""
    numbers = dict(enumerate(labels))
    pairs: list[tuple[str, str, str]] = []
    for split in splits:
        rows = load_rows(repository, name, split, cure="choose a task whose text is available")[:]
        pairs += zip(
            rows[columns[0]],
            rows[columns[1]],
            (numbers.get(label, str(label)) for label in rows["label"]),
            strict=True,
        )
    return hub_pairs(language, enumerate(pairs, start=1), labels, f"{repository} {name} {'+'.join(splits)}")


def _xnli(language: str, data: Path | None, name: str, split: str) -> SentencePairs:
    if data is not None:
        return _from_file(language, data / "xnli" / f"{name}-{language}.tsv", XNLI_LABELS)
    rows = load_rows(
        XTREME_HUB, "XNLI", split, cure="give XNLI's files with --data DIR, which reads DIR/xnli"
    )[:]
    pairs = zip(rows["sentence1"], rows["sentence2"], rows["gold_label"], strict=True)
    # One configuration has the pairs of all languages.
    numbered = (
        (number, pair)
        for number, (pair, code) in enumerate(zip(pairs, rows["language"], strict=True), start=1)
        if code == language
    )
    return hub_pairs(language, numbered, XNLI_LABELS, f"{XTREME_HUB} XNLI {split}")


def _pawsx(language: str, data: Path | None, name: str, split: str) -> SentencePairs:
    if data is not None:
        return _from_file(language, data / "pawsx" / f"{name}-{language}.tsv", PAWSX_LABELS)
    config = f"PAWS-X.{language}"
    rows = load_rows(
        XTREME_HUB, config, split, cure="give PAWS-X's files with --data DIR, which reads DIR/pawsx"
    )[:]
    pairs = zip(rows["sentence1"], rows["sentence2"], rows["label"], strict=True)
    return hub_pairs(language, enumerate(pairs, start=1), PAWSX_LABELS, f"{XTREME_HUB} {config} {split}")


def _from_file(language: str, path: Path, labels: Sequence[str]) -> SentencePairs:
    if not path.is_file():
        raise BadInput(
            f"{path.name} is not in {path.parent}",
            cure=f"--data DIR reads DIR/{path.parent.name}/{path.name}",
        )
    return checked_pairs(language, enumerate(_rows_of(path), start=1), labels, str(path))


def _rows_of(path: Path) -> list[list[str]]:
    """Read a file of first sentence, tab, second sentence, tab, label, without a header.

    XTREME's script writes with Python's csv module, which encloses every text with a quotation mark in
    quotation marks and doubles those inside. The original sets have no quoting, and a sentence may begin with
    a quotation mark without ending in one. So the quoting is undone only if the whole file follows it.
    """
    rows = [line.removesuffix("\r").split("\t") for line in read_lines(path)]
    if all(_quoted(_unquoted(text)) == text for row in rows for text in row if '"' in text):
        return [[_unquoted(text) if '"' in text else text for text in row] for row in rows]
    return rows


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if '"' in text else text


def _unquoted(text: str) -> str:
    return text[1:-1].replace('""', '"')


def hub_pairs(
    language: str, rows: Iterable[tuple[int, Sequence[str | None]]], labels: Sequence[str], source: str
) -> SentencePairs:
    """Check numbered rows of the Hub: first sentence, second sentence and label."""
    # The Hub has spaces around sentences, the files have none.
    stripped = ((number, [(text or "").strip() for text in row]) for number, row in rows)
    return checked_pairs(language, stripped, labels, source)


def checked_pairs(
    language: str, rows: Iterable[tuple[int, Sequence[str]]], labels: Sequence[str], source: str
) -> SentencePairs:
    """Check rows of first sentence, second sentence and label, numbered as in the source.

    Raises BadInput with source and number for a wrong number of columns, an empty sentence or an unknown
    label.
    """
    pairs: list[Sequence[str]] = []
    for number, row in rows:
        where = Where(source, number)
        if len(row) != 3:
            raise BadInput(
                f"found {len(row)} columns, expected first sentence, second sentence and label",
                where=where,
                cure=f"{_CURE}; XTREME's download script omits the labels of test files",
            )
        if not (row[0].strip() and row[1].strip()):
            raise BadInput("a sentence is empty", where=where, cure=_CURE)
        if row[2] not in labels:
            raise BadInput(
                f"found the label {row[2]!r}, expected one of: {' '.join(labels)}", where=where, cure=_CURE
            )
        pairs.append(row)
    if not pairs:
        raise BadInput(f"no pair of {language} is in {source}", cure=_CURE)
    first, second, gold = zip(*pairs, strict=True)
    return SentencePairs(language, first, second, gold, source)


def _uncertain_rows(path: Path, count: int) -> frozenset[int]:
    """Read the indices, from 0, of rows with uncertain labels; lines that begin with # are comments."""
    if not path.is_file():
        raise BadInput(
            f"{path.name} is not in {path.parent}",
            cure="without it every label counts as certain: score -t pawsx",
        )
    rows = []
    for number, line in enumerate(read_lines(path), start=1):
        if line.startswith("#"):
            continue
        if not (line.isdecimal() and int(line) < count):
            raise BadInput(
                f"found {line!r}, expected the number of a row, 0 to {count - 1}",
                where=Where(str(path), number),
                cure=_CURE,
            )
        rows.append(int(line))
    return frozenset(rows)
