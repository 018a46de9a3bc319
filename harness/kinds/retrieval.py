"""Retrieve sentences over parallel text: the nearest sentence should be the translation."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from harness.data.bitext import Bitext
from harness.kinds.protocols import Encode
from harness.kinds.search.nearest import nearest
from harness.records import Target
from harness.scoring.metrics.accuracy import accuracy


def run(target: Target, examples: Bitext, encode: Encode) -> pa.Table:
    """Find every sentence's nearest neighbour on the other side; `encode` returns unit vectors (n, d).

    A row is a pair: `answer` is the index of the foreign sentence nearest to its English one,
    `answer_to_english` the reverse, `correct` whether `answer` is the index of the pair.
    """
    foreign, english = encode(examples.foreign), encode(examples.english)
    index = np.arange(len(foreign), dtype=np.int32)
    answer = nearest(english, foreign).astype(np.int32)
    to_english = nearest(foreign, english).astype(np.int32)
    return pa.table(
        {"index": index, "answer": answer, "answer_to_english": to_english, "correct": answer == index}
    )


def similarities(examples: Bitext) -> int:
    """Count the similarities of both directions."""
    return 2 * len(examples) ** 2


def headline(target: Target, examples: Bitext, encode: Encode) -> float:
    """Return the accuracy English → foreign, a fraction; the other direction is not searched."""
    answer = nearest(encode(examples.english), encode(examples.foreign))
    return accuracy(answer, np.arange(len(answer)))
