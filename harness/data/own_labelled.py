"""User-provided labelled texts, or pairs of texts: `train`, `dev` and `test.xx` as .tsv, .csv or .jsonl."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.data.delimited import Columns
from harness.data.examples import RowExamples
from harness.data.sentence_pairs import SentencePairs, checked_rows
from harness.data.tables import first_names, table_rows
from harness.errors import BadInput, Where

ENDINGS = ("tsv", "csv", "jsonl")
_LABEL = ("label", "gold_label", "class", "category", "intent")
_PAIR: Columns = {
    "first": ("sentence1", "premise", "question1", "text1", "sentence_a"),
    "second": ("sentence2", "hypothesis", "question2", "text2", "sentence_b"),
    "label": _LABEL,
}
_SINGLE: Columns = {"text": ("text", "sentence", "utterance", "review", "content"), "label": _LABEL}
_CURE = "correct it; a row is a text and its label, or two texts and their label"


@dataclass(frozen=True)
class LabelledTexts(RowExamples):
    """Labelled texts of one language: labels[i] is that of texts[i]."""

    language: str
    texts: tuple[str, ...]
    labels: tuple[str, ...]
    source: str

    @property
    def sides(self) -> Mapping[str, Sequence[str]]:
        """Return the texts."""
        return {"texts": self.texts}


def read_labelled(
    language: str, path: Path, labels: Collection[str] | None = None, *, pairs: bool
) -> SentencePairs | LabelledTexts:
    """Read a file of texts, or of `pairs` of texts, with their labels; without `labels` any may occur.

    Raises BadInput with the line for an empty text, an empty label, and one that is not among `labels`.
    """
    columns = _PAIR if pairs else _SINGLE
    rows = [
        (number, (*texts, label.strip()))
        for number, (*texts, label) in table_rows(
            path, columns, order=tuple(columns), cure=_CURE, numbers=("label",), headed=None
        )
    ]
    for number, (*_, label) in rows:
        if not label:
            raise BadInput("a label is empty", where=Where(str(path), number), cure=_CURE)
    known = sorted({cells[-1] for _, cells in rows} if labels is None else labels)
    cure = "correct it; a head knows the labels of the training file only"
    checked = checked_rows(rows, known, str(path), cure=cure)
    if not checked:
        raise BadInput("holds no labelled text", where=Where(str(path)), cure=_CURE)
    *texts, gold = zip(*checked, strict=True)
    if pairs:
        return SentencePairs(language, texts[0], texts[1], gold, str(path))
    return LabelledTexts(language, texts[0], gold, str(path))


def has_pairs(path: Path) -> bool:
    """Tell whether a file has pairs of texts: a name of its columns says so, or that there are three."""
    names = [name.strip().casefold() for name in first_names(path)]
    if any(name in _PAIR["second"] for name in names):
        return True
    named = any(name in _LABEL for name in names) or path.name.removesuffix(".gz").endswith(".jsonl")
    return not named and len(names) == len(_PAIR)
