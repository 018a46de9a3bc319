"""Turn English examples into what a head is trained on: inputs with their answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.data.examples import Examples
from harness.data.pairs import SentencePairs
from harness.data.reading import AnsweredQuestions
from harness.data.tagged import TaggedSentences
from harness.inputs import IGNORED, Input, Window, pair_inputs, pieces, windows
from harness.recipes import Recipe
from harness.records import Target

# Which examples are taken when a recipe limits them does not depend on the seed: seeds differ by training alone.
_CHOICE = 0


@dataclass(frozen=True)
class Feature:
    """One input, and its answer by the names of the model's arguments."""

    input: Input
    answer: Mapping[str, int | list[int]]


def features(target: Target, examples: Examples, tokenizer: Any, recipe: Recipe) -> list[Feature]:
    """Return what a head is trained on, one or more inputs an example."""
    chosen = np.arange(len(examples))
    if (taken := recipe.taken(len(examples))) < len(examples):
        chosen = np.sort(np.random.default_rng(_CHOICE).permutation(len(examples))[:taken])
    if isinstance(examples, SentencePairs):
        return _pairs(target, examples, chosen, tokenizer, recipe)
    if isinstance(examples, TaggedSentences):
        return _tagged(target, examples, chosen, tokenizer, recipe)
    assert isinstance(examples, AnsweredQuestions)
    return _answered(examples, chosen, tokenizer, recipe)


def _pairs(target: Target, examples: SentencePairs, chosen: Any, tokenizer: Any, recipe: Recipe) -> list[Feature]:
    first, second = ([side[i] for i in chosen] for side in (examples.first_sentences, examples.second_sentences))
    inputs = pair_inputs(tokenizer, first, second, recipe.max_length)
    return [Feature(each, {"labels": target.labels.index(examples.labels[i])}) for each, i in zip(inputs, chosen, strict=True)]


def _tagged(target: Target, examples: TaggedSentences, chosen: Any, tokenizer: Any, recipe: Recipe) -> list[Feature]:
    """Only the first sub-word of a word carries its tag."""
    number = {label: i for i, label in enumerate(target.labels)}
    found = []
    for piece in pieces(tokenizer, [examples.words[i] for i in chosen], recipe.max_length):
        labels = [IGNORED] * len(piece.input.ids)
        for place, word in zip(piece.first, piece.words, strict=True):
            labels[place] = number[examples.tags[chosen[piece.sentence]][word]]
        found.append(Feature(piece.input, {"labels": labels}))
    return found


def _answered(examples: AnsweredQuestions, chosen: Any, tokenizer: Any, recipe: Recipe) -> list[Feature]:
    """Point at the answer, or at the first token where a window does not hold the whole of it, as in SQuAD's scripts."""
    questions, contexts = ([side[i] for i in chosen] for side in (examples.questions, examples.contexts))
    found = []
    for window in windows(tokenizer, questions, contexts, recipe.max_length, recipe.stride):
        example = chosen[window.question]
        start = examples.starts[example][0]
        first, last = _tokens(window, start, start + len(examples.answers[example][0]))
        found.append(Feature(window.input, {"start_positions": first, "end_positions": last}))
    return found


def _tokens(window: Window, start: int, end: int) -> tuple[int, int]:
    """Return the tokens of a window that cover the characters from start to end, or (0, 0)."""
    places = [(i, *place) for i, place in enumerate(window.offsets) if place is not None and place[0] < place[1]]
    first = [i for i, begin, stop in places if begin <= start < stop]
    last = [i for i, begin, stop in places if begin < end <= stop]
    return (first[0], last[-1]) if first and last else (0, 0)
