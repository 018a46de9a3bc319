"""The answer in sentences: what a reader is told, and nothing that the numbers do not say."""

from __future__ import annotations

from site_gen.board.answer_lines import AnswerLines, answer_lines
from site_gen.board.gap import gaps
from site_gen.board.gap_by_language import gaps_in_language, language_gaps
from site_gen.board.whole import WholeEntry
from tests.support.boards import ENGLISH, MULTILINGUAL, row, sizes, standing

UNTRAINED: dict[str, object] = {"regime": "none"}


def told(*rows: WholeEntry) -> AnswerLines:
    found = answer_lines(standing(*rows))
    assert found is not None
    return found


def test_a_decided_gap_is_told_with_its_sizes_and_how_it_moves() -> None:
    found = told(*sizes(8.0, 6.0, 4.0, 2.0))
    assert found.sentence.startswith(
        "On Pair, after sts, multilingual training is better at 2 layers, 10 M parameters, "
    )
    effect, together, trend = found.lines
    assert (effect.mark, effect.about) == ("●", "After sts")
    assert (together.mark, together.about) == ("●", "sts, all sizes together")
    assert together.text.startswith(
        "multilingual minus English-only is +5.0 points on the mean of the four sizes ("
    )
    assert "Beyond chance" in together.text
    assert effect.text.startswith("multilingual is ahead by +8.0 points (+7.")
    assert effect.text.endswith("Beyond chance, allowing for four sizes tested (largest p < 0.0001).")
    assert (trend.mark, trend.about) == ("●", "sts, with size")
    assert trend.text.startswith("the gap changes by −2.0 points (−2.")
    assert trend.text.endswith(" per doubling of the model. Beyond chance.")
    assert found.basis.startswith("toy, 2 layers, 10 M to 2 layers, 80 M; Pair in 2 languages; 3 seeds each.")


def test_one_size_beyond_chance_is_no_answer_for_all_sizes() -> None:
    assert told(*sizes(-3.0, 3.0, 0.0)).sentence == (
        "On Pair, after sts, English-only training is better at 2 layers, 10 M parameters; "
        "after sts, multilingual training is better at 2 layers, 20 M. Over all sizes together it is open."
    )
    assert told(*sizes(8.0, 6.0, 7.0)).sentence.endswith(
        "Over all sizes together, multilingual training is better after sts."
    )


def test_an_open_gap_says_so_with_its_trend_and_no_minus_zero() -> None:
    found = told(*sizes(0.1, -0.1, 0.04))
    assert found.sentence == "On Pair, after sts, neither is beyond chance."
    effect, together, trend = found.lines
    assert (effect.mark, together.mark, trend.mark) == ("○", "○", "○")
    assert effect.text == (
        "multilingual is ahead at 2 of 3 sizes, by −0.1 to +0.1 points. "
        "Open: each can be chance, allowing for three sizes tested."
    )
    assert trend.text.endswith("per doubling of the model. Open.")
    assert "−0.0" not in "".join(line.text for line in told(*sizes(0.0, 3.0, -0.01)).lines)


def test_two_sizes_have_no_trend_and_english_can_be_ahead() -> None:
    effect, _together, trend = told(*sizes(-8.0, 6.0)).lines
    assert effect.text.startswith("English-only is ahead by +8.0 points (+7.")
    assert "multilingual is ahead by +6.0 points" in effect.text
    assert trend.text == "a change with size needs at least three sizes."


def test_what_both_regimes_lose_to_is_said() -> None:
    found = told(row(10, UNTRAINED, 89.9, 90.0, 90.1), *sizes(3.0))
    assert found.sentence.endswith(
        "After sts, either training is below no intermediate training at every size."
    )
    (loss,) = [line for line in found.lines if line.mark == "▼"]
    assert loss.about == "sts, against no intermediate training"
    assert loss.text == (
        "English-only is 40.0 points below, beyond chance at 1 of 1 size; "
        "multilingual is 37.0 points below, beyond chance at 1 of 1 size."
    )
    better = told(row(10, UNTRAINED, 19.9, 20.0, 20.1), *sizes(3.0))
    assert "below" not in better.sentence
    assert [line.mark for line in better.lines] == ["●", "●"]


def test_one_size_is_tested_as_diff_tests_it_and_says_nothing_of_all_sizes() -> None:
    found = standing(*sizes(3.0))
    (gap,) = gaps(found)
    assert gap.p_together == (gap.sizes[0].p,)
    single = answer_lines(found)
    assert single is not None
    assert [line.about for line in single.lines] == ["After sts"]
    assert (
        single.sentence == "On Pair, after sts, multilingual training is better at 2 layers, 10 M parameters."
    )


def test_a_pair_that_was_trained_once_is_told_as_not_tested() -> None:
    other = {"tasks": ["xnli_dev"]}
    pairs = [row(size, regime | other, score) for size in (40, 20)
             for regime, score in ((ENGLISH, 50.0), (MULTILINGUAL, 50.0 + size / 10))]  # fmt: skip
    *_, last = told(*sizes(3.0, 5.0), *pairs).lines
    assert (last.mark, last.about) == ("○", "After XNLI (dev set)")
    assert last.text == (
        "multilingual minus English-only is +2.0 at 2 layers, 20 M and +4.0 at 2 layers, 40 M. "
        "Not tested: trained once, and another training may differ."
    )


def test_languages_that_were_trained_on_are_apart_from_the_others() -> None:
    (gaps,) = language_gaps(standing(*sizes(3.0, 5.0)))
    assert (gaps.trained, gaps.other) == (("de",), ("fi",))
    assert [line.size for line in gaps.lines] == ["2 layers, 10 M", "2 layers, 20 M"]
    assert [round(line.differences["de"], 6) for line in gaps.lines] == [3.0, 5.0]
    assert {language: round(mean, 6) for language, mean in gaps.means.items()} == {"de": 4.0, "fi": 4.0}


def test_one_language_says_its_difference_by_size_and_whether_it_was_trained_on() -> None:
    pair = standing(*sizes(3.0, 5.0))
    (german, finnish) = (gaps_in_language(pair, code) for code in ("de", "fi"))
    assert german is not None
    assert finnish is not None
    assert german.sizes == ("2 layers, 10 M", "2 layers, 20 M")
    assert [one.recipes[0].is_trained for one in (german, finnish)] == [True, False]
    assert [round(value, 6) for value in german.recipes[0].differences.values()] == [3.0, 5.0]
    assert gaps_in_language(standing(row(10, UNTRAINED, 50.0, 50.1)), "de") is None
