"""Read word vectors in the text format of word2vec and fastText: a word and its numbers on each line."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.data.text_encoding import CORRECT
from harness.data.text_files import numbered_lines
from harness.errors import BadInput, Where

_HEADER_FIELDS = 2  # numbers of words and of dimensions


def read_word_vectors(path: Path, words: Collection[str]) -> dict[str, NDArray[np.float32]]:
    """Return the vectors of these words, which are compared without regard to case.

    Of words that differ in case only the first one in the file counts, which is the most frequent. Other
    words are not kept, so that memory depends on `words`. Raises BadInput, with the line, for vectors of
    different widths and for what is no number.
    """
    vectors: dict[str, NDArray[np.float32]] = {}
    width = None
    for line, text in numbered_lines(path):
        word, *fields = text.rstrip(" ").split(" ")
        if line == 1 and len(fields) == _HEADER_FIELDS - 1:
            continue
        if width is None:
            width = len(fields)
        if len(fields) != width or not width:
            raise BadInput(
                f"found {len(fields)} numbers after the word, expected {width or 'one or more'}",
                where=Where(str(path), line),
                cure=CORRECT,
            )
        word = word.casefold()
        if word not in words or word in vectors:
            continue
        try:
            vector = np.array(fields, dtype=np.float32)
        except ValueError:
            vector = np.array([np.nan], dtype=np.float32)
        if not np.isfinite(vector).all():
            message = f"the vector of {word!r} has what is no finite number"
            raise BadInput(message, where=Where(str(path), line), cure=CORRECT)
        vectors[word] = vector
    if width is None:
        raise BadInput("holds no vector", where=Where(str(path)), cure="a line is a word and its numbers")
    return vectors
