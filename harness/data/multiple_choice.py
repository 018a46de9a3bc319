"""Questions with one right answer among several: SocialIQA, COPA, CosmosQA, HellaSwag and CommonsenseQA.

Sets other than SocialIQA are always read from the Hub, even if a folder of raw layouts is given.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.data.examples import RowExamples
from harness.data.hub import load_rows
from harness.data.text_files import read_lines
from harness.errors import BadInput, Where

_CURE = "take the official set unchanged"


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
    letters = ("answerA", "answerB", "answerC")
    if data is None:
        rows, source = _hub("allenai/social_i_qa", "default", split)
        numbers = {"1": 0, "2": 1, "3": 2}
        questions = (
            (n, _joined(row, "context", "question"), [row[key] for key in letters], numbers.get(row["label"]))
            for n, row in rows
        )
        return _checked(language, questions, source)
    path = data / "socialiqa" / name
    if not path.is_file():
        raise BadInput(f"{name} is not in {path.parent}", cure=f"--data DIR reads DIR/socialiqa/{name}")
    return _checked(language, _socialiqa_lines(path, letters), str(path))


def _socialiqa_lines(path: Path, letters: Sequence[str]) -> Iterable[_Row]:
    for number, line in enumerate(read_lines(path), start=1):
        try:
            row = json.loads(line)
            yield (
                number,
                _joined(row, "context", "question"),
                [row[key] for key in letters],
                {"A": 0, "B": 1, "C": 2}.get(row["correct"]),
            )
        except (ValueError, KeyError, TypeError) as reason:
            raise BadInput(
                f"not a question of SocialIQA: {reason!r}", where=Where(str(path), number), cure=_CURE
            ) from reason


def _copa(language: str, split: str) -> MultipleChoice:
    prompts = {"cause": "What was the cause?", "effect": "What happened as a result?"}
    rows, source = _hub("aps/super_glue", "copa", split)
    questions = (
        (n, f"{row['premise']} {prompts[row['question']]}", (row["choice1"], row["choice2"]), row["label"])
        for n, row in rows
    )
    return _checked(language, questions, source)


def _cosmosqa(language: str, split: str) -> MultipleChoice:
    rows, source = _hub("allenai/cosmos_qa", "default", split)
    keys = ("answer0", "answer1", "answer2", "answer3")
    questions = (
        (n, _joined(row, "context", "question"), [row[key] for key in keys], row["label"]) for n, row in rows
    )
    return _checked(language, questions, source)


def _hellaswag(language: str, split: str) -> MultipleChoice:
    rows, source = _hub("Rowan/hellaswag", "default", split)
    return _checked(language, ((n, row["ctx"], row["endings"], int(row["label"])) for n, row in rows), source)


def _commonsenseqa(language: str, split: str) -> MultipleChoice:
    rows, source = _hub("tau/commonsense_qa", "default", split)
    questions = (
        (n, row["question"], row["choices"]["text"], "ABCDE".find(row["answerKey"])) for n, row in rows
    )
    return _checked(language, questions, source)


def _joined(row: Mapping[str, str], *keys: str) -> str:
    return " ".join(row[key].strip() for key in keys)


def _hub(repository: str, name: str, split: str) -> tuple[Iterable[tuple[int, Any]], str]:
    """Return the rows, numbered from 1, and a description of their source."""
    rows = load_rows(repository, name, split, cure="choose a task whose text is available")
    return enumerate(rows, start=1), f"{repository} {name} {split}"


def _checked(language: str, rows: Iterable[_Row], source: str) -> MultipleChoice:
    questions: list[str] = []
    choices: list[tuple[str, ...]] = []
    right: list[int] = []
    for number, question, answers, label in rows:
        where = Where(source, number)
        if not question.strip() or not all(answer.strip() for answer in answers):
            raise BadInput("a question or an answer is empty", where=where, cure=_CURE)
        if choices and len(answers) != len(choices[0]):
            raise BadInput(
                f"found {len(answers)} answers, expected {len(choices[0])}", where=where, cure=_CURE
            )
        if label is None or not 0 <= label < len(answers):
            raise BadInput("no answer is marked as the right one", where=where, cure=_CURE)
        questions.append(question)
        choices.append(tuple(answer.strip() for answer in answers))
        right.append(int(label))
    if not questions:
        raise BadInput(f"no question of {language} is in {source}", cure=_CURE)
    return MultipleChoice(language, tuple(questions), tuple(choices), tuple(right), source)
