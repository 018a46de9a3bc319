"""Queries with their right text, and sentences with their translations: what sentence vectors are trained on.

They are made from other sets: questions and the sentences or passages that answer them, premises with what
follows from them and what contradicts them, similar sentences, parallel files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from harness.data.chunking import sentences
from harness.data.examples import RowExamples
from harness.data.own_bitext import languages_in, own_bitext
from harness.data.question_answering import AnsweredQuestions
from harness.data.sentence_pairs import SentencePairs
from harness.data.similarity import ScoredPairs
from harness.errors import BadInput, Where

_ENTAILMENT, _CONTRADICTION = "entailment", "contradiction"
# SimCSE-like use of STS-B: 4 of 5 means that two sentences differ in unimportant details.
_SIMILAR = 0.8


@dataclass(frozen=True)
class TextPairs(RowExamples):
    """Pairs of one language: passages[i] is the right text for queries[i], negatives[i] a wrong one.

    A pair has the same id in every language in which it exists. Pairs of one document have the same number in
    `documents`.
    """

    language: str
    ids: tuple[str, ...]
    queries: tuple[str, ...]
    passages: tuple[str, ...]
    source: str
    negatives: tuple[str, ...] | None = None
    documents: tuple[int, ...] | None = None

    @property
    def sides(self) -> Mapping[str, Sequence[str]]:
        """Return queries and passages, and wrong texts where there are any."""
        negatives = {} if self.negatives is None else {"negatives": self.negatives}
        return {"queries": self.queries, "passages": self.passages, **negatives}


@dataclass(frozen=True)
class Translations(RowExamples):
    """Sentences of one language; a sentence has the same id in every language in which it exists."""

    language: str
    ids: tuple[str, ...]
    sentences: tuple[str, ...]
    source: str

    @property
    def sides(self) -> Mapping[str, Sequence[str]]:
        """Return the sentences."""
        return {"sentences": self.sentences}


def with_passages(questions: AnsweredQuestions) -> TextPairs:
    """Pair every question with the passage that answers it."""
    return _of_questions(questions, questions.contexts)


def with_answer_sentences(questions: AnsweredQuestions) -> TextPairs:
    """Pair every question with the sentence in which its answer begins, as LAReQA does."""
    return _of_questions(
        questions,
        tuple(
            _sentence_at(context, starts[0])
            for context, starts in zip(questions.contexts, questions.starts, strict=True)
        ),
    )


def _of_questions(questions: AnsweredQuestions, passages: tuple[str, ...]) -> TextPairs:
    numbers = {context: i for i, context in enumerate(dict.fromkeys(questions.contexts))}
    return TextPairs(
        questions.language,
        questions.ids,
        questions.questions,
        passages,
        questions.source,
        documents=tuple(numbers[context] for context in questions.contexts),
    )


@lru_cache(maxsize=4096)
def _bounds(context: str) -> tuple[tuple[int, str], ...]:
    """Return every sentence of a passage with the position of its end."""
    end, bounds = 0, []
    for sentence in sentences(context):
        end += len(sentence)
        bounds.append((end, sentence.strip()))
    return tuple(bounds)


def _sentence_at(context: str, start: int) -> str:
    return next(sentence for end, sentence in _bounds(context) if start < end)


def with_contradictions(pairs: SentencePairs, english: SentencePairs) -> TextPairs:
    """Pair every premise with a hypothesis that it entails, and with one that contradicts it.

    Premises are found by their English text, since a translation may differ between the rows of a premise.
    Those without both labels are left out.
    """
    if pairs.labels != english.labels:
        raise BadInput(
            f"the labels of {pairs.language} and of en differ",
            where=Where(pairs.source),
            cure="take the official set",
        )
    rows: dict[str, dict[str, int]] = {}
    for row, (premise, label) in enumerate(zip(english.first_sentences, english.labels, strict=True)):
        rows.setdefault(premise, {}).setdefault(label, row)
    whole = [found for found in rows.values() if _ENTAILMENT in found and _CONTRADICTION in found]
    entailed, contradicted = ([found[label] for found in whole] for label in (_ENTAILMENT, _CONTRADICTION))
    return TextPairs(
        pairs.language,
        tuple(map(str, entailed)),
        tuple(pairs.first_sentences[row] for row in entailed),
        tuple(pairs.second_sentences[row] for row in entailed),
        pairs.source,
        negatives=tuple(pairs.second_sentences[row] for row in contradicted),
    )


def similar(pairs: ScoredPairs) -> TextPairs:
    """Pair sentences whose score is at least 4 of 5."""
    rows = [row for row, score in enumerate(pairs.scores) if score >= _SIMILAR]
    return TextPairs(
        pairs.language,
        tuple(map(str, rows)),
        tuple(pairs.first_sentences[row] for row in rows),
        tuple(pairs.second_sentences[row] for row in rows),
        pairs.source,
    )


def own_translations(name: str, language: str, data: Path | None) -> Translations:
    """Read one language of the parallel files in `data/bitext/NAME`, each of which pairs it with English.

    A sentence is identified by its English text, so that files of several languages share what they share;
    English has the sentences of all files. Of repeated ones the first is taken.
    """
    if data is None:
        raise BadInput(
            f"bitext.{name} is read from files",
            cure=f"give them with --data DIR, which reads DIR/bitext/{name}",
        )
    folder = data / "bitext" / name
    if language == "en":
        english = [
            line
            for code in languages_in(folder)
            for text in [own_bitext(code, folder)]
            if text.pivot == "en"
            for line in text.english
        ]
        pairs = {line: line for line in english}
    else:
        text = own_bitext(language, folder)
        if text.pivot != "en":
            raise BadInput(
                f"{folder} pairs {language} without English",
                cure="name a language that is paired with English",
            )
        pairs = {}
        for identity, sentence in zip(text.english, text.foreign, strict=True):
            pairs.setdefault(identity, sentence)
    return Translations(language, tuple(pairs), tuple(pairs.values()), str(folder))
