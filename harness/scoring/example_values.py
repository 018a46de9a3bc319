"""What single examples brought: those that a side answers wrongly, and that only one of two gets right; pure.

Nothing of it needs the text: examples are named as their outcomes name them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harness.records import Target
from harness.scoring.statistics.resampling import f1
from harness.scoring.tables import TABLES, Answer, units

LEVELS = 63
"""The value of an example is kept in this many steps, so that it is one character in a file."""


class ExampleValues(NamedTuple):
    """The examples of one language: their ids, and the mean value over the seeds (n,) in steps of `LEVELS`.

    0 is wrong on every seed, `LEVELS` wholly right on every seed. Between are examples that some seeds get
    right, and those that a measure grades, such as an average precision.
    """

    ids: list[str]
    levels: NDArray[np.uint8]


class WrongAnswer(NamedTuple):
    """An example that is not wholly right: its value in points, and what the worst seed answered."""

    id: str
    value: float
    answer: Answer


class OneSided(NamedTuple):
    """An example that only one of two sides gets right: values in points, and both answers."""

    language: str
    id: str
    values: tuple[float, float]
    answers: tuple[Answer, Answer]


def example_values(target: Target, outcomes: Sequence[pa.Table]) -> ExampleValues:
    """Return the values of one language's examples, given the outcomes of each seed.

    Raises ValueError if the seeds do not have the same examples.
    """
    return ExampleValues(TABLES[target.kind].ids(outcomes), _levels(_values(target, outcomes)))


def wrong_answers(target: Target, outcomes: Sequence[pa.Table], most: int) -> tuple[list[WrongAnswer], int]:
    """Return up to `most` examples of a language that are not wholly right, the worst first, and their count.

    `outcomes` are those of each seed, with all columns. Equal values stay in the data's order.
    """
    values = _values(target, outcomes)
    levels, ids = _levels(values), TABLES[target.kind].ids(outcomes)
    order = np.argsort(levels, kind="stable")
    wrong = order[levels[order] < LEVELS]
    chosen = wrong[:most]
    worst = values.argmin(axis=0)
    return [
        WrongAnswer(ids[example], _in_points(values[:, example]), answer)
        for example, answer in zip(
            chosen.tolist(), _answers(target, outcomes, ids, chosen, worst), strict=True
        )
    ], len(wrong)


def one_sided(
    target: Target,
    first: Mapping[str, Sequence[pa.Table]],
    second: Mapping[str, Sequence[pa.Table]],
    most: int,
) -> tuple[list[OneSided], list[OneSided]]:
    """Return up to `most` examples that only the first side gets right, and those that only the second does.

    Both sides are outcomes of each seed by language, with all columns. A side gets an example right, and the
    other wrong, where their values differ by more than half. The languages take turns, the largest difference
    of each first.
    """
    by_language = [
        [list(lines) for lines in sides]
        for language in first
        if language in second
        for sides in [_one_language(target, language, first[language], second[language], most)]
    ]
    left, right = ([sides[side] for sides in by_language] for side in (0, 1))
    return _in_turn(left, most), _in_turn(right, most)


def is_decisive(difference: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which differences of levels (n,) are of more than half of the whole."""
    return np.asarray(2 * difference > LEVELS)


def _one_language(
    target: Target, language: str, first: Sequence[pa.Table], second: Sequence[pa.Table], most: int
) -> Iterator[list[OneSided]]:
    both = [*first, *second]
    ids, values = TABLES[target.kind].ids(both), _values(target, both)
    parts = values[: len(first)], values[len(first) :]
    difference = np.subtract(*(_levels(part).astype(np.int64) for part in parts))
    for sign in (1, -1):
        order = np.argsort(-sign * difference, kind="stable")
        chosen = order[is_decisive(sign * difference[order])][:most]
        answers = [
            _answers(target, tables, ids, chosen, part.argmin(axis=0))
            for tables, part in zip((first, second), parts, strict=True)
        ]
        yield [
            OneSided(
                language,
                ids[example],
                (_in_points(parts[0][:, example]), _in_points(parts[1][:, example])),
                (one, other),
            )
            for example, one, other in zip(chosen.tolist(), *answers, strict=True)
        ]


def _in_turn(by_language: Sequence[list[OneSided]], most: int) -> list[OneSided]:
    turns = max(map(len, by_language), default=0)
    taken = [lines[turn] for turn in range(turns) for lines in by_language if turn < len(lines)]
    return taken[:most]


def _values(target: Target, outcomes: Sequence[pa.Table]) -> NDArray[np.float64]:
    """Return the value of each example on each seed (seeds, n), from 0 to 1."""
    values = units(target, outcomes)
    if values.ndim == 2:
        return values
    # Where nothing is to be found and nothing is proposed, nothing is wrong.
    return np.where(values.any(axis=-1), f1(values), 1.0)


def _levels(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.asarray(np.floor(values.mean(axis=0) * LEVELS + 1e-9), dtype=np.uint8)


def _in_points(values: NDArray[np.float64]) -> float:
    return round(100 * float(values.mean()), 2)


def _answers(
    target: Target,
    outcomes: Sequence[pa.Table],
    ids: Sequence[str],
    chosen: NDArray[np.int64],
    seeds: NDArray[np.int64],
) -> list[Answer]:
    """Return what the given seed of each example answered, for the chosen examples."""
    by_example: dict[int, Answer] = {}
    for seed in np.unique(seeds[chosen]).tolist():
        examples = [example for example in chosen.tolist() if seeds[example] == seed]
        answers = TABLES[target.kind].answers(outcomes[seed], [ids[example] for example in examples])
        by_example |= dict(zip(examples, answers, strict=True))
    return [by_example[example] for example in chosen.tolist()]
