"""Extractive question answering: XQuAD, MLQA, TyDiQA's gold passages and SQuAD.

They are read from the Hub or from files in SQuAD's JSON format.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from harness.data.examples import RowExamples
from harness.data.hub import DAMAGED_ON_HUB, XTREME_HUB, columns, load_rows
from harness.data.json_files import member, read_json
from harness.data.raw_files import DOWNLOAD_AGAIN, require
from harness.data.text_encoding import CORRECT
from harness.errors import BadInput, Where

# Two-letter code → the prefix of the Hub's question ids, in XTREME's order.
TYDIQA_NAMES = {
    "en": "english", "ar": "arabic", "bn": "bengali", "fi": "finnish", "id": "indonesian", "ko": "korean",
    "ru": "russian", "sw": "swahili", "te": "telugu",
}  # fmt: skip
# How far the Hub's answer_start may be off: at most this many spaces begin a context.
MOST_SPACES = 16

_SHIFTED = f"{DOWNLOAD_AGAIN}: the text has changed since, as it does when it is stripped or normalised"


@dataclass(frozen=True)
class AnsweredQuestions(RowExamples):
    """Questions of one language: answers[i] are the right answers to questions[i], spans of contexts[i].

    starts[i] are the spans' first characters, counted from 0. Questions, contexts and answers are stripped. A
    question of SQuAD 2.0 may have no answer.
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
    """Read MLQA's test questions from `data/mlqa/MLQA_V1/test` or the Hub.

    Question and context have the same language.
    """
    return _mlqa(language, data, "test", "test")


def mlqa_dev(language: str, data: Path | None) -> AnsweredQuestions:
    """Read MLQA's dev questions from `data/mlqa/MLQA_V1/dev` or the Hub.

    Question and context have the same language.
    """
    return _mlqa(language, data, "dev", "validation")


def tydiqa(language: str, data: Path | None) -> AnsweredQuestions:
    """Read TyDiQA's dev questions on gold passages from `data/tydiqa/tydiqa-goldp-v1.1-dev` or the Hub."""
    if data is not None:
        return _from_file(language, data, f"tydiqa/tydiqa-goldp-v1.1-dev/tydiqa.goldp.{language}.dev.json")
    return _from_hub(language, "tydiqa", "validation", prefix=f"{TYDIQA_NAMES[language]}-")


def tydiqa_train(language: str, data: Path | None) -> AnsweredQuestions:
    """Read TyDiQA's training questions, from `data/tydiqa/tydiqa-goldp-v1.1-train` or the Hub.

    They are on gold passages. The ids are numbers from 1, since XTREME's script truncates the original ids
    so that they repeat.
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
    """Read the training questions of SQuAD 1.1 (English), from `data/squad/train-v1.1.json` or the Hub."""
    return (
        _from_hub(language, "SQuAD", "train")
        if data is None
        else _from_file(language, data, "squad/train-v1.1.json")
    )


def squad_dev(language: str, data: Path | None) -> AnsweredQuestions:
    """Read the dev questions of SQuAD 1.1 (English), from `data/squad/dev-v1.1.json` or the Hub."""
    return (
        _from_hub(language, "SQuAD", "validation")
        if data is None
        else _from_file(language, data, "squad/dev-v1.1.json")
    )


def squad_v2_train(language: str, data: Path | None) -> AnsweredQuestions:
    """Read the training questions of SQuAD 2.0 (English) from `data/squad/train-v2.0.json`."""
    return _squad_v2(language, data, "train")


def squad_v2_dev(language: str, data: Path | None) -> AnsweredQuestions:
    """Read the dev questions of SQuAD 2.0 (English) from `data/squad/dev-v2.0.json`."""
    return _squad_v2(language, data, "dev")


def _squad_v2(language: str, data: Path | None, split: str) -> AnsweredQuestions:
    if data is None:
        raise BadInput(
            "SQuAD 2.0 is read from its official files",
            cure=f"give them with --data DIR, which reads DIR/squad/{split}-v2.0.json",
        )
    return _from_file(language, data, f"squad/{split}-v2.0.json", unanswered=True)


def _mlqa(language: str, data: Path | None, name: str, split: str) -> AnsweredQuestions:
    if data is not None:
        return _from_file(
            language, data, f"mlqa/MLQA_V1/{name}/{name}-context-{language}-question-{language}.json"
        )
    return _from_hub(language, f"MLQA.{language}.{language}", split)


def _from_file(
    language: str, data: Path, name: str, *, numbered: bool = False, unanswered: bool = False
) -> AnsweredQuestions:
    path = require(data / name, f"--data DIR reads DIR/{name}")
    document = read_json(path)
    where = Where(str(path))
    questions = (
        _stripped(question, where, 0, unanswered=unanswered) for question in _questions_of(document, where)
    )
    return _record(language, questions, where, numbered=numbered)


def _from_hub(
    language: str, config: str, split: str, *, prefix: str = "", numbered: bool = False
) -> AnsweredQuestions:
    rows = load_rows(XTREME_HUB, config, split, cure="give the official files with --data DIR")
    where = Where(f"{XTREME_HUB} {config} {split}")
    kinds = {"id": str, "question": str, "context": str, "answers": dict}
    values = columns(rows, where.file, kinds, cure=DAMAGED_ON_HUB)

    def questions() -> Iterator[_RawQuestion]:
        for identity, question, context, answers in zip(*values, strict=True):
            # One configuration may hold all languages.
            if (identity or "").startswith(prefix):
                name = f"question {identity!r}"
                texts, starts = (
                    member(answers, key, list, where, f"{name}.answers") for key in ("text", "answer_start")
                )
                raw = _RawQuestion(identity or "", question or "", context or "", texts, starts)
                yield _stripped(raw, where, MOST_SPACES)

    return _record(language, questions(), where, numbered=numbered)


def _questions_of(document: object, where: Where) -> Iterator[_RawQuestion]:
    for a, article in enumerate(member(document, "data", list, where, "the document")):
        for p, paragraph in enumerate(member(article, "paragraphs", list, where, f"data[{a}]")):
            json_path = f"data[{a}].paragraphs[{p}]"
            context = member(paragraph, "context", str, where, json_path)
            for q, entry in enumerate(member(paragraph, "qas", list, where, json_path)):
                identity = member(entry, "id", str, where, f"{json_path}.qas[{q}]")
                name = f"question {identity!r}"
                question = member(entry, "question", str, where, name)
                answers = member(entry, "answers", list, where, name)
                texts = [member(answer, "text", str, where, f"an answer of {name}") for answer in answers]
                starts = [
                    member(answer, "answer_start", int, where, f"an answer of {name}") for answer in answers
                ]
                yield _RawQuestion(identity, question, context, texts, starts)


def _stripped(raw: _RawQuestion, where: Where, tolerance: int, *, unanswered: bool = False) -> _RawQuestion:
    """Strip all texts, as the Hub does, and shift the starts accordingly.

    The Hub does not shift the starts, so its answers are searched up to `tolerance` characters around them;
    in the official files the starts are exact. A question without an answer is a fault unless `unanswered`.
    """
    name = f"question {raw.identity!r}"
    question, context = raw.question.strip(), raw.context.strip()
    if not question:
        raise _malformed(where, name, "is empty")
    if not raw.answers and not unanswered:
        raise _malformed(where, name, "has no answer")
    if len(raw.answers) != len(raw.starts):
        raise _malformed(where, name, f"has {len(raw.answers)} answers and {len(raw.starts)} answer_starts")
    answers, starts = [], []
    for text, start in zip(raw.answers, raw.starts, strict=True):
        answer = text.strip()
        if not answer:
            raise BadInput(
                f"{name} has an empty answer",
                where=where,
                cure=f"{DOWNLOAD_AGAIN} from its own source: XTREME's download script removes the answers",
            )
        position = _nearest(raw.context, text, start, tolerance)
        if position is None:
            message = f"{name} has the answer {text!r}, which is not at its answer_start {start}"
            raise BadInput(message, where=where, cure=_SHIFTED)
        answers.append(answer)
        starts.append(position - _leading_spaces(raw.context) + _leading_spaces(text))
    return _RawQuestion(raw.identity, question, context, answers, starts)


def _leading_spaces(text: str) -> int:
    return len(text) - len(text.lstrip())


def _nearest(context: str, text: str, start: int, tolerance: int) -> int | None:
    """Return the text's position nearest to `start`, within `tolerance` characters; of two, the earlier."""
    positions = (start + sign * distance for distance in range(tolerance + 1) for sign in (-1, 1))
    return next((index for index in positions if index >= 0 and context.startswith(text, index)), None)


def _record(
    language: str, raw_questions: Iterable[_RawQuestion], where: Where, *, numbered: bool
) -> AnsweredQuestions:
    by_id: dict[str, _RawQuestion] = {}
    for number, question in enumerate(raw_questions, start=1):
        identity = str(number) if numbered else question.identity
        if identity in by_id:
            raise _malformed(where, f"question {identity!r}", "occurs twice")
        by_id[identity] = question
    if not by_id:
        raise BadInput(f"no question of {language} is in {where}", cure="get the whole data set")
    _, questions, contexts, answers, starts = zip(*by_id.values(), strict=True)
    return AnsweredQuestions(
        language,
        tuple(by_id),
        questions,
        contexts,
        tuple(map(tuple, answers)),
        tuple(map(tuple, starts)),
        source=str(where),
    )


def _malformed(where: Where, name: str, problem: str) -> BadInput:
    return BadInput(f"{name} {problem}", where=where, cure=CORRECT)
