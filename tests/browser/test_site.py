"""Drive the built site in Chromium: from files, as a reader without a server has it, and under a path of a server."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from site_gen.board.whole import WholeEntry
from site_gen.build import build, site_files
from site_gen.writing.folder import write_site
from tests.support.boards import (
    ASKED,
    PAIR,
    SHOW,
    asked_result,
    make_board,
    result,
    submission,
    with_batches,
)
from tests.support.folders import SITE_SUBMISSIONS
from tests.support.visits import Visit

pytestmark = pytest.mark.browser
KINDS = {
    "front": "index.html",
    "submission": "submissions/lodestar-xl-english.html",
    "waiting": "submissions/beacon-b-english.html",
    "reported": "submissions/reported-lodestar-xxl.html",
    "reported target": "targets/xquad_r.html",
    "figures": "submissions/lantern-b-none.html",
    "own text": "targets/bitext.harbour.html",
    "target": "targets/tatoeba.html",
    "404": "404.html",
    "trained": "submissions/lodestar-s-english.html",
    "targets": "targets.html",
    "languages": "languages.html",
    "language": "languages/ar.html",
    "families": "families.html",
    "family": "families/lodestar.html",
    "compare": "compare.html#of=lodestar-s-english,lodestar-s-multilingual,lodestar-b-none,lantern-b-none",
    "about": "about.html",
}


def diagonal(conditions: Sequence[Any], kinds: Iterable[str]) -> list[Any]:
    """Return all pairs, each kind with another condition in the fast lane, and the rest in the slow one."""
    return [
        pytest.param(
            condition, kind,
            id=f"{'-'.join(map(str, condition)) if isinstance(condition, tuple) else condition}-{kind}",
            marks=() if number % len(conditions) == place else pytest.mark.slow,
        )
        for number, kind in enumerate(kinds)
        for place, condition in enumerate(conditions)
    ]  # fmt: skip


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(SITE_SUBMISSIONS, tmp_path_factory.mktemp("site") / "public").out


@pytest.fixture(scope="session")
def served(site: Path) -> Iterator[str]:
    """Serve the site under a path, as a project's pages are."""

    class Quiet(SimpleHTTPRequestHandler):
        def translate_path(self, path: str) -> str:
            return super().translate_path(path.removeprefix("/user/board"))

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=os.fspath(site)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/user/board/"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("place", "kind"), diagonal(["file", "server"], KINDS))
def test_pages_are_quiet_and_ask_nobody_else(
    browser: Browser, site: Path, served: str, kind: str, place: str
) -> None:
    root = f"{site.as_uri()}/" if place == "file" else served
    with Visit(browser) as visit:
        visit.open(root + KINDS[kind])
        visit.charts()
        assert visit.faults == []
        assert [url for url in visit.requests if not url.startswith(root)] == []
        assert all(urlsplit(url).scheme in ("file", "http") for url in visit.requests)


def test_the_chart_is_drawn_from_a_file_and_takes_the_drawings_place(browser: Browser, site: Path) -> None:
    with Visit(browser) as visit:
        page = visit.open(f"{site.as_uri()}/index.html")
        visit.charts()
        assert page.locator("#scaling-tatoeba .interactive .scatterlayer .trace").count() == 5
        assert page.locator("#scaling-tatoeba .drawn").is_hidden()
        for trace in page.locator("#scaling-tatoeba .interactive .scatterlayer .trace").all():
            trace.locator(".point").last.hover(force=True)
            page.wait_for_selector(".hovertext", timeout=5_000)
            assert "Lodestar" in (page.locator(".hovertext").first.text_content() or "")
        page.locator("#scaling-tatoeba .interactive").hover()
        page.locator('#scaling-tatoeba .modebar-btn[data-title="Zoom in"]').click()
        assert visit.faults == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scripted", [True, False])
def test_a_phone_never_scrolls_the_page_sideways(
    browser: Browser, site: Path, kind: str, scripted: bool
) -> None:
    with Visit(browser, viewport={"width": 360, "height": 740}, java_script_enabled=scripted) as visit:
        page = visit.open(f"{site.as_uri()}/{KINDS[kind]}")
        page.mouse.wheel(500, 0)
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        assert page.evaluate("scrollX") == 0


def test_headers_sort_and_say_so_and_rows_without_a_value_stay_last(browser: Browser, site: Path) -> None:
    with Visit(browser) as visit:
        page = visit.open(f"{site.as_uri()}/index.html")
        table = page.locator("#leaderboard-table")

        def column(name: str, body: int = 1) -> list[str]:
            index = [text.split("\n")[0] for text in table.locator("thead th").all_inner_texts()].index(name)
            return [
                row.locator("th, td").nth(index).inner_text()
                for row in table.locator(f"tbody:nth-of-type({body}) tr").all()
            ]

        assert column("Rank")[-1].startswith("–")
        table.get_by_role("button", name="Tatoeba").click()
        assert column("Tatoeba")[0] == "82.33"
        assert column("Tatoeba")[-1].startswith("35 of 36 languages\ntest data seen")
        table.get_by_role("button", name="Tatoeba").press("Enter")
        assert column("Tatoeba")[0] == "33.18"
        assert column("Tatoeba")[-1].startswith("35 of 36 languages\ntest data seen")
        assert table.locator("th[aria-sort]").all_inner_texts() == ["Tatoeba"]
        assert table.locator("th[aria-sort]").get_attribute("aria-sort") == "ascending"
        table.get_by_role("button", name="Parameters").click()
        assert column("Parameters")[:4] == ["1.07 B"] * 3 + ["303 M"]
        table.get_by_role("button", name="Submission").click()
        assert column("Submission")[0].startswith("Lodestar Base\n")


def test_all_rows_are_loaded_once_when_a_pointer_or_the_focus_comes_near(
    browser: Browser, site: Path
) -> None:
    for come in (
        lambda page: page.locator("#leaderboard-table thead").hover(),
        lambda page: page.get_by_label("Search the leader").focus(),
    ):
        with Visit(browser) as visit:
            page = visit.open(f"{site.as_uri()}/index.html")
            written = shown(page)
            assert not any(url.endswith("data/rows.js") for url in visit.requests)
            with page.expect_request_finished(lambda request: request.url.endswith("data/rows.js")):
                come(page)
            assert page.locator("#board-status").inner_text() == ""
            assert shown(page) == written
            page.locator("#leaderboard-table").get_by_role("button", name="Submission").click()
            assert shown(page) != written
            assert sum(url.endswith("data/rows.js") for url in visit.requests) == 1
            assert visit.faults == []


def test_what_others_reported_is_sorted_by_itself_and_never_moves_among_what_was_measured(
    browser: Browser, site: Path
) -> None:
    with Visit(browser) as visit:
        page = visit.open(f"{site.as_uri()}/index.html")
        table = page.locator("#leaderboard-table")

        def titles() -> list[str]:
            return [text.split("\n")[0] for text in table.locator("tbody th").all_inner_texts()][12:]

        divider = "Reported by others, not measured here"
        assert titles() == [divider, "Beacon", "Lodestar XXL"]
        table.get_by_role("button", name="Tatoeba").click()  # 97.5 is above every measured score
        expect(page.locator("#board-status")).to_have_text(
            re.compile("rows$")
        )  # the rest of the rows takes a moment to load
        assert titles() == [divider, "Lodestar XXL", "Beacon"]
        table.get_by_role("button", name="Rank").click()
        assert (
            table.locator("tbody").last.locator(".rank").all_inner_texts() == ["–\nreported, not ranked"] * 2
        )
        page.get_by_label("Search the leaderboard").fill("reported")
        expect(page.locator("#board-status")).to_have_text("2 of 14 rows")
        assert page.locator("#leaderboard-table tbody tr:not(.divider):visible").count() == 2
        assert page.locator("#board-status").inner_text() == "2 of 14 rows"
        assert visit.faults == []


def test_search_keeps_the_rows_that_hold_every_word(browser: Browser, site: Path) -> None:
    with Visit(browser) as visit:
        page = visit.open(f"{site.as_uri()}/index.html")
        page.get_by_label("Search the leaderboard").fill("xl 15 MULTILINGUAL")
        expect(page.locator("#board-status")).to_have_text(re.compile("rows$"))
        assert page.locator("#leaderboard-table tbody tr:not(.divider):visible th").all_inner_texts() == [
            "Lodestar XL + MNLI in 15 languages\nlodestar self-evaluated"
        ]
        assert page.locator("#board-status").inner_text() == "1 of 14 rows"
        page.keyboard.press("Enter")
        assert page.url.endswith("/index.html#view?q=xl+15+MULTILINGUAL")
        page.get_by_label("Search the leaderboard").fill("")
        assert page.locator("#leaderboard-table tbody tr:not(.divider):visible").count() == 14
        assert visit.faults == []


def test_without_javascript_the_page_reads_whole(browser: Browser, site: Path) -> None:
    with Visit(browser, java_script_enabled=False) as visit:
        page = visit.open(f"{site.as_uri()}/index.html")
        drawn = page.locator(".drawn svg")
        assert [figure.is_visible() for figure in drawn.all()] == [True, True], (
            "the curves and the gap below them"
        )
        assert page.locator("#leaderboard-table tbody tr:not(.divider)").count() == 14
        assert (
            page.locator("#leaderboard-table")
            .get_by_text("Reported by others, not measured here")
            .is_visible()
        )
        assert page.locator("#board-controls").is_hidden()
        assert page.locator("#leaderboard-table button").count() == 0


def shown(page: Page) -> list[list[str]]:
    """Return what every visible row of the leaderboard says, cell by cell; rows that are asked for take a moment to load."""
    if page.locator("#board-status").inner_text():
        expect(page.locator("#board-status")).to_have_text(re.compile("rows$"))
    rows = page.locator("#leaderboard-table tbody tr:not(.divider):visible")
    return [[cell.inner_text() for cell in row.locator("th:visible, td:visible").all()] for row in rows.all()]


def test_rows_that_the_script_draws_say_what_the_page_said(browser: Browser, site: Path) -> None:
    with Visit(browser) as visit:
        page = visit.open(f"{site.as_uri()}/index.html")
        written = shown(page)
        table = page.locator("#leaderboard-table")
        table.get_by_role("button", name="Submission").click()
        assert shown(page) != written
        table.get_by_role("button", name="Rank").click()
        assert shown(page) == written
        assert visit.faults == []


def test_a_view_stands_in_the_address_and_opens_again(browser: Browser, site: Path) -> None:
    with Visit(browser) as visit:
        page = visit.open(f"{site.as_uri()}/index.html")
        page.get_by_text("Filter rows, choose columns").click()
        page.get_by_label("multilingual", exact=True).check()
        page.locator("#board-controls").get_by_label("in total").check()
        page.locator("#least").fill("100")
        page.get_by_label("Tasks", exact=True).uncheck()
        page.locator("#leaderboard-table").get_by_role("button", name="Parameters").click()
        found, address = shown(page), page.url
        assert 0 < len(found) < 14
        assert all("multilingual" in row for row in found)
        assert address.endswith("#view?sort=size&down=1&regime=multilingual&least=100&total=1&hide=tasks")
        assert "Tasks" not in page.locator("#leaderboard-table thead th:visible").all_inner_texts()
        assert visit.faults == []
    with Visit(browser) as visit:
        page = visit.open(address)
        assert shown(page) == found
        page.get_by_text("Filter rows, choose columns").click()
        assert page.get_by_label("multilingual", exact=True).is_checked()
        assert not page.get_by_label("Tasks", exact=True).is_checked()
        page.get_by_role("button", name="Show everything").click()
        expect(page.locator("#board-status")).to_have_text("14 rows")
        assert len(shown(page)) == 14
        assert visit.faults == []


def test_filters_hold_for_both_kinds_of_rows_and_a_group_shows_its_columns_alone(
    browser: Browser, site: Path
) -> None:
    with Visit(browser) as visit:
        page = visit.open(f"{site.as_uri()}/index.html")
        page.get_by_text("Filter rows, choose columns").click()
        page.get_by_label("Family").select_option("lodestar")
        found = shown(page)
        assert 2 < len(found) < 14
        assert {
            row[1].partition("\n")[2].removesuffix(" reported").removesuffix(" self-evaluated")
            for row in found
        } == {"lodestar"}
        page.get_by_label("Family").select_option("")
        page.get_by_label("Targets", exact=True).select_option("retrieval")
        heads = page.locator("#leaderboard-table thead th:visible").all_inner_texts()
        assert "Tatoeba" in heads
        assert "XNLI" not in heads
        assert visit.faults == []


def test_rows_are_filtered_by_their_batches(browser: Browser, tmp_path: Path) -> None:
    write_site(site_files(with_batches()), tmp_path / "site")
    with Visit(browser) as visit:
        page = visit.open(f"{(tmp_path / 'site').as_uri()}/index.html")
        page.get_by_text("Filter rows, choose columns").click()
        page.get_by_label("Batches", exact=True).select_option("hybrid")
        expect(page.locator("#board-status")).to_have_text("1 of 3 rows")
        assert page.url.endswith("#view?batches=hybrid")
        page.get_by_role("button", name="Show everything").click()
        assert len(shown(page)) == 3
        assert visit.faults == []


def test_every_figure_of_a_page_is_drawn_and_says_what_its_points_are(browser: Browser, site: Path) -> None:
    with Visit(browser) as visit:
        page = visit.open(f"{site.as_uri()}/{KINDS['figures']}")
        assert not [url for url in visit.requests if "plotly" in url]  # nothing of it is in view
        visit.charts()
        mined, swept = page.locator(".interactive").all()
        # Each language has a line and the ring of its threshold; of the poolings one is the declared one, and
        # both have seeds.
        assert [plot.locator(".scatterlayer .trace").count() for plot in (mined, swept)] == [8, 5]
        for plot, text in ((mined, "the oracle threshold"), (swept, "declared by the submission")):
            plot.locator(".scatterlayer .trace").last.locator(".point").last.scroll_into_view_if_needed()
            ringed = [
                trace
                for trace in plot.locator(".scatterlayer .trace").all()
                if trace.locator(".point").count() == 2
            ]
            ringed[-1].locator(".point").first.hover(force=True)
            page.wait_for_selector(".hovertext", timeout=5_000)
            assert text in (plot.locator(".hovertext").first.text_content() or "")
        page.get_by_text("The numbers of this figure").first.click()
        assert page.locator("figcaption table").first.locator("tbody tr").count() > 50
        assert visit.faults == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_a_table_of_pairs_of_languages_fits_and_is_accessible(
    browser: Browser, tmp_path: Path, scheme: str, width: int
) -> None:
    made = WholeEntry("asked", submission("Asked", seeds=2), (asked_result("asked", 0.0, 1.0),))
    write_site(site_files(make_board([made], (PAIR, ASKED))), tmp_path / "public")
    with Visit(browser, viewport={"width": width, "height": 900}, color_scheme=scheme) as visit:
        page = visit.open((tmp_path / "public" / "submissions" / "asked.html").as_uri())
        assert page.locator("table.pairs td").all_inner_texts() == ["60.50", "40.50", "40.50", "60.50"]
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert visit.faults == []
        assert [violation["id"] for violation in Axe().run(page).response["violations"]] == []


@pytest.mark.parametrize(("look", "kind"), diagonal([("light", 1280), ("dark", 360)], KINDS))
def test_axe_finds_nothing(browser: Browser, site: Path, look: tuple[str, int], kind: str) -> None:
    scheme, width = look
    with Visit(browser, viewport={"width": width, "height": 900}, color_scheme=scheme) as visit:
        page = visit.open(f"{site.as_uri()}/{KINDS[kind]}")
        visit.charts()
        found = Axe().run(page)
        assert [
            (v["id"], [node["target"] for node in v["nodes"]][:3]) for v in found.response["violations"]
        ] == []


def test_the_keyboard_reaches_the_content_first(browser: Browser, site: Path) -> None:
    with Visit(browser) as visit:
        page = visit.open(f"{site.as_uri()}/index.html")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"


def test_hostile_titles_do_nothing_in_a_browser(browser: Browser, tmp_path: Path) -> None:
    hostile = "</script><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\"><a href='https://example.org'>x</a>"
    made = WholeEntry("hostile", submission(hostile), (result("hostile", [{"de": 1.0, "fi": 2.0}]),))
    write_site(site_files(make_board([made], (PAIR, SHOW))), tmp_path / "public")
    with Visit(browser) as visit:
        page = visit.open((tmp_path / "public" / "index.html").as_uri())
        visit.charts()
        page.locator(".interactive .scatterlayer .point").first.hover(force=True)
        page.wait_for_selector(".hovertext", timeout=5_000)
        assert page.locator(".hovertext a, img").count() == 0
        assert (page.title(), visit.faults) == ("Leaderboard – stiltboard", [])
