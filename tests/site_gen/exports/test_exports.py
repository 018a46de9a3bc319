from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest
import yaml
from huggingface_hub import ModelCard
from PIL import Image, ImageFont

from harness.catalog import TATOEBA_ISO3
from harness.records import Result
from harness.store import load_result
from site_gen import paths
from site_gen.board.board import Board
from site_gen.board.whole import WholeEntry, whole_row
from site_gen.build import gather, site_files
from site_gen.exports import cards
from site_gen.exports.atom import NEWEST, atom_feed
from site_gen.exports.csv_tables import csv_lines, leaderboard_csv, target_csv
from site_gen.exports.mteb import is_known, mteb_json
from site_gen.exports.schema import Leaderboard, leaderboard_schema
from site_gen.pages.common import repository
from tests.support.boards import MINED, PAIR, SHOW, TATOEBA, entry, make_board, reported, result, submission
from tests.support.folders import ROOT, SITE_SUBMISSIONS

BASE = "https://user.github.io/board/"
ATOM = {"atom": "http://www.w3.org/2005/Atom"}


@pytest.fixture(scope="session")
def board() -> Board:
    return make_board(gather(SITE_SUBMISSIONS))


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "＝1"])
def test_no_cell_of_text_is_a_formula(text: str) -> None:
    written = csv_lines([["a", "b"], [text, "x"]])
    assert rows(written) == [{"a": f"'{text}", "b": "x"}]


def test_numbers_stay_numbers_and_what_needs_quotes_has_them() -> None:
    written = csv_lines([["a", "b"], [-1, 0.123456], [None, 'a "b", c\r\nd'], ["1-2", "a=b"]])
    assert written == b'a,b\r\n-1,0.1235\r\n,"a ""b"", c\r\nd"\r\n1-2,a=b\r\n'


def test_hostile_titles_and_reasons_are_text_in_every_table() -> None:
    formula = '=HYPERLINK("https://example.org","x")'
    made = WholeEntry("toy", submission(formula), (result("toy", [{"de": 1.0, "fi": formula}]),))
    files = site_files(make_board([made], (PAIR,)))
    cells = [
        cell
        for path in files
        if path.endswith(".csv")
        for line in csv.reader(io.StringIO(files[path].decode(), newline=""))
        for cell in line
    ]
    assert f"'{formula}" in cells
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))] == []


def test_the_whole_board_has_a_line_a_submission_and_a_place_only_for_what_is_ranked() -> None:
    found = [
        entry("a", {"de": 50, "fi": 60}), entry("b", {"de": 90, "fi": 90}, n=3), entry("waiting"),
        reported("paper", {"pair": {"means": {"accuracy": "99"}}}),
    ]  # fmt: skip
    lines = rows(leaderboard_csv(make_board(found, (PAIR, SHOW))))
    assert [(line["kind"], line["submission"], line["pair"], line["pair_place"]) for line in lines] == [
        ("measured", "a", "55.0", "1"),
        ("measured", "b", "90.0", ""),
        ("measured", "waiting", "", ""),
        ("reported", "paper", "99.0", ""),
    ]
    assert (lines[0]["pair_rank_best"], lines[0]["pair_rank_worst"]) == ("1", "1")
    assert "show" not in lines[0]  # nobody has a score on it


def test_a_target_says_ranks_as_ranges_and_why_a_row_has_none() -> None:
    found = [
        entry("a", {"de": 50, "fi": 60}),
        entry("b", {"de": 49, "fi": 60}),
        entry("c", {"de": 90, "fi": "broken"}),
    ]
    lines = rows(target_csv(make_board(found, (PAIR,)).standings[0]))
    names = (
        "submission",
        "rank",
        "rank_best",
        "rank_worst",
        "score",
        "languages_measured",
        "languages",
        "unranked_because",
    )
    assert [tuple(line[name] for name in names) for line in lines] == [
        ("a", "1", "1", "2", "55.0", "2", "2", ""),
        ("b", "2", "1", "2", "54.5", "2", "2", ""),
        ("c", "", "", "", "", "1", "2", "no score for Finnish"),
    ]


def test_every_score_stands_in_the_file_by_language(board: Board) -> None:
    lines = rows(site_files(board)["data/by-language/tatoeba.csv"])
    found = {(line["submission"], int(line["seed"]), line["language"]): line for line in lines}
    paths_of = {
        row.slug: SITE_SUBMISSIONS / row.slug / "results" / "tatoeba.yaml"
        for row in board.rows
        if "tatoeba" in row.cells
    }
    results = {slug: load_result(path) for slug, path in paths_of.items()}
    assert (
        len(found)
        == len(lines)
        == sum(len(c.scores) + len(c.failed) for result in results.values() for c in result.checkpoints)
    )
    for (slug, seed, language), line in found.items():
        checkpoint = next(c for c in results[slug].checkpoints if c.seed == seed)
        if language in checkpoint.failed:
            assert (line["accuracy"], line["failed"]) == ("", checkpoint.failed[language])
        else:
            assert float(line["accuracy"]) == checkpoint.scores[language].score
            assert float(line["f1_to_english"]) == checkpoint.scores[language].secondary["f1_to_english"]


def test_the_published_schema_describes_the_json_that_is_published(board: Board) -> None:
    files = site_files(board)
    stored = ROOT / "docs" / "schema" / "leaderboard.json"
    assert files[paths.LEADERBOARD_SCHEMA] == stored.read_bytes() == leaderboard_schema(), (
        "if this is meant, copy the built one there"
    )
    document = json.loads(files[paths.LEADERBOARD_JSON])
    read = Leaderboard.model_validate_json(files[paths.LEADERBOARD_JSON])
    assert [row.slug for row in read.submissions] == [row["slug"] for row in document["submissions"]]
    assert json.loads(read.model_dump_json(by_alias=True, exclude_unset=True)) == document


def test_the_feed_has_an_entry_a_result_newest_first_with_ids_that_stay() -> None:
    def made(date: str, score: float) -> Board:
        results = (
            result("toy", [{"de": score, "fi": score}], runs=[{"date": date}]),
            result("toy", [{"de": 1.0, "fi": 2.0}], target=SHOW, runs=[{"date": "2026-02-01T10:00:00Z"}]),
        )
        return make_board(
            [
                WholeEntry("toy", submission("<Toy> & Co"), results),
                entry("undated", {"de": 1, "fi": 2}, runs=[]),
            ],
            (PAIR, SHOW),
        )

    def entries(data: bytes) -> list[tuple[str | None, ...]]:
        feed = ET.fromstring(data)
        names = ("id", "title", "updated")
        return [
            tuple(each.findtext(f"atom:{name}", None, ATOM) for name in names)
            for each in feed.findall("atom:entry", ATOM)
        ]

    page = f"{BASE}submissions/toy.html"
    assert entries(atom_feed(made("2026-01-01T00:00:00Z", 5.0), BASE)) == [
        (f"{page}#show", "<Toy> & Co on Show: 1.50", "2026-02-01T10:00:00Z"),
        (f"{page}#pair", "<Toy> & Co on Pair: 5.00", "2026-01-01T00:00:00Z"),
    ]
    again = atom_feed(made("2026-03-01T00:00:00Z", 6.0), BASE)
    assert entries(again)[0] == (f"{page}#pair", "<Toy> & Co on Pair: 6.00", "2026-03-01T00:00:00Z")
    assert ET.fromstring(again).findtext("atom:updated", None, ATOM) == "2026-03-01T00:00:00Z"
    assert [link.get("href") for link in ET.fromstring(again).findall("atom:link", ATOM)] == [
        f"{BASE}feed.xml",
        BASE,
    ]


def test_without_an_address_ids_are_names_and_links_are_relative() -> None:
    feed = ET.fromstring(atom_feed(make_board([entry("toy", {"de": 1, "fi": 2})], (PAIR,)), ""))
    (found,) = feed.findall("atom:entry", ATOM)
    assert (found.findtext("atom:id", "", ATOM)).startswith("urn:uuid:")
    assert [link.get("href") for link in found.findall("atom:link", ATOM)] == ["submissions/toy.html#pair"]


def test_a_feed_without_entries_has_a_date_that_no_clock_gave_and_a_long_one_is_cut() -> None:
    assert (
        ET.fromstring(atom_feed(make_board([], (PAIR,)), "")).findtext("atom:updated", None, ATOM)
        == "1970-01-01T00:00:00Z"
    )
    many = make_board(
        [entry(f"row-{number}", {"de": number, "fi": 1}) for number in range(NEWEST - 1)]
        + [entry("x", {"de": 1})],
        (PAIR,),
    )
    assert len(ET.fromstring(atom_feed(many, "")).findall("atom:entry", ATOM)) == NEWEST


def test_what_xml_cannot_hold_is_left_out_of_the_feed() -> None:
    made = entry("toy", {"de": 1, "fi": 2})
    made = WholeEntry(
        made.slug, made.submission.model_copy(update={"title": "a\x00b\x1b[31mc\ufffe"}), made.results
    )
    assert (
        "ab[31mc on Pair" in ET.tostring(ET.fromstring(atom_feed(make_board([made], (PAIR,)), ""))).decode()
    )


def test_a_sitemap_lists_every_page_once_with_dates_of_results(board: Board) -> None:
    files = site_files(board, BASE)
    space = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    urls = {
        url.findtext(f"{space}loc", ""): url.findtext(f"{space}lastmod")
        for url in ET.fromstring(files["sitemap.xml"])
    }
    listed = {path for path in files if path.endswith(".html") and path != "404.html"}
    assert set(urls) == {BASE + (path if path != "index.html" else "") for path in listed}
    assert urls[f"{BASE}submissions/lodestar-b-none.html"] == "2026-03-02"
    assert {date for url, date in urls.items() if "/submissions/" not in url} == {None}
    assert files["robots.txt"] == f"User-agent: *\nAllow: /\n\nSitemap: {BASE}sitemap.xml\n".encode()


def test_without_an_address_there_is_no_sitemap_and_no_picture_and_no_page_names_one(board: Board) -> None:
    files = site_files(board)
    assert [path for path in files if path.endswith(".png") or path in ("sitemap.xml", "robots.txt")] == []
    assert [path for path, data in files.items() if path.endswith(".html") and b"og:image" in data] == []


def test_every_page_has_a_picture_of_its_own_or_the_sites(board: Board) -> None:
    files = site_files(board, BASE)
    for path, data in files.items():
        if path.endswith(".html") and path != "404.html":
            picture = data.decode().partition('<meta property="og:image" content="')[2].partition('"')[0]
            assert picture.removeprefix(BASE) in files
            slug = path.removeprefix("submissions/").removesuffix(".html")
            assert (picture == f"{BASE}cards/{slug}.png") == (
                path.startswith("submissions/") and not slug.startswith("reported-")
            )
    for path, data in files.items():
        if path.endswith(".png"):
            assert len(data) < 25_000
            with Image.open(io.BytesIO(data)) as image:
                assert (image.size, image.mode, image.info) == ((1200, 630), "P", {})


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("XLM-R large + MNLI", "XLM-R large + MNLI"),
        ("Größe – naïve  →\u202eX", "Grosse - naive >X"),
        ("多语言 XL", "the-slug"),
        ("מודל", "the-slug"),
        ("😀😀", "the-slug"),
        ("XLM-R large 😀", "XLM-R large"),
    ],
)
def test_a_picture_shows_no_boxes(title: str, shown: str) -> None:
    assert cards.shown_name(title, "the-slug") == shown
    font = ImageFont.load_default(24)
    assert isinstance(font, ImageFont.FreeTypeFont)
    box = bytes(font.getmask("\U0010fffe"))
    assert [character for character in shown if bytes(font.getmask(character)) == box] == []


@pytest.mark.parametrize("title", ["W" * 200, "long words " * 18, "-" * 200, "a"])
def test_a_title_of_any_length_leaves_the_scores_their_room(title: str) -> None:
    made = WholeEntry("toy", submission(title.strip()), (result("toy", [{"de": 99.0, "fi": 99.0}]),))
    (row,) = make_board([made], (PAIR,)).rows
    data = cards.submission_card(row)
    assert (len(data) < 25_000, data) == (True, cards.submission_card(row))
    (plain,) = make_board([WholeEntry("toy", submission("a"), made.results)], (PAIR,)).rows
    with Image.open(io.BytesIO(data)) as image, Image.open(io.BytesIO(cards.submission_card(plain))) as other:
        below = (0, 425, 1200, 630)
        assert image.crop(below).tobytes() == other.crop(below).tobytes()


def tatoeba(slug: str, *, seeds: int = 1) -> WholeEntry:
    def scores(shift: float) -> dict[str, object]:
        secondary = {"accuracy_to_english": 70.0 + shift, "f1": 1.0, "f1_to_english": 60.0 + shift}
        return {
            language: {"score": 80.0, "n": 9, "interval": [70, 90], "secondary": secondary}
            for language in ("de", "ko", "zh")
        }

    found = result(slug, [{"de": 80.0}] * seeds, target=TATOEBA).model_dump(mode="json", by_alias=True)
    for number, checkpoint in enumerate(found["checkpoints"]):
        checkpoint["scores"] = scores(float(number))
    return WholeEntry(slug, submission(slug, seeds=seeds), (Result.model_validate(found),))


def test_mteb_gets_its_own_direction_as_shares_and_means_over_seeds() -> None:
    document = json.loads(mteb_json(whole_row(tatoeba("toy", seeds=3))))
    assert document.pop("scores") == {
        "test": [
            {
                "accuracy": 0.71,
                "f1": 0.61,
                "main_score": 0.61,
                "hf_subset": f"{name[:3]}-eng",
                "languages": [name, "eng-Latn"],
            }
            for name in ("deu-Latn", "kor-Hang", "cmn-Hans")
        ]
    }
    assert document == {
        "dataset_revision": "no_revision_available",
        "task_name": "Tatoeba",
        "mteb_version": None,
        "evaluation_time": None,
        "kg_co2_emissions": None,
        "date": datetime(2026, 3, 2, 9, 14, 7, tzinfo=UTC).timestamp(),
    }


def test_mteb_has_a_file_only_of_what_its_task_scores(board: Board) -> None:
    files = site_files(board)
    assert [f"data/mteb/Tatoeba/{row.slug}.json" in files for row in board.rows] == [
        "tatoeba" in row.cells for row in board.rows
    ]
    assert not is_known(
        whole_row(entry("toy", {"de": 1}, target=TATOEBA))
    )  # no scores of the other direction
    subsets = [
        line["hf_subset"]
        for line in json.loads(files["data/mteb/Tatoeba/lodestar-xl-english.json"])["scores"]["test"]
    ]
    assert subsets == [
        f"{code}-eng" for language, code in TATOEBA_ISO3.items() if language != "th"
    ]  # which one seed lacks


def test_the_hub_reads_the_model_cards_metadata() -> None:
    made = [
        WholeEntry(
            "toy",
            submission("# Toy: [x]"),
            (result("toy", [{"de": 50.0, "fi": 60.0}]), result("toy", [{"de": 9.0}], target=MINED)),
        )
    ]
    files = site_files(make_board(made, (PAIR, MINED)), BASE)
    text = files[paths.model_card("toy")].decode()
    card = ModelCard(f"---\n{text}---\n# Toy\n", ignore_metadata_errors=False)
    assert card.data.model_name == "# Toy: [x]"
    found = [
        (each.task_type, each.dataset_type, each.dataset_name, each.metric_type, each.metric_value)
        for each in card.data.eval_results or []
    ]
    assert found == [
        ("sentence-similarity", "pair", "Pair, mean of 2 languages", "accuracy", 55.0)
    ]  # of Mined a language is missing
    sources = {(each.source_name, each.source_url) for each in card.data.eval_results or []}
    assert sources == {("stiltboard", f"{BASE}submissions/toy.html#pair")}
    assert (
        "source"
        not in yaml.safe_load(site_files(make_board(made, (PAIR, MINED)))[paths.model_card("toy")])[
            "model-index"
        ][0]["results"][0]
    )


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("https://user.github.io/board/", "https://github.com/user/board"),
        ("https://user.github.io/", "https://github.com/user/user.github.io"),
        ("https://board.example/", ""),
        ("https://github.io.example/x/", ""),
        ("", ""),
    ],
)
def test_a_pages_address_tells_its_repository_and_no_other_does(address: str, found: str) -> None:
    assert repository(address) == found
    text = site_files(make_board([], (PAIR,)), address)["about.html"].decode()
    assert (f'href="{found}/blob/HEAD/docs/protocol.md"' in text) == bool(found)


def test_licence_languages_and_weights_of_a_row_are_in_every_table(board: Board) -> None:
    files = site_files(board)
    row = next(row for row in board.rows if row.slug == "lodestar-s-multilingual")
    addresses = [
        f"https://huggingface.co/{checkpoint.hub}/tree/{checkpoint.revision}"
        for checkpoint in row.submission.checkpoints
    ]
    assert len(addresses) == 3
    for path in (paths.LEADERBOARD_CSV, paths.target_csv("tatoeba")):
        lines = csv.DictReader(io.StringIO(files[path].decode()))
        line = next(line for line in lines if line["submission"] == row.slug)
        assert (line["licence"], line["weights"]) == ("MIT", " ".join(addresses))
        assert line["training_languages"].split() == list(row.submission.intermediate.languages)
    document = json.loads(files[paths.LEADERBOARD_JSON])
    (entry,) = (entry for entry in document["submissions"] if entry["slug"] == row.slug)
    assert (entry["weights"], entry["submission"]["license"]) == (addresses, "MIT")
    (unpublished,) = (entry for entry in document["submissions"] if entry["slug"] == "lantern-b-none")
    assert unpublished["weights"] == []
