"""Extract the answer to a question from its passage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harness.data.question_answering import AnsweredQuestions
from harness.kinds.protocols import Predict
from harness.models.tokenization import Logits, Window, windows
from harness.records import Target
from harness.scoring.metrics.answers import exact_match, mlqa_tokens, squad_tokens, token_f1

N_BEST = 20
LONGEST_ANSWER = 30


class Span(NamedTuple):
    """A part of a passage, in characters, and the sum of the logits of its start and end."""

    start: int
    end: int
    logit: float


def run(target: Target, examples: AnsweredQuestions, model: Predict) -> pa.Table:
    """Answer every question with the best span over all windows of its passage.

    A row is a question: `start` and `end`, the answer's range of characters in the passage, whether it is an
    `exact` match, its token `f1`, and `score`, the mean of the two. A question without a span scores 0.
    """
    parts = windows(model.tokenizer, examples.questions, examples.contexts, model.max_length, model.stride)
    best: dict[int, Span] = {}
    for part, logits in zip(parts, model.logits([part.input for part in parts]), strict=True):
        span = best_span(part, logits)
        if span and (part.question not in best or span.logit > best[part.question].logit):
            best[part.question] = span
    spans = [best.get(number, Span(0, 0, 0.0)) for number in range(len(examples))]
    tokenize = tokens_of(target, examples.language)
    answered = [
        tokenize(context[span.start : span.end])
        for context, span in zip(examples.contexts, spans, strict=True)
    ]
    gold = [[tokenize(answer) for answer in answers] for answers in examples.answers]
    exact = np.array([exact_match(*pair) for pair in zip(answered, gold, strict=True)], dtype=bool)
    f1 = np.array([token_f1(*pair) for pair in zip(answered, gold, strict=True)], dtype=np.float64)
    return pa.table(
        {
            "index": np.arange(len(examples), dtype=np.int32),
            "start": np.array([span.start for span in spans], dtype=np.int32),
            "end": np.array([span.end for span in spans], dtype=np.int32),
            "exact": exact,
            "f1": f1,
            "score": (exact + f1) / 2,
        }
    )


def tokens_of(target: Target, language: str) -> Callable[[str], Sequence[str]]:
    """Return the function that splits an answer in a language into the tokens that are compared."""
    return (lambda text: mlqa_tokens(text, language)) if "MLQA" in target.options else squad_tokens


def best_span(window: Window, logits: Logits) -> Span | None:
    """Return the span of at most 30 tokens with the largest sum of logits among the 20 best starts and ends.

    `logits` are (tokens, 2). Of equal sums the earlier start wins, then the earlier end; None where no best
    start and end make a span.
    """
    inside = np.array([span is not None for span in window.offsets])
    starts, ends = (_best(column, inside) for column in logits.T)
    sums = logits[starts, 0][:, None] + logits[ends, 1][None, :]  # (starts, ends)
    length = ends[None, :] - starts[:, None] + 1
    sums = np.where((length >= 1) & (length <= LONGEST_ANSWER), sums, -np.inf)
    if sums.size == 0 or np.isneginf(sums.max()):
        return None
    row, column = np.unravel_index(int(sums.argmax()), sums.shape)
    first, last = window.offsets[starts[row]], window.offsets[ends[column]]
    assert first is not None and last is not None  # tokens outside the passage were excluded
    return Span(first[0], last[1], float(sums[row, column]))


def _best(column: Logits, inside: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the tokens of the 20 largest logits that are in the passage, in order, as in SQuAD's scripts."""
    order = np.argsort(-column, kind="stable")[:N_BEST]
    return np.sort(order[inside[order]])
