from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from harness.records import Signature
from site_gen.board.gap import gaps
from site_gen.board.whole import WholeEntry
from tests.support.boards import ENGLISH, MILLION, MULTILINGUAL, row, sizes, standing


def test_a_gap_has_its_interval_and_its_change() -> None:
    (gap,) = gaps(standing(*sizes(8.0, 6.0, 4.0, 2.0)))
    assert [(one.parameters, round(one.points, 4)) for one in gap.sizes] == [
        (10 * MILLION * 2**i, 8.0 - 2 * i) for i in range(4)
    ]
    # Standard errors: 0.1 / √3 of the seeds of each side and 0.1 of the examples of each.
    assert gap.sizes[0].error == pytest.approx(np.sqrt(2 * 0.01 / 3 + 2 * 0.01))
    assert gap.real == gap.sizes
    assert gap.trend is not None
    assert gap.trend.points == pytest.approx(-2.0)


def test_a_gap_within_its_error_is_not_decided() -> None:
    (gap,) = gaps(standing(*sizes(0.1, -0.1, 0.05)))
    assert gap.real == ()


def test_two_sizes_have_gaps_and_no_trend() -> None:
    (gap,) = gaps(standing(*sizes(8.0, 6.0)))
    assert gap.trend is None


def test_only_runs_that_differ_in_their_languages_alone_and_have_several_seeds_make_a_gap() -> None:
    english = row(10, ENGLISH, 50.0, 50.5)
    assert gaps(standing(english, row(20, MULTILINGUAL, 52.0, 52.5))) == ()
    assert gaps(standing(english, row(10, MULTILINGUAL | {"tasks": ["mnli"]}, 52.0, 52.5))) == ()
    assert gaps(standing(english, row(10, MULTILINGUAL | {"continued_mlm": "true"}, 52.0, 52.5))) == ()
    assert gaps(standing(english, row(10, MULTILINGUAL, 52.0))) == ()
    assert len(gaps(standing(english, row(10, MULTILINGUAL | {"translated": "true"}, 52.0, 52.5)))) == 1


def named(made: WholeEntry, slug: str) -> WholeEntry:
    return replace(made, slug=slug, results=(made.results[0].model_copy(update={"submission": slug}),))


def encoded(made: WholeEntry, how: str) -> WholeEntry:
    signature = Signature.parse(str(made.results[0].signature).replace("h2.mean|prefix=", how))
    return replace(made, results=(made.results[0].model_copy(update={"signature": signature}),))


def test_a_row_of_one_seed_hides_none_of_several() -> None:
    rows = [row(10, ENGLISH, 49.9, 50.0, 50.1), row(10, MULTILINGUAL, 52.9, 53.0, 53.1)]
    for worst in (45.0, 70.0):
        (gap,) = gaps(
            standing(
                *rows,
                named(row(10, ENGLISH, worst), "a-single"),
                named(row(10, MULTILINGUAL, worst), "b-single"),
            )
        )
        assert [(one.english.slug, one.multilingual.slug) for one in gap.sizes] == [
            ("english-10", "multilingual-10")
        ]
        assert gap.unused == ()


def test_one_pair_stands_for_a_size_chosen_by_seeds_and_name_and_the_others_are_named() -> None:
    four = row(10, ENGLISH, 49.9, 50.0, 50.1, 50.0)
    multilingual = row(10, MULTILINGUAL, 52.9, 53.0, 53.1, 53.0)
    better, same = (
        named(row(10, ENGLISH, 53.9, 54.0, 54.1), "a-better"),
        named(row(10, MULTILINGUAL, 70.0, 70.1, 70.2, 70.3), "zebra"),
    )
    (gap,) = gaps(standing(four, multilingual, better, same))
    assert [(one.english.slug, one.multilingual.slug) for one in gap.sizes] == [
        ("english-10", "multilingual-10")
    ]
    assert gap.unused == ("a-better", "zebra")


def test_translated_tasks_are_a_recipe_of_their_own() -> None:
    translated = named(row(10, MULTILINGUAL | {"translated": "true"}, 55.9, 56.0, 56.1), "translated")
    found = gaps(standing(*sizes(3.0), translated))
    assert [(gap.recipe, [one.multilingual.slug for one in gap.sizes]) for gap in found] == [
        ("sts", ["multilingual-10"]),
        ("sts, translated", ["translated"]),
    ]


def test_each_kind_of_batches_has_its_own_gap_against_english() -> None:
    kinds = ("mixed", "crosslingual", "hybrid")
    rows = [named(row(10, MULTILINGUAL | {"batches": kind}, 52.9, 53.0, 53.1), kind) for kind in kinds]
    found = gaps(standing(row(10, ENGLISH | {"batches": "english"}, 49.9, 50.0, 50.1), *rows))
    assert [(gap.recipe, [one.multilingual.slug for one in gap.sizes], gap.unused) for gap in found] == [
        (f"sts, {kind} batches", [kind], ()) for kind in sorted(kinds)
    ]


def test_other_objectives_make_no_gap_and_are_named() -> None:
    objectives = {"objectives": ["pair_ranking"]}
    english, multilingual = (row(10, regime, 50.0, 50.5) for regime in (ENGLISH, MULTILINGUAL | objectives))
    assert gaps(standing(english, multilingual)) == ()
    (gap,) = gaps(standing(row(10, ENGLISH | objectives, 50.0, 50.5), multilingual))
    assert gap.recipe == "sts (pair ranking)"
    with pytest.raises(ValidationError, match="2 objectives for 1 tasks: one for each"):
        row(10, ENGLISH | {"objectives": ["head", "head"]}, 50.0)


@pytest.mark.parametrize("how", ["h2.cls|prefix=", "h1.mean|prefix=", "h2.mean|prefix=query: "])
def test_rows_that_are_read_in_another_way_are_no_pair(how: str) -> None:
    english, multilingual = sizes(3.0)
    assert gaps(standing(english, encoded(multilingual, how))) == ()
    assert len(gaps(standing(encoded(english, how), encoded(multilingual, how)))) == 1


def test_the_sizes_that_hold_are_named() -> None:
    (gap,) = gaps(standing(*sizes(0.0, 3.0, -0.01)))
    assert [one.parameters for one in gap.real] == [20 * MILLION]
