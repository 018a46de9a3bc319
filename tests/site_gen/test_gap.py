from __future__ import annotations

import numpy as np
import pytest

from harness.records import Result
from harness.statistics.entrants import Entrant
from site_gen.gap import gaps
from site_gen.leaderboard import Entry, Standing, make_board
from tests.site_gen.boards import PAIR, result, submission

MILLION = 1_000_000
ENGLISH = {"regime": "english", "tasks": ["sts"], "languages": ["en"], "examples": "10"}
MULTILINGUAL = {"regime": "multilingual", "tasks": ["sts"], "languages": ["de", "en"], "examples": "10"}


def row(size: int, regime: dict[str, object], *seeds: float, examples: float = 0.001) -> Entry:
    """Return a row whose seeds score as given, in points; its examples' standard error is a tenth of a point."""
    slug = f"{regime['regime']}-{size}"
    made: Result = result(slug, [{"de": score, "fi": score} for score in seeds], body=size * MILLION)
    scores = np.array(seeds) / 100
    entrant = Entrant(float(scores.mean()), examples**2, scores)
    return Entry(slug, submission(slug, seeds=len(seeds), intermediate=regime), (made,), entrants={PAIR.name: entrant})


def standing(*rows: Entry) -> Standing:
    return make_board(rows, (PAIR,)).standings[0]


def sizes(*differences: float) -> list[Entry]:
    """Return rows of both regimes at 10, 20, 40 … million parameters whose mean gaps are these."""
    rows = []
    for index, difference in enumerate(differences):
        rows.append(row(10 * 2**index, ENGLISH, 49.9, 50.0, 50.1))
        rows.append(row(10 * 2**index, MULTILINGUAL, *(50.0 + difference + noise for noise in (0.1, -0.1, 0.0))))
    return rows


def test_a_gap_is_told_with_its_interval_and_its_change() -> None:
    (gap,) = gaps(standing(*sizes(8.0, 6.0, 4.0, 2.0)))
    assert [(one.parameters, round(one.points, 4)) for one in gap.sizes] == [(10 * MILLION * 2**i, 8.0 - 2 * i) for i in range(4)]
    # Standard errors: 0.1 / √3 of the seeds of each side and 0.1 of the examples of each.
    assert gap.sizes[0].error == pytest.approx(np.sqrt(2 * 0.01 / 3 + 2 * 0.01))
    assert gap.decided
    assert gap.trend is not None
    assert gap.trend.slope_per_doubling == pytest.approx(-2.0)
    assert gap.sentence.startswith("In toy (sts) multilingual minus English-only is +8.0 points [+7.")
    assert "] at 10 M and +2.0 points [" in gap.sentence
    assert "; shrinking by 2.0 points [" in gap.sentence
    assert gap.sentence.endswith("] per doubling of size.")


def test_a_gap_within_its_error_is_not_decided() -> None:
    (gap,) = gaps(standing(*sizes(0.1, -0.1, 0.05)))
    assert not gap.decided
    assert gap.sentence.startswith("Not decided by these data (toy, sts): multilingual minus English-only is +0.1 points [-0.")


def test_a_growing_gap_and_one_whose_change_is_not_decided() -> None:
    assert "; growing by 2.0 points [" in gaps(standing(*sizes(2.0, 4.0, 6.0)))[0].sentence
    assert "; growing by 2.0 points [" in gaps(standing(*sizes(-2.0, -4.0, -6.0)))[0].sentence
    assert "; whether that changes with size is not decided: " in gaps(standing(*sizes(4.0, 4.1, 4.0)))[0].sentence


def test_two_sizes_have_gaps_and_no_trend() -> None:
    (gap,) = gaps(standing(*sizes(8.0, 6.0)))
    assert gap.trend is None
    assert gap.sentence.endswith("; how that changes with size takes at least three sizes.")


def test_only_runs_that_differ_in_their_languages_alone_and_have_several_seeds_make_a_gap() -> None:
    english = row(10, ENGLISH, 50.0, 50.5)
    assert gaps(standing(english, row(20, MULTILINGUAL, 52.0, 52.5))) == ()
    assert gaps(standing(english, row(10, MULTILINGUAL | {"tasks": ["mnli"]}, 52.0, 52.5))) == ()
    assert gaps(standing(english, row(10, MULTILINGUAL | {"continued_mlm": "true"}, 52.0, 52.5))) == ()
    assert gaps(standing(english, row(10, MULTILINGUAL, 52.0))) == ()
    assert len(gaps(standing(english, row(10, MULTILINGUAL | {"translated": "true"}, 52.0, 52.5)))) == 1
