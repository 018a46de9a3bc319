"""Turn examples into the features that heads are trained on: inputs with their answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from harness.data.examples import Examples
from harness.data.multiple_choice import MultipleChoice
from harness.data.own_labelled import LabelledTexts
from harness.data.plain_text import Sentences
from harness.data.question_answering import AnsweredQuestions
from harness.data.sentence_pairs import SentencePairs
from harness.data.similarity import ScoredPairs
from harness.data.tagging import TaggedSentences
from harness.kinds.classification import labelled_inputs
from harness.models.tokenization import IGNORED, Input, Window, pair_inputs, pieces, single_inputs, windows


@dataclass(frozen=True)
class Feature:
    """One input, or one for each choice, and the answer, keyed by the names of the model's arguments."""

    inputs: tuple[Input, ...]
    answer: Mapping[str, int | float | list[int]]

    @property
    def tokens(self) -> int:
        """Return the number of tokens of the longest input."""
        return max(len(item.ids) for item in self.inputs)


class Lengths(Protocol):
    """The settings of a recipe by which texts are cut, in tokens."""

    @property
    def max_length(self) -> int:
        """Return the most tokens of an input."""

    @property
    def stride(self) -> int:
        """Return how many tokens after the previous one a window begins."""


def features(labels: Sequence[str], examples: Examples, tokenizer: Any, recipe: Lengths) -> list[Feature]:
    """Return one or more training features per example, for a head with these labels."""
    max_length = recipe.max_length
    if isinstance(examples, SentencePairs | LabelledTexts):
        inputs = labelled_inputs(tokenizer, examples, max_length)
        return [
            Feature((item,), {"labels": labels.index(label)})
            for item, label in zip(inputs, examples.labels, strict=True)
        ]
    if isinstance(examples, ScoredPairs):
        inputs = pair_inputs(tokenizer, examples.first_sentences, examples.second_sentences, max_length)
        return [
            Feature((item,), {"labels": score}) for item, score in zip(inputs, examples.scores, strict=True)
        ]
    if isinstance(examples, MultipleChoice):
        return _choices(examples, tokenizer, max_length)
    if isinstance(examples, TaggedSentences):
        return _tagged(labels, examples, tokenizer, max_length)
    if isinstance(examples, Sentences):
        return [Feature((item,), {}) for item in single_inputs(tokenizer, examples.sentences, max_length)]
    assert isinstance(examples, AnsweredQuestions)
    return _answered(examples, tokenizer, max_length, recipe.stride)


def _choices(examples: MultipleChoice, tokenizer: Any, max_length: int) -> list[Feature]:
    """Pair every question with each of its answers."""
    count = len(examples.answers[0])
    first = [question for question in examples.questions for _ in range(count)]
    inputs = pair_inputs(
        tokenizer, first, [answer for answers in examples.answers for answer in answers], max_length
    )
    parts = [tuple(inputs[i : i + count]) for i in range(0, len(inputs), count)]
    return [Feature(part, {"labels": right}) for part, right in zip(parts, examples.right, strict=True)]


def _tagged(
    labels: Sequence[str], examples: TaggedSentences, tokenizer: Any, max_length: int
) -> list[Feature]:
    """Label the first sub-word of every word with the word's tag, and ignore the others."""
    number = {label: i for i, label in enumerate(labels)}
    rows = []
    for piece in pieces(tokenizer, examples.words, max_length):
        answer = [IGNORED] * len(piece.input.ids)
        for token, word in zip(piece.first, piece.words, strict=True):
            answer[token] = number[examples.tags[piece.sentence][word]]
        rows.append(Feature((piece.input,), {"labels": answer}))
    return rows


def _answered(examples: AnsweredQuestions, tokenizer: Any, max_length: int, stride: int) -> list[Feature]:
    """Label the answer's tokens, or the first token in a window without all of it, as in SQuAD's scripts.

    A question without an answer has none in any window.
    """
    rows = []
    for window in windows(tokenizer, examples.questions, examples.contexts, max_length, stride):
        first, last = 0, 0
        if examples.answers[window.question]:
            start = examples.starts[window.question][0]
            first, last = _tokens(window, start, start + len(examples.answers[window.question][0]))
        rows.append(Feature((window.input,), {"start_positions": first, "end_positions": last}))
    return rows


def _tokens(window: Window, start: int, end: int) -> tuple[int, int]:
    """Return the tokens of a window that cover the characters from start to end, or (0, 0)."""
    spans = [(i, *span) for i, span in enumerate(window.offsets) if span is not None and span[0] < span[1]]
    first = [i for i, span_start, span_end in spans if span_start <= start < span_end]
    last = [i for i, span_start, span_end in spans if span_start < end <= span_end]
    return (first[0], last[-1]) if first and last else (0, 0)
