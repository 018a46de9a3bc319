"""Turn examples into model inputs: token ids, and the positions of words and characters among them.

Training and prediction both use this, so that they see the same tokens.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.models.tokenizer_comparison import compare

# The output for one input: (labels,) of a classifier, (tokens, labels) of a tagger, (tokens, 2) for starts
# and ends of answers.
Logits = NDArray[np.float32]
# The label of tokens that the loss ignores.
IGNORED = -100
# The size of a token's id in TokenIds.
ID_BYTES = 4
# What is tokenised at once, and the memory that a tokenizer needs for it, measured on Linux: it holds about a
# hundred bytes a token besides the ids.
PART_CHARACTERS = 1 << 20
PART_BYTES = 96 * 2**20


class TokenIds:
    """The token ids of many texts in one array: 4 bytes a token, where a list of numbers takes 40."""

    def __init__(self, texts: Sequence[NDArray[np.int32]]) -> None:
        """Join the token ids of texts."""
        self.lengths = [len(ids) for ids in texts]
        self.values = np.concatenate(texts) if texts else np.zeros(0, np.int32)  # (tokens,)
        self._ends = np.cumsum(self.lengths, dtype=np.int64)

    def __len__(self) -> int:
        """Count the texts."""
        return len(self.lengths)

    def __getitem__(self, text: int) -> NDArray[np.int32]:
        """Return the token ids of a text."""
        end = int(self._ends[text])
        return self.values[end - self.lengths[text] : end]

    def __iter__(self) -> Iterator[NDArray[np.int32]]:
        """Yield the token ids of every text."""
        return (self[text] for text in range(len(self)))


@dataclass(frozen=True)
class Input:
    """The tokens of one pass, special tokens included, and their token types where the model has such."""

    ids: list[int]
    types: list[int] | None = None


@dataclass(frozen=True)
class Piece:
    """A part of a sentence: words[i] of the sentence begins at token first[i]."""

    input: Input
    sentence: int
    words: range
    first: list[int]


@dataclass(frozen=True)
class Window:
    """A part of a passage with its question; offsets[i] is token i's range of characters in the passage.

    Tokens outside the passage have None.
    """

    input: Input
    question: int
    offsets: list[tuple[int, int] | None]


def ids_of_texts(tokenizer: Any, texts: Sequence[str], max_length: int, prefix: str = "") -> TokenIds:
    """Tokenise texts, specials included, each cut at its end; in parts, so that only the ids are held."""
    ids: list[NDArray[np.int32]] = []
    for part in _parts(texts):
        whole = [prefix + text for text in part]
        compare(tokenizer, whole)
        encoded = tokenizer(
            whole,
            truncation=True,
            max_length=max_length,
            return_attention_mask=False,
            return_token_type_ids=False,
        )["input_ids"]
        lengths = list(map(len, encoded))
        values = np.fromiter(chain.from_iterable(encoded), np.int32, sum(lengths))
        ids.extend(np.split(values, np.cumsum(lengths)[:-1]))
    return TokenIds(ids)


def _parts(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield runs of texts with at most PART_CHARACTERS together, or a single longer text."""
    start = characters = 0
    for end, text in enumerate(texts):
        characters += len(text)
        if characters > PART_CHARACTERS and end > start:
            yield texts[start:end]
            start, characters = end, len(text)
    if start < len(texts):
        yield texts[start:]


def pair_inputs(tokenizer: Any, first: Sequence[str], second: Sequence[str], max_length: int) -> list[Input]:
    """Tokenise sentence pairs; where a pair is too long, the longer sentence loses its end first."""
    compare(tokenizer, chain(first, second))
    encoded = tokenizer(
        list(first),
        list(second),
        truncation="longest_first",
        max_length=max_length,
        return_attention_mask=False,
    )
    return [Input(*row) for row in zip(encoded["input_ids"], _types(encoded, len(first)), strict=True)]


def single_inputs(tokenizer: Any, texts: Sequence[str], max_length: int) -> list[Input]:
    """Tokenise texts, each cut at its end where it has more than `max_length` tokens."""
    compare(tokenizer, texts)
    encoded = tokenizer(list(texts), truncation=True, max_length=max_length, return_attention_mask=False)
    return [Input(*row) for row in zip(encoded["input_ids"], _types(encoded, len(texts)), strict=True)]


def pieces(tokenizer: Any, sentences: Sequence[Sequence[str]], max_length: int) -> list[Piece]:
    """Tokenise sentences given as words, split between words where they are too long.

    Every word is tokenised by itself, as in XTREME's scripts, and as it would be within a text; a word
    without tokens becomes the unknown token, and one that fills a piece alone is cut, so that every word has
    a first token.
    """
    words = list(dict.fromkeys(word for sentence in sentences for word in sentence))
    blank = " " if _begins_words_with_blanks(tokenizer) else ""
    spaced = [blank + word for word in words]
    compare(tokenizer, spaced)
    tokens = (
        dict(zip(words, tokenizer(spaced, add_special_tokens=False)["input_ids"], strict=True))
        if words
        else {}
    )
    before, after = _specials(tokenizer)
    room = max_length - len(before) - len(after)
    result = []
    for number, sentence in enumerate(sentences):
        start, ids, first = 0, list(before), list[int]()
        for position, word in enumerate(sentence):
            word_ids = (tokens[word] or [tokenizer.unk_token_id])[:room]
            if len(ids) - len(before) + len(word_ids) > room:
                result.append(Piece(_single(tokenizer, ids + after), number, range(start, position), first))
                start, ids, first = position, list(before), []
            first.append(len(ids))
            ids += word_ids
        if first:
            result.append(Piece(_single(tokenizer, ids + after), number, range(start, len(sentence)), first))
    return result


def windows(
    tokenizer: Any, questions: Sequence[str], contexts: Sequence[str], max_length: int, stride: int
) -> list[Window]:
    """Return windows over the passages, each after its question; the next one begins `stride` tokens later.

    A question is cut so that at least half of a window is left for the passage.
    """
    if not questions:
        return []
    frame = _Frame(tokenizer)
    compare(tokenizer, chain(questions, contexts))
    # `verbose` would warn of passages longer than the model's positions, which is what windows are for.
    question_ids = tokenizer(list(questions), add_special_tokens=False, verbose=False)["input_ids"]
    passages = tokenizer(list(contexts), add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    result = []
    for number, (question, ids, offsets) in enumerate(
        zip(question_ids, passages["input_ids"], passages["offset_mapping"], strict=True)
    ):
        question = question[: max_length // 2 - frame.specials]  # noqa: PLW2901 - the rest is never read
        room = max_length - frame.specials - len(question)
        start = 0
        while True:
            part = slice(start, start + room)
            before = len(frame.before) + len(question) + len(frame.between)
            spans = [*[None] * before, *map(tuple, offsets[part]), *[None] * len(frame.after)]
            result.append(Window(frame.input(question, ids[part]), number, spans))
            if start + room >= len(ids):
                break
            start += min(stride or room, room)
    return result


class _Frame:
    """The special tokens around a pair of texts, and the token types of its parts."""

    def __init__(self, tokenizer: Any) -> None:
        """Derive them from a short pair."""
        bare = tokenizer("a", add_special_tokens=False)["input_ids"]
        pair = tokenizer("a", "a")
        ids, types = (
            list(pair["input_ids"]),
            list(pair["token_type_ids"]) if "token_type_ids" in pair else None,
        )
        first = _find(ids, bare, 0)
        second = _find(ids, bare, first + len(bare))
        ends = first, first + len(bare), second, second + len(bare)
        self.before, _, self.between, _, self.after = (
            ids[start:end] for start, end in zip((0, *ends), (*ends, len(ids)), strict=True)
        )
        self.specials = len(self.before) + len(self.between) + len(self.after)
        self._types = types and (
            types[:first],
            types[first],
            types[ends[1] : second],
            types[second],
            types[ends[3] :],
        )

    def input(self, first: list[int], second: list[int]) -> Input:
        """Return the pair with its special tokens."""
        ids = [*self.before, *first, *self.between, *second, *self.after]
        if not self._types:
            return Input(ids)
        before, first_type, between, second_type, after = self._types
        return Input(
            ids, [*before, *[first_type] * len(first), *between, *[second_type] * len(second), *after]
        )


def _find(ids: list[int], part: list[int], start: int) -> int:
    return next(i for i in range(start, len(ids) - len(part) + 1) if ids[i : i + len(part)] == part)


def _single(tokenizer: Any, ids: list[int]) -> Input:
    return Input(ids, [0] * len(ids) if "token_type_ids" in tokenizer.model_input_names else None)


def _types(encoded: Any, rows: int) -> list[list[int] | None]:
    return list(encoded["token_type_ids"]) if "token_type_ids" in encoded else [None] * rows


def _specials(tokenizer: Any) -> tuple[list[int], list[int]]:
    """Return the special tokens before and after a text."""
    whole, bare = (list(tokenizer("a", add_special_tokens=special)["input_ids"]) for special in (True, False))
    start = _find(whole, bare, 0)
    return whole[:start], whole[start + len(bare) :]


def _begins_words_with_blanks(tokenizer: Any) -> bool:
    """Tell whether a word inside a text has another token than at its start, as in byte-level BPE."""
    alone, spaced, twice = (
        list(tokenizer(text, add_special_tokens=False)["input_ids"]) for text in ("a", " a", "a a")
    )
    return twice[len(alone) :] == spaced != alone
