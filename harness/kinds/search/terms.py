"""Cut a text into the terms that it is searched by, in any script."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import icu

Terms = Callable[[str], list[str]]
WORDS = "words"
_NGRAMS = re.compile(r"char([2-5])")
# Scripts whose words have no space between them; ICU divides most of them by a dictionary.
_WITHOUT_SPACES = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\uff66-\uff9f\U00020000-\U0003ffff]+"
)


def terms_of(kind: str, language: str) -> tuple[Terms, str]:
    """Return what cuts texts of a language into terms, and how a signature names it.

    `words` are those of Unicode's word boundaries as ICU finds them, with its dictionaries for Chinese,
    Japanese, Thai, Lao, Khmer and Burmese; `char2` to `char5` are overlapping n-grams of characters in these
    scripts, and words in others. Terms are compared in compatibility form without regard to case.

    >>> cut, name = terms_of("char2", "zh")
    >>> cut("東京 City"), name
    (['東京', 'city'], 'char2')
    """
    words = _words(language)
    if kind == WORDS:
        return words, f"words=icu{icu.ICU_VERSION}"
    match = _NGRAMS.fullmatch(kind)
    if match is None:
        raise ValueError(f"expected words or char2 to char5, got {kind!r}")
    n = int(match[1])

    def ngrams(text: str) -> list[str]:
        terms: list[str] = []
        end = 0
        text = _normal(text)
        for run in _WITHOUT_SPACES.finditer(text):
            terms += words(text[end : run.start()])
            terms += [run[0][i : i + n] for i in range(max(1, len(run[0]) - n + 1))]
            end = run.end()
        return terms + words(text[end:])

    return ngrams, kind


class WordSpan(NamedTuple):
    """A word's characters in a text as it is written, and the term that it is compared as."""

    start: int
    end: int
    term: str


def word_spans(language: str) -> Callable[[str], list[WordSpan]]:
    """Return what finds the words of texts of a language, where `terms_of` returns their terms alone."""
    iterator = icu.BreakIterator.createWordInstance(icu.Locale(language))

    def spans(text: str) -> list[WordSpan]:
        found, start = [], 0
        for part in _parts(iterator, text):
            if any(map(str.isalnum, part)):
                found.append(WordSpan(start, start + len(part), _normal(part)))
            start += len(part)
        return found

    return spans


def _words(language: str) -> Terms:
    iterator = icu.BreakIterator.createWordInstance(icu.Locale(language))

    def words(text: str) -> list[str]:
        return [part for part in _parts(iterator, _normal(text)) if any(map(str.isalnum, part))]

    return words


def _parts(iterator: Any, text: str) -> Iterator[str]:
    """Yield the parts of a text between the word boundaries of an iterator of ICU, words and others."""
    # ICU counts in units of UTF-16.
    units = text.encode("utf-16-le") if text and max(text) > "\uffff" else None
    iterator.setText(text)
    for start, end in pairwise([0, *iterator]):
        yield text[start:end] if units is None else units[2 * start : 2 * end].decode("utf-16-le")


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
