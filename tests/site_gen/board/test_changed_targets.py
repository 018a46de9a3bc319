"""Rows on corrected text or by a former protocol stand below, unranked, and say so; earlier scores stay shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness import store
from harness.catalog import TARGETS
from harness.catalog.pins import FORMER_PINS
from harness.records import FormerPin, ProtocolChange, Retirement, Submission, Superseded, Target
from harness.records.result import TRAINING_TEXT
from harness.store.supersession import supersede
from harness.upkeep.rescoring import rescore
from site_gen.board.averages import xtreme_average
from site_gen.board.board import Board
from site_gen.board.target_labels import target_label
from site_gen.build import gather, site_files
from tests.support.boards import PAIR, entry, make_board, reported, submission
from tests.support.changed_targets import (
    DAY,
    REASON,
    TARGET,
    StrictTable,
    board,
    changed_target,
    corrected_text,
    second_version,
    with_table,
)

OLD = FormerPin(digest="a" * 64, until=DAY, reason=REASON)


def reasons(shown: Board, standing: int = 0) -> list[tuple[str, int | None, str]]:
    chosen = shown.standings[standing]
    return [(row.slug, chosen.cell(row).rank, chosen.cell(row).reason) for row in chosen.rows]


def test_rows_on_the_text_of_before_are_below_and_say_so_however_many_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(FORMER_PINS, "pair", {"de": (OLD,), "fi": (OLD,)})  # type: ignore[arg-type]
    rows = [entry(f"old-{number}", {"de": 90, "fi": 90}, data="a") for number in range(3)]
    shown = make_board([*rows, entry("new", {"de": 10, "fi": 20}, data="b")], (PAIR,))
    why = "measured on the text of before 2026-05-01 in German and Finnish (two pairs were doubled)"
    assert reasons(shown) == [("new", 1, ""), *((f"old-{number}", None, why) for number in range(3))]


def test_the_majority_decides_only_where_no_correction_is_on_record() -> None:
    rows = [entry(f"most-{number}", {"de": 90, "fi": 90}, data="a") for number in range(2)]
    shown = make_board([*rows, entry("new", {"de": 10, "fi": 20}, data="b")], (PAIR,))
    assert [rank for _, rank, _ in reasons(shown)] == [1, 1, None]


def test_corrections_of_several_days_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    earlier = FormerPin(digest="a" * 64, until="2026-02-01", reason="a line was cut.", n=5)
    monkeypatch.setitem(FORMER_PINS, "pair", {"de": (OLD,), "fi": (earlier,)})  # type: ignore[arg-type]
    (_, _, why) = reasons(make_board([entry("old", {"de": 90, "fi": 90}, data="a")], (PAIR,)))[0]
    assert why == (
        "measured on the text of before 2026-05-01 in German (two pairs were doubled); "
        "measured on the text of before 2026-02-01 in Finnish (a line was cut)"
    )


def test_a_head_trained_on_the_english_text_of_before_is_not_ranked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMER_PINS, "pair", {TRAINING_TEXT: (OLD,)})  # type: ignore[arg-type]
    (row,) = [entry("old", {"de": 90, "fi": 90})]
    (result,) = row.results
    head = {
        "digest": f"sha256:{'1' * 64}",
        "training": f"sha256:{'a' * 64}",
        "examples": 1,
        "steps": 1,
        "dev": 1,
    }
    from harness.records import Head

    checkpoint = result.checkpoints[0].model_copy(update={"head": Head.model_validate(head)})
    trained = result.model_copy(update={"checkpoints": (checkpoint,)})
    from dataclasses import replace

    shown = make_board([replace(row, results=(trained,))], (PAIR,))
    assert reasons(shown)[0][2] == (
        "fine-tuned on the English text of before 2026-05-01 (two pairs were doubled)"
    )


def second(target: Target = PAIR) -> Target:
    changes = (ProtocolChange(version=2, date=DAY, reason="ties were counted as hits."),)
    return target.model_copy(update={"version": 2, "changes": changes})


def test_rows_by_a_former_protocol_are_below_and_say_so_complete_or_not() -> None:
    target = second()
    shown = make_board(
        [
            entry("old", {"de": 90, "fi": 90}),
            entry("half", {"de": 90, "fi": "no memory"}),
            entry("new", {"de": 10, "fi": 20}, target=target),
        ],
        (target,),
    )
    why = "measured by protocol v1, now it is v2 of 2026-05-01: ties were counted as hits"
    assert reasons(shown) == [("new", 1, ""), ("old", None, why), ("half", None, why)]


def test_a_published_number_is_not_the_score_of_a_later_version() -> None:
    numbers = {"pair": {"means": {"accuracy": 77.0}}}
    rows = [reported("first", numbers), reported("second", {"pair": {**numbers["pair"], "version": "2"}})]
    cells = [row.cells["pair"] for row in make_board(rows, (PAIR,)).reported]
    assert [(cell.score, cell.reason) for cell in cells] == [(77.0, ""), (None, "by protocol v2")]
    cells = [row.cells["pair"] for row in make_board(rows, (second(),)).reported]
    assert [(cell.score, cell.reason) for cell in cells] == [(None, "by protocol v1"), (77.0, "")]


# ---- retired targets -------------------------------------------------------------------------------


def test_a_retired_target_keeps_its_ranks_and_counts_towards_no_average() -> None:
    retirement = Retirement(date=DAY, reason="solved.", superseded_by="xnli")
    retired = PAIR.model_copy(update={"retired": retirement})
    shown = make_board([entry("one", {"de": 90, "fi": 90}, target=retired)], (retired,))
    assert reasons(shown) == [("one", 1, "")]
    assert not retired.in_xtreme
    assert xtreme_average([(retired, 50.0)]).covered == 0
    label = target_label(retired)
    assert (label.tag, label.note) == (
        "retired",
        "Retired on 2026-05-01: solved. xnli replaces it. Its results and ranks stay as they are, and count "
        "towards no average.",
    )
    assert shown.benchmark == ()


# ---- earlier scores --------------------------------------------------------------------------------


def test_each_earlier_score_is_beside_the_one_that_replaced_it() -> None:
    row = entry("one", {"de": 10.0, "fi": 20.0})
    (result,) = row.results
    entries = (
        Superseded(target="pair", outcomes="1" * 64, reason="other pairs", date="2026-03-01", score=30.0, version=1),
        Superseded(target="pair", outcomes="2" * 64, reason="ties", date=DAY, score=12.5, version=1),
        Superseded(target="pair", outcomes="2" * 64, reason="more ties", date=DAY, score=13.0, version=2),
        Superseded(target="show", outcomes="3" * 64, reason="withdrawn"),
    )  # fmt: skip
    from dataclasses import replace

    declared = submission("One").model_copy(update={"supersedes": entries})
    history = make_board([replace(row, submission=declared)], (PAIR,)).rows[0].history
    assert [(earlier.what, earlier.entry.score, earlier.after) for earlier in history] == [
        ("replaced", 30.0, 12.5),
        ("scored again", 12.5, 13.0),
        ("replaced", 13.0, result.score),
        ("removed", None, None),
    ]


@pytest.fixture
def submissions(tmp_path: Path) -> Path:
    return board(tmp_path / "submissions", "mine")


def page(submissions: Path) -> str:
    """Return a submission's page, its text alone."""
    html = site_files(gathered(submissions))["submissions/mine.html"].decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))


def gathered(submissions: Path) -> Board:
    from site_gen.board.ranking import make_board as rank

    changed = tuple(store_target(target.name) for target in TARGETS)
    return rank(gather(submissions), changed)


def store_target(name: str) -> Target:
    from harness.catalog import BY_NAME

    return BY_NAME[name]


def test_the_page_says_what_will_be_replaced_and_why(
    submissions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corrected_text(monkeypatch, "de")
    supersede(submissions / "mine", TARGET, "the text was corrected", "2026-06-01")
    text = page(submissions)
    assert "jupyterlab, to be replaced on 2026-06-01, protocol v1: the text was corrected." in text


def test_the_page_has_the_score_before_and_after_a_protocol_was_fixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.catalog import BY_NAME

    submissions = board(tmp_path / "submissions", "mine", languages=BY_NAME[TARGET].languages)
    path = submissions / "mine/results/jupyterlab.yaml"
    with_table(monkeypatch, StrictTable())
    changed_target(monkeypatch, **second_version())
    before = store.load_result(path).score
    assert before is not None
    assert "Not ranked: measured by protocol v1, now it is v2 of 2026-05-01" in page(submissions)
    rescored = rescore(submissions / "mine", TARGET, "2026-06-01T00:00:00Z")
    assert rescored is not None
    after = rescored.after.score
    assert after is not None
    assert after < before
    text = page(submissions)
    reason = "protocol v2: ties were counted as hits"
    assert f"Before 2026-06-01: {before:.2f}, then {after:.2f}; replaced ({reason})." in text
    assert (
        f"jupyterlab, replaced on 2026-06-01, score {before:.2f} → {after:.2f}, protocol v1: {reason}" in text
    )
    assert "Not ranked" not in text
    submission = store.load_submission(submissions / "mine")
    assert isinstance(submission, Submission)
    assert submission.supersedes[0].score == before


def test_a_language_that_was_added_takes_the_rank_until_it_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.catalog import BY_NAME

    languages = BY_NAME[TARGET].languages
    submissions = board(tmp_path / "submissions", "mine", languages=languages)
    changed_target(monkeypatch, languages=(*languages, "nl"), added={"nl": DAY})
    shown = gathered(submissions)
    (standing,) = [standing for standing in shown.standings if standing.target.name == TARGET]
    cell = standing.cell(standing.rows[0])
    assert (cell.rank, cell.score, cell.reason) == (None, None, "no score for Dutch")
    assert "No score: 12 of 13 languages were measured on every seed" in page(submissions)


def test_a_score_that_was_added_later_is_a_dash_on_the_page(
    submissions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.catalog import BY_NAME

    html = site_files(gathered(submissions))["submissions/mine.html"].decode()
    dashes = html.count('<td class="number">–</td>')
    secondary = (*BY_NAME[TARGET].secondary, "both")
    changed_target(monkeypatch, secondary=secondary, added={"both": DAY})
    html = site_files(gathered(submissions))["submissions/mine.html"].decode()
    assert html.count('<td class="number">–</td>') == dashes + 2  # it and de
