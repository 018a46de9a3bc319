"""Tagged sentences: parts of speech of Universal Dependencies and named entities of WikiANN."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.catalog.fine_tuned import PANX_TAGS, UPOS_TAGS
from harness.data.examples import RowExamples
from harness.data.hub import XTREME_HUB, load_rows
from harness.data.text_files import read_lines
from harness.errors import BadInput, Where

# XTREME's two-letter code → the name in the Hub's configurations, in XTREME's order.
UDPOS_NAMES = {
    "af": "Afrikaans", "ar": "Arabic", "bg": "Bulgarian", "de": "German", "el": "Greek", "en": "English",
    "es": "Spanish", "et": "Estonian", "eu": "Basque", "fa": "Persian", "fi": "Finnish", "fr": "French",
    "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "id": "Indonesian", "it": "Italian", "ja": "Japanese",
    "kk": "Kazakh", "ko": "Korean", "mr": "Marathi", "nl": "Dutch", "pt": "Portuguese", "ru": "Russian",
    "ta": "Tamil", "te": "Telugu", "th": "Thai", "tl": "Tagalog", "tr": "Turkish", "ur": "Urdu",
    "vi": "Vietnamese", "yo": "Yoruba", "zh": "Chinese",
}  # fmt: skip

_CURE = "take the official set unchanged"
_UDPOS_CURE = "give the files of XTREME's script with --data DIR, which reads DIR/udpos, and score -t udpos"


@dataclass(frozen=True)
class TaggedSentences(RowExamples):
    """Sentences of one language: tags[i][j] is the tag of words[i][j]."""

    language: str
    words: tuple[tuple[str, ...], ...]
    tags: tuple[tuple[str, ...], ...]
    source: str

    @property
    def sides(self) -> Mapping[str, Sequence[str]]:
        """Return the sentences, as words joined by spaces."""
        return {"sentences": tuple(map(" ".join, self.words))}


def udpos(language: str, data: Path | None) -> TaggedSentences:
    """Read UD's test sentences, as XTREME prepares them, from `data/udpos/test-{language}.tsv`."""
    return _udpos_files(language, data, "test")


def udpos_dev(language: str, data: Path | None) -> TaggedSentences:
    """Read UD's dev sentences, as XTREME prepares them, from `data/udpos/dev-{language}.tsv`."""
    return _udpos_files(language, data, "dev")


def udpos_train(language: str, data: Path | None) -> TaggedSentences:
    """Read UD's training sentences, as XTREME prepares them, from `data/udpos/train-{language}.tsv`."""
    return _udpos_files(language, data, "train")


def udpos_hub(language: str, data: Path | None) -> TaggedSentences:
    """Read UD's test sentences, as the Hub has them, from the Hub, never from `data`."""
    return _from_hub(language, f"udpos.{UDPOS_NAMES[language]}", "test", "pos_tags", UPOS_TAGS)


def udpos_hub_dev(language: str, data: Path | None) -> TaggedSentences:
    """Read UD's dev sentences, as the Hub has them, from the Hub, never from `data`."""
    return _from_hub(language, f"udpos.{UDPOS_NAMES[language]}", "validation", "pos_tags", UPOS_TAGS)


def udpos_hub_train(language: str, data: Path | None) -> TaggedSentences:
    """Read UD's training sentences, as the Hub has them, from the Hub, never from `data`."""
    return _from_hub(language, f"udpos.{UDPOS_NAMES[language]}", "train", "pos_tags", UPOS_TAGS)


def panx(language: str, data: Path | None) -> TaggedSentences:
    """Read the test sentences of WikiANN from `data/panx/test-{language}.tsv`, or from the Hub."""
    return _panx(language, data, "test", "test")


def panx_dev(language: str, data: Path | None) -> TaggedSentences:
    """Read the dev sentences of WikiANN from `data/panx/dev-{language}.tsv`, or from the Hub."""
    return _panx(language, data, "dev", "validation")


def panx_train(language: str, data: Path | None) -> TaggedSentences:
    """Read the training sentences of WikiANN from `data/panx/train-{language}.tsv`, or from the Hub."""
    return _panx(language, data, "train", "train")


def _udpos_files(language: str, data: Path | None, name: str) -> TaggedSentences:
    if data is None:
        raise BadInput(
            "the Hub's udpos splits the multi-word tokens that XTREME's udpos merges: it is another target",
            cure="give the files of XTREME's script with --data DIR, which reads DIR/udpos, "
            "or score the Hub's with -t udpos_hub",
        )
    return _from_file(language, data / "udpos" / f"{name}-{language}.tsv", UPOS_TAGS)


def _panx(language: str, data: Path | None, name: str, split: str) -> TaggedSentences:
    if data is not None:
        return _from_file(language, data / "panx" / f"{name}-{language}.tsv", PANX_TAGS)
    return _from_hub(
        language,
        f"PAN-X.{language}",
        split,
        "ner_tags",
        PANX_TAGS,
        cure="give WikiANN's files with --data DIR, which reads DIR/panx",
    )


def _from_file(language: str, path: Path, tags: Sequence[str]) -> TaggedSentences:
    """Read a file with a word, a tab and a tag per line, and an empty line between sentences."""
    if not path.is_file():
        raise BadInput(
            f"{path.name} is not in {path.parent}",
            cure=f"--data DIR reads DIR/{path.parent.name}/{path.name}",
        )
    sentences: list[list[tuple[str, str]]] = [[]]
    for number, line in enumerate(read_lines(path), start=1):
        columns = line.removesuffix("\r").split("\t")
        if columns == [""]:
            sentences.append([])
            continue
        if len(columns) != 2:
            raise BadInput(
                f"found {len(columns)} columns, expected a word and its tag",
                where=Where(str(path), number),
                cure=f"{_CURE}; XTREME's download script omits the tags of test files",
            )
        word, tag = columns
        _check(word, tag, tags, Where(str(path), number))
        sentences[-1].append((word, tag))
    return _record(language, filter(None, sentences), str(path))


def _from_hub(
    language: str, config: str, split: str, column: str, tags: Sequence[str], *, cure: str = _UDPOS_CURE
) -> TaggedSentences:
    loaded = load_rows(XTREME_HUB, config, split, cure=cure)
    names = _names(loaded.features[column])
    rows = loaded[:]
    source = f"{XTREME_HUB} {config} {split}"
    sentences = []
    for number, (words, labels) in enumerate(zip(rows["tokens"], rows[column], strict=True), start=1):
        where = Where(source, number)
        if not words or len(words) != len(labels):
            raise BadInput(f"found {len(words)} words and {len(labels)} tags", where=where, cure=_CURE)
        sentence = [(word, names.get(tag, str(tag))) for word, tag in zip(words, labels, strict=True)]
        for word, tag in sentence:
            _check(word, tag, tags, where)
        sentences.append(sentence)
    return _record(language, sentences, source)


def _names(feature: Any) -> Mapping[object, str]:
    """Return the name of each tag number; empty if the tags are text."""
    return dict(enumerate(getattr(feature.feature, "names", ())))


def _check(word: str, tag: str, tags: Sequence[str], where: Where) -> None:
    if not word:
        raise BadInput("a word is empty", where=where, cure=_CURE)
    if tag not in tags:
        raise BadInput(f"found the tag {tag!r}, expected one of: {' '.join(tags)}", where=where, cure=_CURE)


def _record(language: str, sentences: Iterable[Sequence[tuple[str, str]]], source: str) -> TaggedSentences:
    columns = [tuple(zip(*sentence, strict=True)) for sentence in sentences]
    if not columns:
        raise BadInput(f"no sentence of {language} is in {source}", cure=_CURE)
    words, tags = zip(*columns, strict=True)
    return TaggedSentences(language, words, tags, source)
