from __future__ import annotations

import json

import pyarrow as pa
import pytest

from harness.records import Result
from site_gen.board.mining_curves import MinedCurve, Step, curves_json, mined_curves
from site_gen.figures.figure import Figure
from site_gen.figures.precision_recall import mined_figure, thinned
from tests.support.boards import MINED, result

ROWS = [
    (1.5, True),
    (1.4, False),
    (1.3, False),
    (1.2, True),
    (1.2, False),
    (1.1, False),
    (1.0, False),
    (0.9, True),
    (None, True),
]


def outcomes(
    rows: list[tuple[float | None, bool]] = ROWS, split: str = "dev", language: str = "de", seed: int = 0
) -> pa.Table:
    margins = [margin for margin, _ in rows]
    return pa.table(
        {
            "seed": pa.array([seed] * len(rows), pa.int32()),
            "language": [language] * len(rows),
            "split": [split] * len(rows),
            "foreign": ["f"] * len(rows),
            "english": ["e"] * len(rows),
            "margin": pa.array(margins, pa.float64()),
            "gold": [gold for _, gold in rows],
            "accepted": [margin is not None and margin >= 1.15 for margin in margins],
        }
    )


def scored(*languages: str, seeds: int = 1) -> Result:
    made = result("toy", [dict.fromkeys(languages or ("de",), 50.0)] * seeds, target=MINED)
    checkpoints = [
        checkpoint.model_copy(
            update={
                "scores": {
                    name: score.model_copy(update={"quantities": {"threshold": 1.15}})
                    for name, score in checkpoint.scores.items()
                }
            }
        )
        for checkpoint in made.checkpoints
    ]
    return made.model_copy(update={"checkpoints": tuple(checkpoints)})


def curve() -> MinedCurve:
    (found,) = mined_curves(MINED, scored(), outcomes())
    return found


def figure(made: Result, table: pa.Table) -> Figure:
    found = mined_figure(MINED, made, mined_curves(MINED, made, table), "data/x.json")
    assert found is not None
    return found


def test_a_curve_keeps_its_corners_and_what_the_threshold_accepts() -> None:
    assert curve() == MinedCurve(
        "de",
        0,
        4,
        (Step(1.5, 1, 1), Step(1.3, 3, 1), Step(1.2, 5, 2), Step(1.0, 7, 2), Step(0.9, 8, 3)),
        Step(1.15, 5, 2),
    )
    assert curve().rates(Step(1.2, 5, 2)) == (40.0, 50.0, pytest.approx(100 * 4 / 9))


def test_the_order_of_the_rows_does_not_matter() -> None:
    assert mined_curves(MINED, scored(), outcomes(ROWS[::-1])) == (curve(),)


def test_only_the_first_seed_and_the_scored_split_enter() -> None:
    noise = outcomes([(9.0, True)] * 3, split="sample")
    table = pa.concat_tables(
        [noise, outcomes(), outcomes([(9.0, True)], seed=1), outcomes([(9.0, True)], language="fi")]
    )
    assert mined_curves(MINED, scored(seeds=2), table) == (curve(),)


def test_where_nothing_is_right_there_is_no_curve() -> None:
    table = outcomes([(None, True), (None, True)])
    assert mined_curves(MINED, scored(), table) == ()
    assert mined_figure(MINED, scored(), (), "") is None


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (outcomes().drop_columns(["gold"]), "has no column 'gold'"),
        (
            outcomes().set_column(5, "margin", [["x"] * len(ROWS)]),
            "column 'margin' has values that mining does not write",
        ),
        (outcomes([(float("inf"), True)]), "column 'margin' has values that mining does not write"),
        (
            outcomes().set_column(6, "gold", [[None] * len(ROWS)]),
            "column 'gold' has values that mining does not write",
        ),
    ],
)
def test_another_table_is_refused(table: pa.Table, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mined_curves(MINED, scored(), table)


def test_the_document_holds_the_whole_curve() -> None:
    (found,) = json.loads(curves_json([curve()]))["curves"]
    assert found == {
        "language": "de",
        "seed": 0,
        "gold": 4,
        "threshold": 1.15,
        "margin": [1.5, 1.3, 1.2, 1.0, 0.9],
        "extracted": [1, 3, 5, 7, 8],
        "correct": [1, 1, 2, 2, 3],
    }


def test_the_figure_marks_the_threshold_and_says_whose_it_is() -> None:
    found = figure(scored(seeds=2), outcomes())
    assert found.title == "Mined: precision and recall at the oracle threshold"
    (line,) = found.curves
    assert [(point.x, round(point.y, 2)) for point in line.points] == [
        (25.0, 100.0), (25.0, 33.33), (50.0, 40.0), (50.0, 28.57), (75.0, 37.5),
    ]  # fmt: skip
    assert [point.hover_text for point in line.marked] == [
        ("German", "precision 40.00, recall 50.00, F1 44.44", "the oracle threshold 1.1500"),
    ]  # fmt: skip
    assert found.caption == (
        "Pairs are added by decreasing margin; the ringed symbol marks the oracle threshold.",
        "It is chosen on the scored gold pairs: no real threshold does better.",
        "The curves show seed 0, one of 2 seeds.",
        "Points closer than 0.5 to the previous one are not drawn.",
        "No curve for Finnish.",
    )
    assert [line.cells[:4] for line in found.table.lines] == [
        ("German", "threshold", "5", "2"),
        ("German", "recall of 25", "1", "1"),
        ("German", "recall of 50", "5", "2"),
        ("German", "recall of 75", "8", "3"),
    ]


def test_a_language_looks_the_same_whichever_others_are_there() -> None:
    both = figure(scored("de", "fi"), pa.concat_tables([outcomes(), outcomes(language="fi")]))
    one = figure(scored("fi"), outcomes(language="fi"))
    assert [line.mark for line in both.curves][1:] == [line.mark for line in one.curves]


def test_a_long_curve_is_thinned_for_the_drawing_and_its_table_stays_short() -> None:
    rows: list[tuple[float | None, bool]] = [(3 - index / 10_000, index % 3 != 0) for index in range(20_000)]
    made = scored()
    (long,) = mined_curves(MINED, made, outcomes(rows))
    drawn = list(thinned(long))
    assert (len(long.steps) > 13_000, len(drawn) < 500) == (True, True)
    assert (drawn[0], drawn[-1]) == (long.steps[0], long.steps[-1])
    assert len(figure(made, outcomes(rows)).table.lines) == 21
