"""Outcomes that the harness would not have written, with a digest that fits: refused by name wherever they are read."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner

from harness import store
from harness.catalog import BY_NAME, find_target
from harness.cli.main import main
from harness.errors import BadInput
from harness.records import Result, Score
from harness.scoring.recount import disagreements, recount, schema_faults
from site_gen.build import gather
from tests.support.boards import result
from tests.support.folders import SUBMISSIONS
from tests.support.outcomes import as_written
from tests.support.toys import first_rows

TOY = SUBMISSIONS / "toy"
TATOEBA = find_target("tatoeba")


def written(
    target: str, columns: dict[str, list[object]], *, score: float, n: int, seed: int = 0
) -> tuple[Result, pa.Table]:
    """Return a result of one German cell with its outcomes."""
    made = result(
        "toy", [{"de": score}], target=BY_NAME[target], n=n, signature=str(BY_NAME[target].signature)
    )
    scores = {"de": Score(score=score, n=n, interval=(0, 100))}
    checkpoint = made.checkpoints[0].model_copy(update={"scores": scores, "seed": seed})
    rows = len(next(iter(columns.values())))
    table = as_written(BY_NAME[target], {"seed": [0] * rows, "language": ["de"] * rows, **columns})
    return made.model_copy(update={"checkpoints": (checkpoint,)}), table


def said(target: str, columns: dict[str, list[object]], *, score: float = 50.0, n: int = 2) -> list[str]:
    made, table = written(target, columns, score=score, n=n)
    return [*schema_faults(BY_NAME[target], table.schema)] or [*disagreements(BY_NAME[target], made, table)]


RIGHT = {"index": [0, 1], "correct": [True, False]}
CHUNKS = {"index": [0, 1], "true_positives": [1, 1], "proposed": [2, 2], "gold": [2, 2]}
PAIRS = {
    "split": ["dev"] * 3, "foreign": ["a", "b", "c"], "margin": [1.5, None, None], "gold": [True] * 3,
    "accepted": [True, False, False],
}  # fmt: skip
OUT_OF_ORDER = "seed 0 in 'de': column 'index' holds {} at its row {}, so the examples are out of order"
CONTRADICTED = "column '{}', row {}: expected {} by the other columns, found '{}'"
NOT_FINITE = "column '{}', row {}: expected a finite number, found '{}'"
NO_RANK = "column 'rank_in_language', row 1: expected a rank for {}, found a list of 11 values"
NO_FRACTION = "column 'score', row {}: expected a fraction from 0 to 1, found '{}'"


@pytest.mark.parametrize(
    ("target", "columns", "n"),
    [
        ("tatoeba", RIGHT, 2),
        ("tydiqa", {"index": [0, 1], "score": [1.0, 0.0]}, 2),
        ("panx", CHUNKS, 2),
        ("bucc2018_dev", PAIRS, 3),
    ],
)
def test_scores_that_follow_from_the_outcomes_agree(
    target: str, columns: dict[str, list[object]], n: int
) -> None:
    assert said(target, columns, n=n) == []
    assert said(target, columns, n=n, score=50.0009) == []
    unit = BY_NAME[target].unit
    assert said(target, columns, n=n, score=50.0011) == [
        "seed 0 in 'de': the result's score is 50.0011, the outcomes give 50.0000"
    ]
    assert said(target, columns, n=n + 1) == [
        f"seed 0 in 'de': the result counts {n + 1} {unit}, the outcomes hold {n}"
    ]


@pytest.mark.parametrize(
    ("target", "columns", "reasons"),
    [
        ("tatoeba", RIGHT | {"answer": [0, 0], "correct": None}, ["has no column 'correct'"]),
        ("tatoeba", RIGHT | {"answer": [0, 0], "correct": [True, None]}, ["column 'correct', row 2: the value is missing"]),
        ("tatoeba", RIGHT | {"answer": [0, 0], "correct": ["x", "y"]}, ["column 'correct' holds string, not bool"]),
        ("tatoeba", RIGHT | {"answer": [0, 0], "correct": [float("nan"), 5.0]}, ["column 'correct' holds double, not bool"]),
        ("tatoeba", RIGHT | {"answer": [0, 0], "seed": pa.array([0, None], pa.int32())}, ["column 'seed', row 2: the value is missing"]),
        ("tatoeba", RIGHT | {"seed": ["0", "0"]}, ["column 'seed' holds string, not int32"]),
        ("tatoeba", RIGHT | {"answer": [0, 0], "language": ["de", None]}, ["column 'language', row 2: the value is missing"]),
        ("tatoeba", RIGHT | {"language": [1, 1]}, ["column 'language' holds int64, not string"]),
        ("tatoeba", RIGHT | {"index": [1, 0], "answer": [1, 1]}, [OUT_OF_ORDER.format(1, 1)]),
        ("tatoeba", RIGHT | {"index": [0, 2], "answer": [0, 1]}, [OUT_OF_ORDER.format(2, 2)]),
        (
            "tatoeba", RIGHT | {"index": [0, 0], "correct": [True, True], "language": ["de", "\x1b[31mit"]},
            [
                "has rows of seed 0 in '\\x1b[31mit', for which the result has no score",
                "seed 0 in 'de': the result counts 2 pairs, the outcomes hold 1",
            ],
        ),
        (
            "tatoeba", RIGHT | {"seed": [7, 7]},
            [
                "has rows of seed 7 in 'de', for which the result has no score",
                "has no rows of seed 0 in 'de', for which the result has a score",
            ],
        ),
        (
            "tatoeba", {"index": [0, 0, 1], "correct": [True, False, True], "language": ["de", "it", "de"]},
            ["the rows of seed 0 in 'de' are not contiguous"],
        ),
        ("tydiqa", {"index": [0, 1], "score": [0.5, float("nan")]}, [NO_FRACTION.format(2, "nan")]),
        ("tydiqa", {"index": [0, 1], "score": [7e300, 0.5]}, [NO_FRACTION.format(1, "7e+300")]),
        ("tydiqa", {"index": [0, 1], "score": [-0.5, 1.5]}, [NO_FRACTION.format(1, "-0.5")]),
        ("panx", CHUNKS | {"true_positives": [-1, 3]}, [
            "column 'proposed', row 2: expected at least the true positives, found '2'",
            "column 'gold', row 2: expected at least the true positives, found '2'",
            "column 'true_positives', row 1: expected at least 0, found '-1'",
        ]),
        ("panx", CHUNKS | {"gold": [2.0, 2.0]}, ["column 'gold' holds double, not int32"]),
        ("bucc2018_dev", PAIRS | {"gold": [True, None, True]}, ["column 'gold', row 2: the value is missing"]),
        # What contradicts what was predicted, although the score is right.
        ("tatoeba", RIGHT | {"answer": [1, 1]}, [CONTRADICTED.format("correct", 1, False, True)]),
        ("tatoeba", RIGHT | {"answer": [0, 2]}, ["column 'answer', row 2: expected an index from 0 to 1, found '2'"]),
        ("tatoeba", RIGHT | {"answer": [0, -1]}, ["column 'answer', row 2: expected an index from 0 to 1, found '-1'"]),
        (
            "xquad_r",
            {"index": [0, 1], "rank_in_union": [[1] + [0] * 10, [0] * 11], "average_precision": [0.0, 1.0]},
            [CONTRADICTED.format("average_precision", 1, 1.0, 0.0), NO_RANK.format("each language that has one in the union")],
        ),
        (
            "ntrex_docs",
            {"index": [0, 1], "ranks_best": [[1], [2]], "average_precision": [0.5, 0.5]},
            [CONTRADICTED.format("average_precision", 1, 1.0, 0.5)],
        ),
        (
            "tydiqa",
            {"index": [0, 1], "exact": [True, False], "f1": [1.0, 0.0], "score": [0.0, 1.0]},
            [CONTRADICTED.format("score", 1, 1.0, 0.0)],
        ),
        (
            "tydiqa",
            {"index": [0, 1], "exact": [True, False], "f1": [0.5, 0.5], "score": [0.75, 0.25]},
            [CONTRADICTED.format("f1", 1, 1.0, 0.5)],
        ),
        ("bucc2018_dev", PAIRS | {"accepted": [False] * 3}, [CONTRADICTED.format("accepted", 1, True, False)]),
        ("bucc2018_dev", PAIRS | {"margin": [float("inf"), None, None]}, [NOT_FINITE.format("margin", 1, "inf")]),
        ("bucc2018_dev", PAIRS | {"margin": [float("nan"), None, None]}, [NOT_FINITE.format("margin", 1, "nan")]),
        ("bucc2018_dev", PAIRS | {"margin": None}, ["has no column 'margin'"]),
        (
            "bucc2018_dev", PAIRS | {"english": ["x" * 1001, "y", "z"]},
            ["column 'english', row 1: expected at most 1000 bytes, found '" + "x" * 79 + "…'"],
        ),
        (
            "panx", CHUNKS | {"tags": pa.array([["O"], ["O", None]])},
            ["column 'tags', row 2: a value is missing in it"],
        ),
        ("tatoeba", RIGHT | {"note": ["x", "y"]}, ["has a column 'note', which the harness does not write"]),
    ],
)  # fmt: skip
def test_what_the_harness_would_not_have_written_is_named(
    target: str, columns: dict[str, list[object]], reasons: list[str]
) -> None:
    assert said(target, columns) == reasons


def test_a_column_that_is_there_twice_is_named() -> None:
    _, table = written("tatoeba", RIGHT, score=50.0, n=2)
    twice = table.append_column("correct", table["correct"])
    assert [*schema_faults(TATOEBA, twice.schema)] == ["column 'correct' is there twice"]


def test_a_collection_may_leave_out_queries_that_nothing_is_judged_for() -> None:
    own = find_target("ntrex_docs")
    language = own.languages[0]

    def said_of(index: list[int]) -> list[str]:
        made = result("toy", [{language: 50.0}], target=own, n=2)
        rows = {"seed": [0, 0], "language": [language] * 2, "index": index, "average_precision": [0.5, 0.5]}
        return list(disagreements(own, made, as_written(own, rows)))

    assert said_of([0, 5]) == []
    assert said_of([5, 5]) == [
        f"seed 0 in {language!r}: column 'index' holds 5 at its row 2, so the examples are out of order"
    ]


def test_a_result_in_which_everything_failed_has_no_outcomes() -> None:
    assert (
        list(disagreements(TATOEBA, result("toy", [{"de": "out of memory"}], target=TATOEBA), pa.table({})))
        == []
    )


def test_a_seed_and_language_is_counted_again() -> None:
    assert recount(BY_NAME["panx"], pa.table(CHUNKS)) == (50.0, 2)
    assert recount(BY_NAME["bucc2018_dev"], pa.table(PAIRS)) == (50.0, 3)
    nothing = {"index": [0], "true_positives": [0], "proposed": [0], "gold": [0]}
    assert recount(BY_NAME["panx"], pa.table(nothing)) == (0.0, 1)


# ---- where outcomes are read


def flipped(table: pa.Table) -> pa.Table:
    return table.set_column(table.column_names.index("correct"), "correct", pa.array([True] * table.num_rows))


def without_one(table: pa.Table) -> pa.Table:
    return table.set_column(
        table.column_names.index("correct"), "correct", pa.array([None, *table["correct"].to_pylist()[1:]])
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (flipped, "expected False by the other columns, found 'True'"),
        (without_one, "column 'correct', row 1: the value is missing"),
    ],
)
def test_every_reader_refuses_them_by_name(
    tmp_path: Path, change: Callable[[pa.Table], pa.Table], reason: str
) -> None:
    for slug in ("toy", "other"):
        shutil.copytree(TOY, tmp_path / slug)
    path = tmp_path / "toy" / "results" / "jupyterlab.yaml"
    found = store.load_result(path)
    table = store.load_outcomes(path, found)
    for slug, outcomes in (("toy", change(table)), ("other", table)):
        store.write_result(tmp_path / slug, found.model_copy(update={"submission": slug}), outcomes)
    for command in (
        ["validate", str(tmp_path / "toy")],
        ["diff", "other", "toy", "--submissions", str(tmp_path)],
    ):
        ended = CliRunner().invoke(main, command)
        assert ended.exit_code == 3
        assert f"{path.with_suffix('.parquet')}: " in ended.output
        assert reason in ended.output
        assert "cure: stiltboard evaluate toy -t jupyterlab --overwrite measures it again" in ended.output
    with pytest.raises(BadInput) as caught:
        gather(tmp_path)
    assert any(reason in fault.message for fault in caught.value.faults)
    assert {str(fault.where) for fault in caught.value.faults} == {str(path.with_suffix(".parquet"))}


def test_what_is_left_of_a_result_agrees_with_what_is_left_of_its_outcomes() -> None:
    path = TOY / "results" / "jupyterlab.yaml"
    found = store.load_result(path)
    less, table = first_rows(found, store.load_outcomes(path, found), 5)
    assert list(disagreements(find_target("jupyterlab"), less, table)) == []
    assert np.isclose(table.num_rows, 5)
