"""Tagged sentences: parts of speech of Universal Dependencies and named entities of WikiANN."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.catalog.fine_tuned import PANX_TAGS, UPOS_TAGS
from harness.data.delimited import tab_separated
from harness.data.examples import RowExamples
from harness.data.hub import DAMAGED_ON_HUB, XTREME_HUB, columns, load_rows
from harness.data.raw_files import require
from harness.data.reading_notes import note
from harness.data.text_encoding import CORRECT
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

# WikiANN as it is distributed has its language before every word: `de:die`.
_PREFIX = re.compile(r"[a-z]{2,3}(?:-[a-z]+)*:")
_NO_TAGS = f"{CORRECT}; XTREME's download script omits the tags of test files"
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


def ccg_train(language: str, data: Path | None) -> TaggedSentences:
    """Read CCGbank's training sentences with their supertags from `data/ccg/train.tsv`."""
    return _ccg(language, data, "train")


def ccg_dev(language: str, data: Path | None) -> TaggedSentences:
    """Read CCGbank's dev sentences with their supertags from `data/ccg/dev.tsv`."""
    return _ccg(language, data, "dev")


def _ccg(language: str, data: Path | None, split: str) -> TaggedSentences:
    if data is None:
        raise BadInput(
            "CCGbank is licensed: the Hub does not have it",
            cure="write its words and supertags, a word, a tab and its tag a line and an empty line between "
            f"sentences, to DIR/ccg/{split}.tsv, and give --data DIR",
        )
    return _from_file(language, data / "ccg" / f"{split}.tsv", None)


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
        return _without_prefixes(_from_file(language, data / "panx" / f"{name}-{language}.tsv", PANX_TAGS))
    return _from_hub(
        language,
        f"PAN-X.{language}",
        split,
        "ner_tags",
        PANX_TAGS,
        cure="give WikiANN's files with --data DIR, which reads DIR/panx",
    )


def _from_file(language: str, path: Path, tags: Sequence[str] | None) -> TaggedSentences:
    """Read a file with a word, a tab and a tag per line, and an empty line between sentences.

    Without `tags` any tag may occur.
    """
    path = require(path, f"--data DIR reads DIR/{path.parent.name}/{path.name}")
    sentences: list[list[tuple[str, str]]] = [[]]
    for number, cells in tab_separated(path):
        where = Where(str(path), number)
        if cells == [""]:
            sentences.append([])
            continue
        if len(cells) != 2:
            message = f"found {len(cells)} columns, expected a word and its tag"
            raise BadInput(message, where=where, cure=_NO_TAGS)
        word, tag = cells
        check_word(word, tag, tags, where, CORRECT)
        sentences[-1].append((word, tag))
    return tagged_sentences(language, filter(None, sentences), str(path))


def _without_prefixes(text: TaggedSentences) -> TaggedSentences:
    """Strip `de:` from every word where every word has it; raises BadInput for another language's prefix."""
    first = _PREFIX.match(text.words[0][0])
    prefix = first[0] if first else ""
    if not prefix or not all(word.startswith(prefix) for words in text.words for word in words):
        return text
    if prefix != f"{text.language}:":
        raise BadInput(
            f"every word begins with {prefix!r}, so this is not the text of {text.language}",
            where=Where(text.source),
            cure=f"put the file of {text.language} there",
        )
    note(text.source, f"{prefix!r} before every word is not read as text")
    words = tuple(tuple(word.removeprefix(prefix) for word in words) for words in text.words)
    if not all(word for sentence in words for word in sentence):
        raise BadInput(f"a word is empty after {prefix!r}", where=Where(text.source), cure=CORRECT)
    return replace(text, words=words)


def _from_hub(
    language: str, config: str, split: str, column: str, tags: Sequence[str], *, cure: str = _UDPOS_CURE
) -> TaggedSentences:
    loaded = load_rows(XTREME_HUB, config, split, cure=cure)
    names = _names(loaded.features.get(column))
    source = f"{XTREME_HUB} {config} {split}"
    kinds = {"tokens": list, column: list}
    rows = zip(*columns(loaded, source, kinds, cure=DAMAGED_ON_HUB), strict=True)
    sentences = []
    for number, (words, labels) in enumerate(rows, start=1):
        where = Where(source, number)
        if not words or not labels or len(words) != len(labels):
            message = f"found {len(words or ())} words and {len(labels or ())} tags"
            raise BadInput(message, where=where, cure=DAMAGED_ON_HUB)
        sentence = [(word, names.get(tag, str(tag))) for word, tag in zip(words, labels, strict=True)]
        for word, tag in sentence:
            check_word(word, tag, tags, where, DAMAGED_ON_HUB)
        sentences.append(sentence)
    return tagged_sentences(language, sentences, source)


def _names(feature: Any) -> Mapping[object, str]:
    """Return the name of each tag number; empty if the tags are text."""
    return dict(enumerate(getattr(getattr(feature, "feature", None), "names", ())))


def check_word(word: object, tag: str, tags: Sequence[str] | None, where: Where, cure: str) -> None:
    """Raise BadInput for a word that is empty or no text, and for a tag that is empty or not in `tags`."""
    if not word or not isinstance(word, str):
        raise BadInput("a word is empty" if not word else "a word is not text", where=where, cure=cure)
    if tags is None and not tag:
        raise BadInput("a tag is empty", where=where, cure=cure)
    if tags is not None and tag not in tags:
        raise BadInput(f"found the tag {tag!r}, expected one of: {' '.join(tags)}", where=where, cure=cure)


def tagged_sentences(
    language: str, sentences: Iterable[Sequence[tuple[str, str]]], source: str
) -> TaggedSentences:
    """Return sentences of words and their tags as examples; raises BadInput if there is none."""
    pairs = [tuple(zip(*sentence, strict=True)) for sentence in sentences]
    if not pairs:
        raise BadInput(f"no sentence of {language} is in {source}", cure="get the whole data set")
    words, tags = zip(*pairs, strict=True)
    return TaggedSentences(language, words, tags, source)
