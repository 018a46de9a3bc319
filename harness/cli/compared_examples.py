"""The examples that only one of two sides gets right, with their texts where the data are at hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from harness.catalog import is_own, target_of
from harness.characters import shown
from harness.data import load_examples
from harness.errors import BadInput
from harness.scoring.example_values import OneSided, one_sided
from harness.scoring.outcomes import cells

if TYPE_CHECKING:
    import pyarrow as pa

    from harness.comparison.differences import Comparison
    from harness.data.examples import Examples
    from harness.records import Result, Target
    from harness.scoring.tables import Answer
    from harness.store import Side

_WIDTH = 160


def example_lines(
    first: Side, second: Side, comparison: Comparison, most: int, data: Path | None
) -> Iterator[str]:
    """Yield lines with up to `most` examples of each compared target that only one side gets right.

    Both sides' outcomes have all columns. `data` is a folder of data sets, as for `evaluate`; without it the
    lines have ids, not texts. Raises BadInput where it holds other text than was scored.
    """
    for difference in comparison.targets:
        name = difference.target
        result = first.results[name]
        languages = [row.language for row in difference.languages]
        parts = one_sided(
            target_of(result),
            _by_language(first, name, languages),
            _by_language(second, name, languages),
            most,
        )
        texts = _Texts(target_of(result), result, data)
        for winner, loser, examples in ((first, second, parts[0]), (second, first, parts[1])):
            yield ""
            yield f"{name}: only {winner.name} is right, not {loser.name}" + ("" if examples else ": none")
            for example in examples:
                yield from _example(example, (first.name, second.name), texts)


def _by_language(side: Side, target: str, languages: list[str]) -> Mapping[str, list[pa.Table]]:
    rows = cells(side.outcomes[target])
    seeds = [checkpoint.seed for checkpoint in side.results[target].checkpoints]
    return {language: [rows[seed, language] for seed in seeds] for language in languages}


def _example(example: OneSided, names: tuple[str, str], texts: _Texts) -> Iterator[str]:
    yield f"  {example.language} {shown(example.id)[1:-1]}"
    for label, text in texts.of(example.language, example.id):
        yield f"    {label}: {shown(text, _WIDTH)}"
    for name, value, answer in zip(names, example.values, example.answers, strict=True):
        given = texts.given(example.language, example.id, answer)
        yield f"    {name}: {value:.2f}{_answer_words(answer)}{f': {shown(given, _WIDTH)}' if given else ''}"


def _answer_words(answer: Answer) -> str:
    """Return what outcomes hold of an answer, in words."""
    parts = [
        f"answered {shown(answer.given, _WIDTH)[1:-1]}" if answer.given else "",
        f"right is {shown(answer.right, _WIDTH)[1:-1]}"
        if answer.right and answer.right != answer.given
        else "",
        f"right answers at ranks {', '.join(str(rank) if rank else '-' for rank in answer.ranks)}"
        if answer.ranks
        else "",
        "" if answer.margin is None else f"margin {answer.margin:.4f}",
    ]
    words = "; ".join(filter(None, parts))
    return f", {words}" if words else ""


class _Texts:
    """The texts of a target's examples, each language read once; nothing without data."""

    def __init__(self, target: Target, result: Result, data: Path | None) -> None:
        self._target, self._result, self._data = target, result, data
        self._read: dict[str, Examples] = {}

    def of(self, language: str, name: str) -> list[tuple[str, str]]:
        """Return what an example consists of, each text with its name in the data."""
        examples = self._examples(language)
        return [] if examples is None else _texts(examples, name)

    def given(self, language: str, name: str, answer: Answer) -> str:
        """Return the text of the answer that was given, where an answer is a text of the data."""
        examples = self._examples(language)
        return "" if examples is None or not answer.given else _given(examples, name, answer.given)

    def _examples(self, language: str) -> Examples | None:
        if self._data is None:
            return None
        if language not in self._read:
            name = self._target.name
            folder = self._data / name.partition(".")[2] if is_own(name) else self._data
            examples = load_examples(self._target, language, folder)
            if examples.fingerprint != self._result.data.get(language):
                raise BadInput(
                    f"{examples.source} is not the text on which {name} {language} was scored",
                    cure="name the folder of the scored data, or leave --data out",
                )
            self._read[language] = examples
        return self._read[language]


def _texts(examples: Examples, name: str) -> list[tuple[str, str]]:
    """Return the texts of the example with an id: a row of a table, a sentence, or a question."""
    from harness.data.bucc import Comparable
    from harness.data.examples import RowExamples
    from harness.data.ir_collection import Collection
    from harness.data.lareqa import NO_ANSWER, Questions

    if isinstance(examples, RowExamples):
        row = {column: values[int(name)] for column, values in examples.columns.items()}
        return [(column, _joined(value)) for column, value in row.items()]
    if isinstance(examples, Comparable):
        split = list(examples.splits.values())[-1]
        gold = [split.english[english] for foreign, english in split.gold if foreign == name]
        return [("sentence", split.foreign[name]), *(("right", text) for text in gold)]
    if isinstance(examples, Questions):
        pool, relevant = examples.pool, examples.relevant[int(name)]
        right = relevant[pool.languages.index(examples.language)]
        answers = [("right", pool.sentences[right])] if right != NO_ANSWER else []
        return [("question", examples.questions[int(name)]), *answers]
    assert isinstance(examples, Collection)  # no other class of examples is scored
    queries = examples.queries
    return [("query", queries[name] if name in queries else list(queries.values())[int(name)])]


def _given(examples: Examples, name: str, given: str) -> str:
    """Return the text of a given answer: a retrieved sentence, or the span of a passage."""
    from harness.data.bitext import Bitext
    from harness.data.bucc import Comparable
    from harness.data.question_answering import AnsweredQuestions

    if isinstance(examples, Bitext):
        return examples.foreign[int(given)]
    if isinstance(examples, Comparable):
        english = list(examples.splits.values())[-1].english
        return " | ".join(english[sentence] for sentence in given.split(", "))
    if isinstance(examples, AnsweredQuestions):
        start, end = (int(part) for part in given.removeprefix("characters ").split(" to "))
        return examples.contexts[int(name)][start:end]
    return ""


def _joined(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
