"""Outcomes → the examples of each language, for pages: ids and numbers, no text; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.characters import visible
from harness.records import Result, Target
from harness.scoring.example_values import ExampleValues, WrongAnswer, example_values, wrong_answers
from harness.scoring.outcomes import cells
from site_gen.formatting import language_name

if TYPE_CHECKING:
    import pyarrow as pa

# A page lists so many examples of a language; all of them are in the outcomes.
LISTED_EXAMPLES = 10
# Ids and answers are a submission's words: no more of them than this, in characters, reaches a page.
ID_WIDTH = 64
_ANSWER_WIDTH = 300
_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@dataclass(frozen=True)
class LanguageExamples:
    """One language that every seed measured: values, the worst answers, and the count of all wrong ones."""

    language: str
    values: ExampleValues
    wrong: tuple[WrongAnswer, ...]
    count: int


def language_examples(target: Target, result: Result, outcomes: pa.Table) -> tuple[LanguageExamples, ...]:
    """Return the examples of each language that every seed of a result measured.

    Raises ValueError where the seeds do not have the same examples.
    """
    rows = cells(outcomes)
    tables: Mapping[str, list[pa.Table]] = {
        language: [
            rows[checkpoint.seed, language]
            for checkpoint in result.checkpoints
            if (checkpoint.seed, language) in rows
        ]
        for language in target.languages
    }
    return tuple(
        LanguageExamples(language, example_values(target, seeds), tuple(wrong), count)
        for language, seeds in tables.items()
        if seeds and len(seeds) == len(result.checkpoints)
        for wrong, count in [wrong_answers(target, seeds, LISTED_EXAMPLES)]
    )


def examples_js(slug: str, target: str, examples: Sequence[LanguageExamples]) -> bytes:
    """Return a script that hands the examples to the pages; a page opened from disk may load nothing else."""
    languages = [_language(language) for language in examples]
    arguments = ",".join(
        json.dumps(argument, ensure_ascii=False, separators=(",", ":"))
        for argument in (slug, target, languages)
    )
    return f"stiltboardExamples({arguments});\n".encode()


def _language(examples: LanguageExamples) -> dict[str, object]:
    """Return one language: `values` has a character per example; no `ids` where they count from 0."""
    ids = examples.values.ids
    numbered = ids == [str(number) for number in range(len(ids))]
    return {
        "language": examples.language,
        "name": language_name(examples.language),
        "values": "".join(_DIGITS[level] for level in examples.values.levels.tolist()),
        **({} if numbered else {"ids": [_cut(name, ID_WIDTH) for name in ids]}),
        "count": examples.count,
        "wrong": [_wrong(line) for line in examples.wrong],
    }


def _wrong(line: WrongAnswer) -> list[object]:
    """Return [id, value in points, given, right, ranks of the right answers, margin]."""
    answer = line.answer
    given, right = (_cut(text, _ANSWER_WIDTH) for text in (answer.given, answer.right))
    return [_cut(line.id, ID_WIDTH), line.value, given, right, list(answer.ranks), answer.margin]


def _cut(text: str, width: int) -> str:
    """Return a text with escapes for what is invisible, cut to `width`."""
    clean = visible(text)
    return clean if len(clean) <= width else f"{clean[: width - 1]}…"
