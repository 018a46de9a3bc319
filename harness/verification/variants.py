"""The variants of a text that the probe compares, and examples of targets with a head in a variant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from harness.data.own_labelled import LabelledTexts
from harness.data.question_answering import AnsweredQuestions
from harness.data.sentence_pairs import SentencePairs
from harness.data.tagging import TaggedSentences
from harness.verification.perturbations import changed

# Names of changes, of which a variant has several or none.
Variant = tuple[str, ...]

ORIGINAL: Variant = ()
# The change that makes a text one that nobody can have stored: random misspellings of random words.
CONTEXT = "other spelling"
# The changes that are made to the original and to a text with the change `CONTEXT`.
COMPARED = ("case", "spelling", "punctuation", "space")
# The changes that leave the number of words as it is, so that each word still has its tag.
_WORD_BY_WORD = ("case", "spelling", CONTEXT)


def variants(compared: Sequence[str]) -> tuple[Variant, ...]:
    """Return the original, the text with `CONTEXT`, and both with each of the changes."""
    return (ORIGINAL, (CONTEXT,), *(variant for change in compared for variant in pair(change)))


def pair(change: str) -> tuple[Variant, Variant]:
    """Return the variants with a change alone and with the change in a text that has `CONTEXT`."""
    return (change,), (change, CONTEXT)


def compared_in(kind: str) -> tuple[str, ...]:
    """Return the changes that can be compared in targets of a kind."""
    return tuple(change for change in COMPARED if kind != "tagging" or change in _WORD_BY_WORD)


def changed_examples(examples: Any, variant: Variant, seed: str) -> Any:
    """Return the examples of a target with a head, with their text changed.

    Of questions with a passage only the question is changed, since answers are positions in the passage.
    """
    if isinstance(examples, SentencePairs):
        return replace(
            examples,
            first_sentences=_changed_all(examples.first_sentences, variant, seed),
            second_sentences=_changed_all(examples.second_sentences, variant, seed),
        )
    if isinstance(examples, LabelledTexts):
        return replace(examples, texts=_changed_all(examples.texts, variant, seed))
    if isinstance(examples, AnsweredQuestions):
        return replace(examples, questions=_changed_all(examples.questions, variant, seed))
    assert isinstance(examples, TaggedSentences)  # the three kinds with a head
    return replace(examples, words=tuple(_changed_words(words, variant, seed) for words in examples.words))


def _changed_all(texts: Sequence[str], variant: Variant, seed: str) -> tuple[str, ...]:
    return tuple(changed(text, variant, seed) for text in texts)


def _changed_words(words: tuple[str, ...], variant: Variant, seed: str) -> tuple[str, ...]:
    sentence = tuple(changed(" ".join(words), variant, seed).split(" "))
    # A word with a space in it, or one whose only letter went, leaves the sentence as it was.
    return sentence if len(sentence) == len(words) and all(sentence) else words
