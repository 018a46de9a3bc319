"""Readers' tasks in Chromium: things are found by what they say, and in few steps."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from site_gen.board.whole import WholeEntry
from site_gen.build import site_files
from site_gen.writing.folder import write_site
from tests.support.boards import PAIR, entry, make_board, reported, row, sizes
from tests.support.visits import Visit

pytestmark = pytest.mark.browser
UNTRAINED: dict[str, object] = {"regime": "none"}


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the front page of a board with an answer, eighty rows, and as many published ones."""
    filling: list[WholeEntry] = [
        entry(
            f"filling-with-a-name-of-some-length-{number}", {"de": number, "fi": number / 2}, family="other"
        )
        for number in range(70)
    ]
    published = [reported(f"paper-{number}", {"pair": {"means": {"accuracy": "50"}}}) for number in range(60)]
    answer = [row(10, UNTRAINED, 89.9, 90.0, 90.1), *sizes(8.0, 6.0, 4.0, 2.0)]
    out = tmp_path_factory.mktemp("readers") / "public"
    write_site(site_files(make_board([*answer, *filling, *published], (PAIR,))), out)
    return f"{out.as_uri()}/index.html"


def wider_than_their_container(page: Page) -> list[str]:
    """Return what sticks out: wider than the page, or than a table's own frame at this width."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('main *')].filter((one) => one.checkVisibility()).filter((one) => {
            const box = one.closest('.scroll') ? null : one.getBoundingClientRect();
            return one.matches('.scroll') ? one.scrollWidth > one.clientWidth : box && box.right > innerWidth + 1;
        }).map((one) => one.outerHTML.slice(0, 80))"""
    )
    return found


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (360, 740)])
def test_the_answer_is_on_the_first_screen_and_the_page_is_short(
    browser: Browser, front: str, width: int, height: int
) -> None:
    with Visit(browser, viewport={"width": width, "height": height}) as visit:
        page = visit.open(front)
        sentence = page.get_by_text("multilingual training is better at")
        box = sentence.bounding_box()
        assert box is not None and box["y"] + box["height"] <= height
        assert page.evaluate("document.documentElement.scrollWidth") == width
        if width == 1440:
            assert page.evaluate("document.documentElement.scrollHeight") <= 5 * height
            assert wider_than_their_container(page) == []
            heights = page.evaluate(
                "[...document.querySelectorAll('#leaderboard-table tbody tr')].map((one) => one.offsetHeight)"
            )
            assert len(heights) == 40 and max(heights) <= 48
        assert visit.faults == []
        assert [violation["id"] for violation in Axe().run(page).response["violations"]] == []


def test_a_row_is_found_in_one_search_and_its_evidence_in_two_clicks(browser: Browser, front: str) -> None:
    with Visit(browser, viewport={"width": 1440, "height": 900}) as visit:
        page = visit.open(front)
        page.get_by_label("Search").fill("multilingual-20")
        expect(page.locator("#board-status")).to_have_text("1 of 79 rows")
        page.locator("#leaderboard-table").get_by_role("link", name="multilingual-20").click()
        evidence = page.get_by_text("what happened with every single example")
        expect(evidence).to_contain_text(
            'pd.read_parquet("submissions/multilingual-20/results/pair.parquet")'
        )
        page.get_by_role("link", name="the command that was used").click()
        expect(page.get_by_text("The weights were not published")).to_be_in_viewport()


def test_little_is_transferred_before_anything_is_asked(browser: Browser, front: str) -> None:
    with Visit(browser) as visit:
        sizes_read: list[int] = []
        visit.page.on("requestfinished", lambda request: sizes_read.append(_size(request.url)))
        visit.open(front)
        assert 0 < sum(sizes_read) < 500_000


def _size(address: str) -> int:
    return Path(address.removeprefix("file://").partition("#")[0]).stat().st_size
