"""Chunks of tagged sentences, extracted as by seqeval."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class _Chunks(NamedTuple):
    """For each word, and for the O after each sentence: the chunk that ends before it, if any.

    `ends` says whether one ends there; `kind` and `first` are its type and first word.
    """

    ends: NDArray[np.bool_]
    kind: NDArray[np.int64]
    first: NDArray[np.int64]


def chunk_counts(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> NDArray[np.int64]:
    """Return the true positives, proposed and gold chunks of each sentence (sentences, 3).

    2 · Σ true positives / (Σ proposed + Σ gold) is seqeval's micro-averaged F1 in its default mode. A chunk
    is correct if its type, first word and last word are, and it is counted in the sentence where it ends.
    seqeval's rules apply with all their consequences, to tags of any scheme or of none:

    - The first character of a tag is the position, the rest the type: from after the first hyphen if there is
      one, or "_" if nothing remains. NOUN is at position N in a chunk of type OUN, CCONJ and SCONJ have the
      same type, X has the type of O.
    - Sentences are concatenated with an O after each. The first word of a chunk is where a chunk last began,
      even in an earlier sentence: after an O no chunk begins at an X, and before an O none ends there.

    ValueError if gold and predicted differ in the number of sentences or of a sentence's words. Source:
    seqeval 1.2.2, sequence_labeling.py, whose rules are those of conlleval with IOBES and a type for every
    tag.
    """
    words = [len(tags) for tags in gold]
    if words != [len(tags) for tags in predicted]:
        raise ValueError("gold and predicted tags differ in the number of sentences or words")
    distinct = sorted({"O"}.union(*gold, *predicted))
    gold_chunks, proposed = _chunks(gold, distinct), _chunks(predicted, distinct)
    same = (gold_chunks.kind == proposed.kind) & (gold_chunks.first == proposed.first)
    columns = [gold_chunks.ends & proposed.ends & same, proposed.ends, gold_chunks.ends]
    sentence = np.repeat(np.arange(len(words)), np.array(words, np.int64) + 1)
    return np.stack(
        [np.bincount(sentence[column], minlength=len(words)) for column in columns], axis=1
    ).astype(np.int64)


def _chunks(sentences: Sequence[Sequence[str]], distinct: list[str]) -> _Chunks:
    code = {tag: number for number, tag in enumerate(distinct)}
    codes = np.fromiter(
        (code[tag] for tag in chain.from_iterable((*tags, "O") for tags in sentences)), np.int64
    )
    kinds = sorted({_kind(tag) for tag in distinct})
    kind = np.array([kinds.index(_kind(tag)) for tag in distinct])[codes]
    previous_kind = np.roll(kind, 1)  # cyclic: the O at the end also precedes the first word
    changes = kind != previous_kind

    def is_at(positions: str) -> NDArray[np.bool_]:
        return np.array([tag[0] in positions for tag in distinct])[codes]

    def follows(positions: str) -> NDArray[np.bool_]:
        return np.roll(is_at(positions), 1)

    ends = follows("ES") | (follows("BI") & is_at("BSO")) | (~follows("O.") & changes)
    begins = is_at("BS") | (follows("ESO") & is_at("EI")) | (~is_at("O.") & changes)
    latest = np.maximum.accumulate(np.where(begins, np.arange(len(codes)), 0))
    return _Chunks(ends, previous_kind, np.roll(latest, 1))


def _kind(tag: str) -> str:
    rest = tag[1:]
    return (rest.partition("-")[2] if "-" in rest else rest) or "_"
