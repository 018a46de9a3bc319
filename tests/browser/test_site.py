"""Drive the built site in Chromium: from files, as a reader without a server has it, and under a path of a server."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

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


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scripted", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_phone_never_scrolls_the_page_sideways(
    browser: Browser, site: Path, kind: str, scripted: bool
) -> None:
    with Visit(browser, viewport={"width": 360, "height": 740}, java_script_enabled=scripted) as visit:
        page = visit.open(f"{site.as_uri()}/{KINDS[kind]}")
        page.mouse.wheel(500, 0)
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        assert page.evaluate("scrollX") == 0


def test_without_javascript_the_page_reads_whole(browser: Browser, site: Path) -> None:
    with Visit(browser, java_script_enabled=False) as visit:
        page = visit.open(f"{site.as_uri()}/index.html")
        drawn = page.locator(".plot svg.wide")
        assert [figure.is_visible() for figure in drawn.all()] == [True, True], "the gap and the curves"
        assert page.locator("#leaderboard-table tbody tr").count() == 12
        page.get_by_text("Published elsewhere, not measured here").click()
        assert page.locator("#published-elsewhere tbody tr:visible").count() == 2
        assert page.locator("#board-controls").is_hidden()
        assert page.locator("#leaderboard-table button").count() == 0


def test_a_printed_page_keeps_its_tables_on_the_paper(browser: Browser, site: Path) -> None:
    with Visit(browser, viewport={"width": 718, "height": 1000}) as visit:  # A4 with margins of a centimetre
        visit.page.emulate_media(media="print")
        for path in ("index.html", "targets/tatoeba.html", "submissions/lodestar-s-english.html"):
            page = visit.open(f"{site.as_uri()}/{path}")
            assert page.evaluate("document.documentElement.scrollWidth") <= 718, path


def test_the_wrong_answers_of_a_row_are_listed_by_language(browser: Browser, site: Path) -> None:
    with Visit(browser) as visit:
        page = visit.open(f"{site.as_uri()}/submissions/lantern-b-none.html")
        page.get_by_text("Wrong answers, by language").first.click()
        table = page.locator("table.examples")
        expect(table.locator("thead th")).to_have_text(
            ["Example", "Points, mean over seeds", "Answer given", "Right answer", "Margin"]
        )
        first = table.locator("caption").inner_text()
        page.locator("details[data-target] select").select_option("ru")
        expect(table.locator("caption")).to_contain_text("Russian (ru)")
        assert table.locator("caption").inner_text() != first
        assert visit.faults == []


@pytest.mark.parametrize(
    ("scheme", "width"), [("light", 1280), pytest.param("dark", 360, marks=pytest.mark.slow)]
)
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
    made = [
        WholeEntry(slug, submission(hostile), (result(slug, [{"de": 1.0, "fi": score}]),))
        for slug, score in (("hostile", 2.0), ("other", 3.0))
    ]
    write_site(site_files(make_board(made, (PAIR, SHOW))), tmp_path / "public")
    with Visit(browser) as visit:
        page = visit.open((tmp_path / "public" / "index.html").as_uri())
        visit.charts()
        page.locator(".plot svg.wide path.filled").first.hover(force=True)
        assert page.locator(".tip").inner_text().startswith("</script>")
        assert page.locator(".tip a, img").count() == 0
        assert (page.title(), visit.faults) == ("Results – stiltboard", [])
