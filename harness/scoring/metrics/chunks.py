"""The chunks of tagged sentences, as seqeval finds them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class _Chunks(NamedTuple):
    """For each word and for the O after each sentence: whether a chunk ends before it, and that chunk's type and first word."""

    ends: NDArray[np.bool_]
    kind: NDArray[np.int64]
    first: NDArray[np.int64]


def chunk_counts(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> NDArray[np.int64]:
    """Return the true positives, proposed and gold chunks of each sentence (sentences, 3); (0, 3) for no sentences.

    2 · Σ true positives / (Σ proposed + Σ gold) is seqeval's micro-averaged F1 in its default mode. A chunk
    is right if its type, first word and last word are, and it is counted in the sentence where it ends. All
    that seqeval's rules entail is kept, on tags of any scheme or of none:
    - A tag is its first character, the position, and a type: the rest, from behind its first hyphen if it has one, or "_" if
      nothing is left. NOUN is at position N in a chunk of type OUN, CCONJ and SCONJ are of one type, X is of
      the type of O.
    - Sentences stand in one row with an O after each. A chunk's first word is where one last began, be it sentences ago: after
      an O no chunk begins at an X, and before an O none ends there.
    ValueError if gold and predicted differ in the number of sentences or in that of a sentence's words.
    Source: seqeval 1.2.2, sequence_labeling.py, whose rules are conlleval's with IOBES and a type for every
    tag.
    """
    words = [len(tags) for tags in gold]
    if words != [len(tags) for tags in predicted]:
        raise ValueError("gold and predicted tags differ in the number of sentences or words")
    distinct = sorted({"O"}.union(*gold, *predicted))
    right, proposed = _chunks(gold, distinct), _chunks(predicted, distinct)
    same = (right.kind == proposed.kind) & (right.first == proposed.first)
    columns = [right.ends & proposed.ends & same, proposed.ends, right.ends]
    sentence = np.repeat(np.arange(len(words)), np.array(words, np.int64) + 1)
    return np.stack(
        [np.bincount(sentence[column], minlength=len(words)) for column in columns], axis=1
    ).astype(np.int64)


def _chunks(sentences: Sequence[Sequence[str]], distinct: list[str]) -> _Chunks:
    code = {tag: number for number, tag in enumerate(distinct)}
    row = np.fromiter(
        (code[tag] for tag in chain.from_iterable((*tags, "O") for tags in sentences)), np.int64
    )
    kinds = sorted({_kind(tag) for tag in distinct})
    kind = np.array([kinds.index(_kind(tag)) for tag in distinct])[row]
    before = np.roll(kind, 1)  # the O at the end of the row stands before its first word too
    changes = kind != before

    def here(positions: str) -> NDArray[np.bool_]:
        return np.array([tag[0] in positions for tag in distinct])[row]

    def just_before(positions: str) -> NDArray[np.bool_]:
        return np.roll(here(positions), 1)

    ends = just_before("ES") | (just_before("BI") & here("BSO")) | (~just_before("O.") & changes)
    begins = here("BS") | (just_before("ESO") & here("EI")) | (~here("O.") & changes)
    latest = np.maximum.accumulate(np.where(begins, np.arange(len(row)), 0))
    return _Chunks(ends, before, np.roll(latest, 1))


def _kind(tag: str) -> str:
    rest = tag[1:]
    return (rest.partition("-")[2] if "-" in rest else rest) or "_"
