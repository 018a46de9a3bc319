"""Questions answered by a span of a text: XQuAD, MLQA, TyDiQA's gold passages and SQuAD, from the Hub or from SQuAD's JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from harness.data.examples import RowExamples
from harness.data.hub import XTREME_HUB, load_rows
from harness.data.text_files import read_json
from harness.errors import BadInput, Where

# Two-letter code → what the ids of the Hub's questions begin with, in XTREME's order.
TYDIQA_NAMES = {
    "en": "english", "ar": "arabic", "bn": "bengali", "fi": "finnish", "id": "indonesian", "ko": "korean", "ru": "russian",
    "sw": "swahili", "te": "telugu",
}  # fmt: skip
# How far the Hub's answer_start may be off: as many spaces as a context may begin with.
MOST_SPACES = 16

_CURE = "take the official set unchanged"


@dataclass(frozen=True)
class AnsweredQuestions(RowExamples):
    """Questions of one language: answers[i] are the right answers to questions[i], each at its place of starts[i] in contexts[i].

    Questions, contexts and answers have no spaces around them; a start counts characters.
    """

    language: str
    ids: tuple[str, ...]
    questions: tuple[str, ...]
    contexts: tuple[str, ...]
    answers: tuple[tuple[str, ...], ...]
    starts: tuple[tuple[int, ...], ...]
    source: str

    @property
    def sides(self) -> Mapping[str, Sequence[str]]:
        """Return the questions and the contexts."""
        return {"questions": self.questions, "contexts": self.contexts}


class _RawQuestion(NamedTuple):
    """One question as its source has it."""

    identity: str
    question: str
    context: str
    answers: Sequence[str]
    starts: Sequence[int]


def xquad(language: str, data: Path | None) -> AnsweredQuestions:
    """Read XQuAD from `data/xquad/xquad.{language}.json`, or from the Hub."""
    if data is not None:
        return _from_file(language, data, f"xquad/xquad.{language}.json")
    return _from_hub(language, f"XQuAD.{language}", "validation")


def mlqa(language: str, data: Path | None) -> AnsweredQuestions:
    """Read MLQA's test questions, asked in the language of their context, from `data/mlqa/MLQA_V1/test`, or from the Hub."""
    return _mlqa(language, data, "test", "test")


def mlqa_dev(language: str, data: Path | None) -> AnsweredQuestions:
    """Read MLQA's dev questions, asked in the language of their context, from `data/mlqa/MLQA_V1/dev`, or from the Hub."""
    return _mlqa(language, data, "dev", "validation")


def tydiqa(language: str, data: Path | None) -> AnsweredQuestions:
    """Read TyDiQA's dev questions on gold passages from `data/tydiqa/tydiqa-goldp-v1.1-dev`, or from the Hub."""
    if data is not None:
        return _from_file(language, data, f"tydiqa/tydiqa-goldp-v1.1-dev/tydiqa.goldp.{language}.dev.json")
    return _from_hub(language, "tydiqa", "validation", prefix=f"{TYDIQA_NAMES[language]}-")


def tydiqa_train(language: str, data: Path | None) -> AnsweredQuestions:
    """Read TyDiQA's training questions on gold passages from `data/tydiqa/tydiqa-goldp-v1.1-train`, or from the Hub.

    XTREME's script cuts their ids so short that they repeat; so the questions are numbered from 1 instead.
    """
    if data is not None:
        return _from_file(
            language,
            data,
            f"tydiqa/tydiqa-goldp-v1.1-train/tydiqa.goldp.{language}.train.json",
            numbered=True,
        )
    return _from_hub(language, "tydiqa", "train", prefix=f"{TYDIQA_NAMES[language]}-", numbered=True)


def squad_train(language: str, data: Path | None) -> AnsweredQuestions:
    """Read the training questions of SQuAD 1.1, which are English, from `data/squad/train-v1.1.json`, or from the Hub."""
    return (
        _from_hub(language, "SQuAD", "train")
        if data is None
        else _from_file(language, data, "squad/train-v1.1.json")
    )


def squad_dev(language: str, data: Path | None) -> AnsweredQuestions:
    """Read the dev questions of SQuAD 1.1, which are English, from `data/squad/dev-v1.1.json`, or from the Hub."""
    return (
        _from_hub(language, "SQuAD", "validation")
        if data is None
        else _from_file(language, data, "squad/dev-v1.1.json")
    )


def _mlqa(language: str, data: Path | None, name: str, split: str) -> AnsweredQuestions:
    if data is not None:
        return _from_file(
            language, data, f"mlqa/MLQA_V1/{name}/{name}-context-{language}-question-{language}.json"
        )
    return _from_hub(language, f"MLQA.{language}.{language}", split)


def _from_file(language: str, data: Path, name: str, *, numbered: bool = False) -> AnsweredQuestions:
    path = data / name
    if not path.is_file():
        raise BadInput(f"{path.name} is not in {path.parent}", cure=f"--data DIR reads DIR/{name}")
    document = read_json(path)
    where = Where(str(path))
    asked = (_settled(question, where, 0) for question in _questions_of(document, where))
    return _record(language, asked, where, numbered=numbered)


def _from_hub(
    language: str, config: str, split: str, *, prefix: str = "", numbered: bool = False
) -> AnsweredQuestions:
    rows = load_rows(XTREME_HUB, config, split, cure="give the official files with --data DIR")[:]
    where = Where(f"{XTREME_HUB} {config} {split}")

    def own() -> Iterator[_RawQuestion]:
        columns = (rows[name] for name in ("id", "question", "context", "answers"))
        for identity, question, context, answers in zip(*columns, strict=True):
            # One configuration may hold all languages.
            if identity.startswith(prefix):
                asked = _RawQuestion(identity, question, context, answers["text"], answers["answer_start"])
                yield _settled(asked, where, MOST_SPACES)

    return _record(language, own(), where, numbered=numbered)


def _questions_of(document: object, where: Where) -> Iterator[_RawQuestion]:
    for a, article in enumerate(_get(document, "data", list, where, "the document")):
        for p, paragraph in enumerate(_get(article, "paragraphs", list, where, f"data[{a}]")):
            place = f"data[{a}].paragraphs[{p}]"
            context = _get(paragraph, "context", str, where, place)
            for q, asked in enumerate(_get(paragraph, "qas", list, where, place)):
                identity = _get(asked, "id", str, where, f"{place}.qas[{q}]")
                place_of_question = f"question {identity!r}"
                question = _get(asked, "question", str, where, place_of_question)
                answers = _get(asked, "answers", list, where, place_of_question)
                texts = [
                    _get(answer, "text", str, where, f"an answer of {place_of_question}")
                    for answer in answers
                ]
                starts = [
                    _get(answer, "answer_start", int, where, f"an answer of {place_of_question}")
                    for answer in answers
                ]
                yield _RawQuestion(identity, question, context, texts, starts)


def _settled(asked: _RawQuestion, where: Where, tolerance: int) -> _RawQuestion:
    """Take the spaces off around every text and move the starts with them, as the Hub has it.

    But the Hub leaves the starts where they were, so there an answer is looked for up to `tolerance`
    characters around its start; in the official files it stands where it says.
    """
    place = f"question {asked.identity!r}"
    question, context = asked.question.strip(), asked.context.strip()
    if not question:
        raise _malformed(where, place, "is empty")
    if not asked.answers:
        raise _malformed(where, place, "has no answer")
    if len(asked.answers) != len(asked.starts):
        raise _malformed(
            where, place, f"has {len(asked.answers)} answers and {len(asked.starts)} answer_starts"
        )
    answers, starts = [], []
    for text, start in zip(asked.answers, asked.starts, strict=True):
        answer = text.strip()
        if not answer:
            raise BadInput(
                f"{place} has an empty answer",
                where=where,
                cure=f"{_CURE}; XTREME's download script takes the answers out of test files",
            )
        found = _nearest(asked.context, text, start, tolerance)
        if found is None:
            raise _malformed(
                where, place, f"has the answer {text!r}, which does not stand at its answer_start {start}"
            )
        answers.append(answer)
        starts.append(found - _spaces(asked.context) + _spaces(text))
    return _RawQuestion(asked.identity, question, context, answers, starts)


def _spaces(text: str) -> int:
    """Count the spaces at the beginning."""
    return len(text) - len(text.lstrip())


def _nearest(context: str, text: str, start: int, tolerance: int) -> int | None:
    """Return where the text stands, at most `tolerance` characters from `start`; of two places as near, the earlier."""
    places = (start + sign * distance for distance in range(tolerance + 1) for sign in (-1, 1))
    return next((place for place in places if place >= 0 and context.startswith(text, place)), None)


def _record(
    language: str, asked: Iterable[_RawQuestion], where: Where, *, numbered: bool
) -> AnsweredQuestions:
    found: dict[str, _RawQuestion] = {}
    for number, question in enumerate(asked, start=1):
        identity = str(number) if numbered else question.identity
        if identity in found:
            raise _malformed(where, f"question {identity!r}", "stands for a second time")
        found[identity] = question
    if not found:
        raise BadInput(f"no question of {language} is in {where}", cure=_CURE)
    _, questions, contexts, answers, starts = zip(*found.values(), strict=True)
    return AnsweredQuestions(
        language,
        tuple(found),
        questions,
        contexts,
        tuple(map(tuple, answers)),
        tuple(map(tuple, starts)),
        source=str(where),
    )


def _get(value: object, key: str, kind: type, where: Where, place: str) -> Any:
    if not isinstance(value, dict):
        raise _malformed(where, place, f"is {type(value).__name__}, expected an object")
    if key not in value:
        raise _malformed(where, place, f"has no {key!r}")
    # In Python a truth value is an int.
    if type(value[key]) is not kind:
        raise _malformed(
            where, place, f"has {key!r} of the type {type(value[key]).__name__}, expected {kind.__name__}"
        )
    return value[key]


def _malformed(where: Where, place: str, what: str) -> BadInput:
    return BadInput(f"{place} {what}", where=where, cure=_CURE)
