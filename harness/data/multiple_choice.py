"""Questions with one right answer among several: SocialIQA, COPA, CosmosQA, HellaSwag and CommonsenseQA.

Sets other than SocialIQA are always read from the Hub, even if a folder of raw layouts is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.data.examples import RowExamples
from harness.data.hub import DAMAGED_ON_HUB, columns, load_rows
from harness.data.json_files import json_lines, member, typed
from harness.data.raw_files import require
from harness.data.text_encoding import CORRECT
from harness.errors import BadInput, Where

_LETTERS = ("answerA", "answerB", "answerC")  # SocialIQA's answers
_COPA_QUESTIONS = {"cause": "What was the cause?", "effect": "What happened as a result?"}


@dataclass(frozen=True)
class MultipleChoice(RowExamples):
    """Questions of one language, with their contexts: answers[i][right[i]] is the right one of answers[i]."""

    language: str
    questions: tuple[str, ...]
    answers: tuple[tuple[str, ...], ...]
    right: tuple[int, ...]
    source: str

    @property
    def sides(self) -> Mapping[str, Sequence[str]]:
        """Return the questions."""
        return {"questions": self.questions}


def socialiqa_train(language: str, data: Path | None) -> MultipleChoice:
    """Read SocialIQA's training questions from `data/socialiqa/socialIQa_v1.4_trn.jsonl`, or from the Hub."""
    return _socialiqa(language, data, "socialIQa_v1.4_trn.jsonl", "train")


def socialiqa_dev(language: str, data: Path | None) -> MultipleChoice:
    """Read SocialIQA's dev questions from `data/socialiqa/socialIQa_v1.4_dev.jsonl`, or from the Hub."""
    return _socialiqa(language, data, "socialIQa_v1.4_dev.jsonl", "validation")


def copa_train(language: str, data: Path | None) -> MultipleChoice:
    """Read COPA's training questions from the Hub."""
    return _copa(language, "train")


def copa_dev(language: str, data: Path | None) -> MultipleChoice:
    """Read COPA's dev questions from the Hub."""
    return _copa(language, "validation")


def cosmosqa_train(language: str, data: Path | None) -> MultipleChoice:
    """Read CosmosQA's training questions from the Hub."""
    return _cosmosqa(language, "train")


def cosmosqa_dev(language: str, data: Path | None) -> MultipleChoice:
    """Read CosmosQA's dev questions from the Hub."""
    return _cosmosqa(language, "validation")


def hellaswag_train(language: str, data: Path | None) -> MultipleChoice:
    """Read HellaSwag's training questions from the Hub."""
    return _hellaswag(language, "train")


def hellaswag_dev(language: str, data: Path | None) -> MultipleChoice:
    """Read HellaSwag's dev questions from the Hub."""
    return _hellaswag(language, "validation")


def commonsenseqa_train(language: str, data: Path | None) -> MultipleChoice:
    """Read CommonsenseQA's training questions from the Hub."""
    return _commonsenseqa(language, "train")


def commonsenseqa_dev(language: str, data: Path | None) -> MultipleChoice:
    """Read CommonsenseQA's dev questions from the Hub."""
    return _commonsenseqa(language, "validation")


_Row = tuple[int, str, Sequence[str], Any]  # number, question, answers, index of the right answer


def _socialiqa(language: str, data: Path | None, name: str, split: str) -> MultipleChoice:
    if data is None:
        kinds = dict.fromkeys(("context", "question", *_LETTERS, "label"), str)
        rows, source = _hub("allenai/social_i_qa", "default", split, kinds)
        numbers = {"1": 0, "2": 1, "3": 2}
        questions = (
            (n, _joined(context, question), answers, numbers.get(label))
            for n, (context, question, *answers, label) in rows
        )
        return _checked(language, questions, source, DAMAGED_ON_HUB)
    path = require(data / "socialiqa" / name, f"--data DIR reads DIR/socialiqa/{name}")
    return _checked(language, _socialiqa_lines(path), str(path), CORRECT)


def _socialiqa_lines(path: Path) -> Iterator[_Row]:
    for number, item in json_lines(path):
        where = Where(str(path), number)
        context, question, right, *answers = (
            member(item, key, str, where) for key in ("context", "question", "correct", *_LETTERS)
        )
        yield number, _joined(context, question), answers, {"A": 0, "B": 1, "C": 2}.get(right)


def _copa(language: str, split: str) -> MultipleChoice:
    kinds = {**dict.fromkeys(("premise", "question", "choice1", "choice2"), str), "label": int}
    rows, source = _hub("aps/super_glue", "copa", split, kinds)
    questions = (
        (n, f"{premise} {member(_COPA_QUESTIONS, question, str, Where(source, n))}", (first, second), label)
        for n, (premise, question, first, second, label) in rows
    )
    return _checked(language, questions, source, DAMAGED_ON_HUB)


def _cosmosqa(language: str, split: str) -> MultipleChoice:
    answers = ("answer0", "answer1", "answer2", "answer3")
    kinds = {**dict.fromkeys(("context", "question", *answers), str), "label": int}
    rows, source = _hub("allenai/cosmos_qa", "default", split, kinds)
    questions = (
        (n, _joined(context, question), choices, label) for n, (context, question, *choices, label) in rows
    )
    return _checked(language, questions, source, DAMAGED_ON_HUB)


def _hellaswag(language: str, split: str) -> MultipleChoice:
    rows, source = _hub("Rowan/hellaswag", "default", split, {"ctx": str, "endings": list, "label": str})
    questions = (
        (n, context, endings, int(label) if (label or "").isdecimal() else None)
        for n, (context, endings, label) in rows
    )
    return _checked(language, questions, source, DAMAGED_ON_HUB)


def _commonsenseqa(language: str, split: str) -> MultipleChoice:
    kinds = {"question": str, "choices": dict, "answerKey": str}
    rows, source = _hub("tau/commonsense_qa", "default", split, kinds)
    questions = (
        (n, question, member(choices, "text", list, Where(source, n), "'choices'"), _letter(key))
        for n, (question, choices, key) in rows
    )
    return _checked(language, questions, source, DAMAGED_ON_HUB)


def _letter(key: str | None) -> int | None:
    return "ABCDE".index(key) if key and key in "ABCDE" else None


def _joined(context: str | None, question: str | None) -> str:
    return f"{(context or '').strip()} {(question or '').strip()}"


def _hub(
    repository: str, name: str, split: str, kinds: Mapping[str, type]
) -> tuple[Iterable[tuple[int, tuple[Any, ...]]], str]:
    """Return the values of the columns of every row, numbered from 1, and a description of their source."""
    source = f"{repository} {name} {split}"
    rows = load_rows(repository, name, split, cure="choose a task whose text is available")
    return enumerate(zip(*columns(rows, source, kinds, cure=DAMAGED_ON_HUB), strict=True), start=1), source


def _checked(language: str, rows: Iterable[_Row], source: str, cure: str) -> MultipleChoice:
    questions: list[str] = []
    choices: list[tuple[str, ...]] = []
    right: list[int] = []
    for number, question, answers, label in rows:
        where = Where(source, number)
        texts = [typed(text, str, where, "a question or an answer") for text in (question, *answers)]
        if not all(text.strip() for text in texts):
            raise BadInput("a question or an answer is empty", where=where, cure=cure)
        if choices and len(answers) != len(choices[0]):
            message = f"found {len(answers)} answers, expected {len(choices[0])}"
            raise BadInput(message, where=where, cure=cure)
        if label is None or not 0 <= label < len(answers):
            raise BadInput("no answer is marked as the right one", where=where, cure=cure)
        questions.append(question)
        choices.append(tuple(answer.strip() for answer in answers))
        right.append(int(label))
    if not questions:
        raise BadInput(f"no question of {language} is in {source}", cure="get the whole data set")
    return MultipleChoice(language, tuple(questions), tuple(choices), tuple(right), source)
