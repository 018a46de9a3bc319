"""Rows that were renamed, corrected, measured again, disputed and withdrawn: their pages and files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.records import Checkpoint, Notice, NoticeKind, Parameters, Tombstone, VerifiedResult
from harness.store.notices import add_notice, lift_notices
from site_gen.board.board import Board
from site_gen.board.entry import WithdrawnEntry
from site_gen.board.gap import gaps
from site_gen.board.trust import Trust
from site_gen.board.unpublished import only_submitters_have, unpublished_weights
from site_gen.board.whole import WholeEntry
from site_gen.build import Builder, gather, site_files
from site_gen.exports.schema import Leaderboard
from tests.support.boards import ENGLISH, MULTILINGUAL, PAIR, entry, make_board, reported, result, submission
from tests.support.boards import row as sized
from tests.support.folders import tree
from tests.support.lives import GONE, GONE_BEFORE, NEW, OLD, RETIRED, lived

BASE = "https://user.github.io/board/"
DISPUTED = "disputed since 2026-11-20: two of three seeds cannot be reproduced with the published recipe"


def notice(kind: str, **more: object) -> Notice:
    return Notice.model_validate(
        {"kind": NoticeKind(kind), "date": "2026-03-02T09:14:07Z", "reason": "it was seen.", **more}
    )


def noticed(slug: str, score: float, *notices: Notice) -> WholeEntry:
    return WholeEntry(slug, submission(slug), (result(slug, [{"de": score, "fi": score}]),), notices=notices)


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Board:
    return make_board(gather(lived(tmp_path_factory.mktemp("life") / "submissions")))


@pytest.fixture(scope="module")
def files(board: Board) -> dict[str, bytes]:
    return site_files(board, BASE)


@pytest.mark.parametrize("kind", ["disputed", "contaminated", "retired"])
def test_a_result_under_a_notice_is_shown_last_without_a_rank(kind: str) -> None:
    board = make_board([noticed("best", 90.0, notice(kind)), noticed("other", 50.0)], (PAIR,))
    (standing,) = board.standings
    assert [(row.slug, standing.cell(row).rank, standing.cell(row).score) for row in standing.rows] == [
        ("other", 1, 50.0),
        ("best", None, 90.0),
    ]
    assert standing.cell(standing.rows[1]).reason == f"{kind} since 2026-03-02: it was seen"
    assert standing.cell(standing.rows[0]).ranks == (1, 1)


@pytest.mark.parametrize(
    "other",
    [
        notice("weights-gone"),
        notice("disputed", lifted="2026-04-02T09:14:07Z"),
        notice("disputed", targets=("tatoeba",)),
    ],
)
def test_a_result_that_no_notice_objects_to_keeps_its_rank(other: Notice) -> None:
    board = make_board([noticed("best", 90.0, other), noticed("other", 50.0)], (PAIR,))
    assert [row.slug for row in board.standings[0].ranked] == ["best", "other"]


def test_all_objections_are_named_once_each() -> None:
    notices = (notice("disputed"), notice("contaminated"), notice("disputed", reason="again"))
    trust = Trust(notices=notices)
    assert trust.flag == "disputed, contaminated"
    assert trust.objection.count("since 2026-03-02") == 3


def test_the_text_of_a_retired_row_does_not_decide_which_text_is_ranked() -> None:
    def on(slug: str, data: str, *notices: Notice) -> WholeEntry:
        return WholeEntry(
            slug, submission(slug), (result(slug, [{"de": 5.0, "fi": 5.0}], data=data),), notices=notices
        )

    retired = [on(slug, "a", notice("retired")) for slug in ("one", "two")]
    board = make_board([*retired, on("now", "b")], (PAIR,))
    assert [row.slug for row in board.standings[0].ranked] == ["now"]


def test_gaps_leave_a_disputed_row_out() -> None:
    rows = [sized(10, ENGLISH, 49.9, 50.1), sized(10, MULTILINGUAL, 59.9, 60.1)]
    disputed = WholeEntry(**{**vars(rows[1]), "notices": (notice("disputed"),)})
    assert len(gaps(make_board(rows, (PAIR,)).standings[0])) == 1
    assert gaps(make_board([rows[0], disputed], (PAIR,)).standings[0]) == ()


def test_a_disputed_row_says_so_wherever_its_score_is_shown(files: dict[str, bytes]) -> None:
    mark = f'<span class="seen" title="{DISPUTED}"><span aria-hidden="true">disputed</span>'
    link = '<a href="https://example.org/board/issues/17">Where this is discussed</a>'
    page = files[f"submissions/{NEW}.html"].decode()
    assert page.count(mark) == 1 and f"Not ranked: {DISPUTED}." in page
    assert page.count(link) == 2
    for path in ("index.html", "targets/tatoeba.html", "families/lodestar.html"):
        assert mark in files[path].decode(), path
    for path in ("index.html", "targets/tatoeba.html"):
        assert f"</a>: {DISPUTED}. {link}</li>" in files[path].decode(), path
    language = files["languages/ar.html"].decode()
    assert f"lodestar; {DISPUTED}</span>" in language
    assert json.dumps(["disputed", DISPUTED], separators=(",", ":")) in files["data/rows.js"].decode()
    curves = files["data/curves/tatoeba.js"].decode()
    assert f"submissions/{NEW}.html" not in curves and "submissions/lodestar-s-english.html" in curves
    line = next(
        line
        for line in csv.DictReader(io.StringIO(files["data/targets/tatoeba.csv"].decode(), newline=""))
        if line["submission"] == NEW
    )
    assert (line["rank"], line["unranked_because"]) == ("", DISPUTED)


def test_the_page_lists_all_notices_and_at_its_top_those_that_hold(files: dict[str, bytes]) -> None:
    page = files[f"submissions/{NEW}.html"].decode()
    top, _, rest = page.partition('<h2 id="scores">')
    assert "<strong>Disputed</strong> on Tatoeba since 2026-11-20: two of three" in top
    assert "Weights gone" not in top
    assert "<strong>Weights gone</strong> since 2026-06-01, until 2026-06-08: the Hub has no" in rest
    retired = files[f"submissions/{RETIRED}.html"].decode()
    assert f"<strong>Retired</strong> since 2026-09-01: {NEW} has taken its place. Not ranked" in retired


def test_weights_that_are_gone_are_a_mark_on_the_page_of_a_ranked_row() -> None:
    files = site_files(make_board([noticed("toy", 5.0, notice("weights-gone"))], (PAIR,)))
    page = files["submissions/toy.html"].decode()
    top = page.partition('<h2 id="scores">')[0]
    assert "<strong>Weights gone</strong> since 2026-03-02: it was seen.</p>" in top
    assert ">rank 1</span>" in page


def test_the_page_says_which_run_measured_what(board: Board, files: dict[str, bytes]) -> None:
    page = files[f"submissions/{NEW}.html"].decode()
    assert (
        "<strong>Measured under different conditions.</strong> On 2026-03-02 34 languages, on 2026-10-19 "
        "Javanese and Swahili. What differs: stiltboard 0.1.0 and 0.3.0, torch 2.10.0 and 2.12.1, "
        "transformers 4.57.1 and 5.23.0." in page
    )
    assert "<p>Measured with stiltboard 0.1.0 and 0.3.0.</p>" in page
    assert "Measured under different conditions" not in files["submissions/lodestar-s-english.html"].decode()
    (row,) = (row for row in board.rows if row.slug == NEW)
    assert row.cells["tatoeba"].result.mixed["versions.torch"] == ("2.10.0", "2.12.1")


def test_the_data_file_has_notices_what_is_mixed_and_what_was_withdrawn(files: dict[str, bytes]) -> None:
    read = Leaderboard.model_validate_json(files["data/leaderboard.json"])
    rows = {row.slug: row for row in read.submissions}
    assert [(notice.kind, notice.lifted) for notice in rows[NEW].notices] == [
        (NoticeKind.WEIGHTS_GONE, "2026-06-08T05:00:00Z"),
        (NoticeKind.DISPUTED, None),
    ]
    assert rows[NEW].submission.aliases == (OLD,)
    assert rows[NEW].targets["tatoeba"].unranked_because == DISPUTED
    assert rows[NEW].targets["tatoeba"].mixed["versions.transformers"] == ("4.57.1", "5.23.0")
    assert [(stone.submission, stone.aliases) for stone in read.withdrawn] == [(GONE, (GONE_BEFORE,))]
    others = json.loads(files["data/leaderboard.json"])["submissions"]
    assert [row["slug"] for row in others if "notices" in row] == [NEW, RETIRED]


def test_a_former_slug_leads_to_the_row_and_its_files_are_still_there(files: dict[str, bytes]) -> None:
    page = files[f"submissions/{OLD}.html"].decode()
    assert f'<meta http-equiv="refresh" content="0; url={NEW}.html">' in page
    assert f'<link rel="canonical" href="{BASE}submissions/{NEW}.html">' in page
    assert f'<a href="{NEW}.html">{NEW}</a>' in page
    assert f"<code>{NEW}</code>, formerly <code>{OLD}</code>" in files[f"submissions/{NEW}.html"].decode()
    for path in (
        "data/results/{}.json",
        "data/model-cards/{}.yaml",
        "data/mteb/Tatoeba/{}.json",
        "cards/{}.png",
    ):
        assert files[path.format(OLD)] == files[path.format(NEW)], path
    assert f'{{"{OLD}":"{NEW}"}}' in files["data/compare.js"].decode()
    assert f'url={GONE}.html"' in files[f"submissions/{GONE_BEFORE}.html"].decode()
    listed = files["sitemap.xml"].decode()
    assert [slug for slug in (OLD, NEW, GONE, GONE_BEFORE) if f"/{slug}.html<" in listed] == [NEW]


def test_files_named_for_a_target_move_with_their_slug_alone() -> None:
    from site_gen import paths

    for slug in ("results", "tatoeba", "data"):
        made = [paths.curves(slug, "tatoeba"), paths.results(slug), paths.mteb(slug)]
        assert [paths.under_former_slug(path, slug, "old") for path in made] == [
            "data/precision-recall/old/tatoeba.json",
            "data/results/old.json",
            "data/mteb/Tatoeba/old.json",
        ]


def test_a_former_slug_that_another_row_has_leads_nowhere_else() -> None:
    def aliased(slug: str, *aliases: str) -> WholeEntry:
        return WholeEntry(slug, submission(slug, aliases=aliases), (result(slug, [{"de": 5.0, "fi": 5.0}]),))

    old = reported("paper", {"pair": {"means": {"accuracy": "99"}}})
    stone = Tombstone(schema_=1, submission="gone", date="2026-03-02T09:14:07Z", reason="x", aliases=("d",))
    board = make_board(
        [aliased("a", "b", "paper", "gone", "c"), aliased("b", "c", "d"), old, WithdrawnEntry("gone", stone)],
        (PAIR,),
    )
    assert board.former_slugs == {"c": "a", "d": "b"}
    files = site_files(board)
    assert b"refresh" not in files["submissions/b.html"] + files["submissions/paper.html"]
    assert b"withdrawn on" in files["submissions/gone.html"].lower()


def test_a_withdrawn_row_leaves_a_page_and_a_line_in_a_list(board: Board, files: dict[str, bytes]) -> None:
    page = files[f"submissions/{GONE}.html"].decode()
    assert "Withdrawn on 2026-11-25: its submitters asked for it. <a" in page
    assert 'href="https://example.org/board/issues/21"' in page and GONE_BEFORE in page
    named = {path for path, data in files.items() if GONE.encode() in data}
    assert named == {
        f"submissions/{GONE}.html",
        f"submissions/{GONE_BEFORE}.html",
        "about.html",
        "changes.html",
        "data/leaderboard.json",
    }
    assert GONE not in {row.slug for row in board.rows}


def test_published_numbers_have_notices_and_former_slugs_too() -> None:
    base = reported("paper", {"pair": {"means": {"accuracy": "99"}}})
    renamed = base.submission.model_copy(update={"aliases": ("old",)})
    noticed = type(base)("paper", renamed, (notice("disputed", targets=("pair",)),))
    files = site_files(make_board([noticed, entry("toy", {"de": 5, "fi": 5})], (PAIR,)))
    page = files["submissions/paper.html"].decode()
    assert "<strong>Disputed</strong> on Pair since 2026-03-02: it was seen." in page
    assert "formerly <code>old</code>" in page and "url=paper.html" in files["submissions/old.html"].decode()
    for path in ("index.html", "targets/pair.html"):
        assert '<span class="tag">disputed</span>' in files[path].decode(), path
    (row,) = json.loads(files["data/leaderboard.json"])["reported"]
    assert row["notices"][0]["kind"] == "disputed"


@pytest.mark.parametrize(
    ("sources", "sentence"),
    [
        (("hub", "hub"), ""),
        (("path", "path"), "Nobody else has these weights: they were never published, so that nobody can measure them again."),
        (("hub", "path"), "Nobody else has the weights of seed 1: they were never published, so that nobody can measure them again."),
    ],
)  # fmt: skip
def test_weights_that_were_never_published_are_said_to_be_so(sources: tuple[str, ...], sentence: str) -> None:
    where = {"hub": {"hub": "a/b", "revision": "0" * 40}, "path": {"path": "weights"}}
    checkpoints = [{"seed": seed, **where[source]} for seed, source in enumerate(sources)]
    made = WholeEntry(
        "toy", submission(checkpoints=checkpoints), (result("toy", [{"de": 5.0, "fi": 5.0}] * 2),)
    )
    board = make_board([made], (PAIR,))
    (row,) = board.rows
    assert unpublished_weights(row) == sentence
    assert only_submitters_have(row, row.cells["pair"]) is bool(sentence)
    page = site_files(board)["submissions/toy.html"].decode()
    assert ("rerun by anyone else; nobody else has these weights." in page) is bool(sentence)
    assert sentence in page


def test_a_row_of_own_code_is_marked_wherever_it_is_listed_and_has_no_size() -> None:
    checkpoint = {"seed": 0, "python": "package:Encoder", "package": "package", "version": "1.0"}
    made = noticed("toy", 5.0)
    unsized = made.results[0].checkpoints[0].model_copy(update={"parameters": Parameters(total=0, body=0)})
    measured = made.results[0].model_copy(update={"checkpoints": (unsized,)})
    row = WholeEntry("toy", submission(checkpoints=[checkpoint]), (measured,))
    files = site_files(make_board([row, entry("other", {"de": 5, "fi": 5})], (PAIR,)))
    page = files["submissions/toy.html"].decode()
    assert "Measured by its submitters’ own code, package 1.0, which is not run to verify a result." in page
    for path in ("targets/pair.html", "submissions/toy.html"):
        assert files[path].decode().count('<span class="tag">own code</span>') == 1, path
    assert files["index.html"].decode().count('<span aria-hidden="true">own code</span>') == 1
    assert '<span class="tag">own code</span>' not in files["submissions/other.html"].decode()


def test_a_row_with_layers_by_target_is_marked_in_tables_on_its_page_and_in_json() -> None:
    by_target = {"tatoeba": {"layer": 14, "pooling": "mean"}, "bucc2018": {"layer": 20, "pooling": "cls"}}
    made = noticed("toy", 5.0)
    stated = {"layer": "last", "pooling": "mean"}
    row = WholeEntry("toy", submission(encoding=stated, encoding_by_target=by_target), made.results)
    files = site_files(make_board([row, entry("other", {"de": 5, "fi": 5})], (PAIR,)))
    page = files["submissions/toy.html"].decode()
    assert "tatoeba layer 14, mean pooling; bucc2018 layer 20, cls pooling</dd>" in page
    for path in ("targets/pair.html", "submissions/toy.html"):
        assert files[path].decode().count('<span class="tag">layer by target</span>') == 1, path
    assert files["index.html"].decode().count('<span aria-hidden="true">layer by target</span>') == 1
    assert "layer by target" not in files["submissions/other.html"].decode()
    rows = json.loads(files["data/leaderboard.json"])["submissions"]
    found = {line["slug"]: line["submission"].get("encoding_by_target") for line in rows}
    assert found == {"toy": by_target, "other": None}


def test_the_head_of_a_target_decides_whose_weights_its_result_is_of() -> None:
    head = Checkpoint(hub="a/b", revision="0" * 40)
    made = noticed("toy", 5.0)
    declared = made.submission.model_copy(update={"finetuned": {"pair": head}})
    (row,) = make_board([WholeEntry(**{**vars(made), "submission": declared})], (PAIR,)).rows
    assert not only_submitters_have(row, row.cells["pair"])
    assert unpublished_weights(row).startswith("Nobody else has these weights")


def test_who_has_rerun_a_result_has_had_its_weights() -> None:
    check = VerifiedResult.model_validate(
        {
            "target": "pair", "result": f"sha256:{'a' * 64}", "how": "rerun", "agrees": False, "largest": 9, "allowed": 1,
            "by": "Harbour Office", "date": "2026-03-09T10:00:00Z", "harness": "0.1.0",
        }
    )  # fmt: skip
    made = noticed("toy", 5.0)
    from harness.records import Verification

    record = Verification(schema_=1, submission="toy", results=(check,))
    checked = WholeEntry(**{**vars(made), "verification": record, "digests": {"pair": check.result}})
    (row,) = make_board([checked], (PAIR,)).rows
    assert not only_submitters_have(row, row.cells["pair"])
    assert unpublished_weights(row).startswith("Only the submitters, and who has rerun a result")


def test_an_incremental_build_notices_every_step_of_a_life(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    submissions, out = lived(tmp_path / "submissions", "lodestar-s-english"), tmp_path / "public"
    folder, other = submissions / NEW, submissions / "lodestar-s-english"
    stone, declared = submissions / GONE / "tombstone.yaml", other / "submission.yaml"
    steps: list[tuple[Callable[[], object], str, bytes]] = [
        (lambda: None, f"submissions/{NEW}.html", b"disputed"),
        (
            lambda: lift_notices(folder, NoticeKind.DISPUTED, "2026-12-01T00:00:00Z"),
            f"submissions/{NEW}.html",
            b"until 2026-12-01",
        ),
        (
            lambda: add_notice(other, notice("contaminated", targets=("tatoeba",))),
            "data/targets/tatoeba.csv",
            b"contaminated since 2026-03-02",
        ),
        (
            lambda: stone.write_text(stone.read_text().replace("asked for it", "asked for that")),
            f"submissions/{GONE}.html",
            b"asked for that",
        ),
        (
            lambda: declared.write_text(declared.read_text() + "aliases: [small-mnli]\n"),
            "submissions/small-mnli.html",
            b"url=lodestar-s-english.html",
        ),
        ((folder / "notices.yaml").unlink, "data/targets/tatoeba.csv", b",contaminated since"),
    ]
    builder = Builder(submissions, out)
    for step, path, words in steps:
        step()
        builder.build()
        assert words in (out / path).read_bytes()
    assert b"until 2026-12-01" not in (out / f"submissions/{NEW}.html").read_bytes()
    monkeypatch.setenv("STILTBOARD_CACHE", str(tmp_path / "another cache"))
    Builder(submissions, tmp_path / "anew").build()
    assert tree(out) == tree(tmp_path / "anew")


def test_a_tombstone_that_cannot_be_read_is_named_and_the_others_are_shown(tmp_path: Path) -> None:
    submissions = lived(tmp_path / "submissions", "beacon-b-english")
    (submissions / GONE / "tombstone.yaml").write_text("schema: 1\nsubmission: another\n")
    site = Builder(submissions, tmp_path / "public").build()
    assert {fault.where.file for fault in site.faults if fault.where} == {
        str(submissions / GONE / "tombstone.yaml")
    }
    assert (tmp_path / "public" / "submissions" / f"{NEW}.html").is_file()


def test_what_lies_next_to_a_tombstone_is_a_fault(tmp_path: Path) -> None:
    submissions = lived(tmp_path / "submissions", "beacon-b-english")
    stone = (submissions / GONE / "tombstone.yaml").read_text()
    (submissions / NEW / "tombstone.yaml").write_text(stone.replace(GONE, NEW))
    site = Builder(submissions, tmp_path / "public").build()
    assert [fault.message for fault in site.faults] == [
        "the submission was withdrawn, and its folder holds nothing else"
    ]
