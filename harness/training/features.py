"""Turn English examples into what a head is trained on: inputs with their answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.data.examples import Examples
from harness.data.multiple_choice import MultipleChoice
from harness.data.plain_text import Sentences
from harness.data.question_answering import AnsweredQuestions
from harness.data.sentence_pairs import SentencePairs
from harness.data.similarity import ScoredPairs
from harness.data.tagging import TaggedSentences
from harness.models.tokenization import IGNORED, Input, Window, pair_inputs, pieces, single_inputs, windows


@dataclass(frozen=True)
class Feature:
    """What is read for one answer, which stands by the names of the model's arguments: one input, or one a choice."""

    inputs: tuple[Input, ...]
    answer: Mapping[str, int | float | list[int]]

    @property
    def tokens(self) -> int:
        """Return the tokens of the longest input."""
        return max(len(each.ids) for each in self.inputs)


def features(
    labels: Sequence[str], examples: Examples, tokenizer: Any, max_length: int, stride: int
) -> list[Feature]:
    """Return what a head for these labels is trained on, one or more an example; lengths are in tokens."""
    if isinstance(examples, SentencePairs):
        inputs = pair_inputs(tokenizer, examples.first_sentences, examples.second_sentences, max_length)
        return [
            Feature((each,), {"labels": labels.index(label)})
            for each, label in zip(inputs, examples.labels, strict=True)
        ]
    if isinstance(examples, ScoredPairs):
        inputs = pair_inputs(tokenizer, examples.first_sentences, examples.second_sentences, max_length)
        return [
            Feature((each,), {"labels": score}) for each, score in zip(inputs, examples.scores, strict=True)
        ]
    if isinstance(examples, MultipleChoice):
        return _choices(examples, tokenizer, max_length)
    if isinstance(examples, TaggedSentences):
        return _tagged(labels, examples, tokenizer, max_length)
    if isinstance(examples, Sentences):
        return [Feature((each,), {}) for each in single_inputs(tokenizer, examples.sentences, max_length)]
    assert isinstance(examples, AnsweredQuestions)
    return _answered(examples, tokenizer, max_length, stride)


def _choices(examples: MultipleChoice, tokenizer: Any, max_length: int) -> list[Feature]:
    """Read every answer beside what it answers."""
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
    """Only the first sub-word of a word carries its tag."""
    number = {label: i for i, label in enumerate(labels)}
    found = []
    for piece in pieces(tokenizer, examples.words, max_length):
        answer = [IGNORED] * len(piece.input.ids)
        for place, word in zip(piece.first, piece.words, strict=True):
            answer[place] = number[examples.tags[piece.sentence][word]]
        found.append(Feature((piece.input,), {"labels": answer}))
    return found


def _answered(examples: AnsweredQuestions, tokenizer: Any, max_length: int, stride: int) -> list[Feature]:
    """Point at the answer, or at the first token where a window does not hold the whole of it, as in SQuAD's scripts."""
    found = []
    for window in windows(tokenizer, examples.questions, examples.contexts, max_length, stride):
        start = examples.starts[window.question][0]
        first, last = _tokens(window, start, start + len(examples.answers[window.question][0]))
        found.append(Feature((window.input,), {"start_positions": first, "end_positions": last}))
    return found


def _tokens(window: Window, start: int, end: int) -> tuple[int, int]:
    """Return the tokens of a window that cover the characters from start to end, or (0, 0)."""
    places = [
        (i, *place) for i, place in enumerate(window.offsets) if place is not None and place[0] < place[1]
    ]
    first = [i for i, begin, stop in places if begin <= start < stop]
    last = [i for i, begin, stop in places if begin < end <= stop]
    return (first[0], last[-1]) if first and last else (0, 0)
