"""Rows with a life in Chromium: old addresses lead on, and every mark is where a reader sees it."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from site_gen.build import build
from tests.support.lives import GONE, GONE_BEFORE, NEW, OLD, lived
from tests.support.visits import Visit

pytestmark = pytest.mark.browser
OTHER = "lodestar-s-english"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("life")
    submissions = lived(folder / "submissions", OTHER, "lodestar-b-multilingual", "lodestar-l-english")
    return build(submissions, folder / "public").out


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize(("former", "slug"), [(OLD, NEW), (GONE_BEFORE, GONE)])
def test_an_old_address_leads_to_the_new_one(
    browser: Browser, site: Path, former: str, slug: str, script: bool
) -> None:
    with Visit(browser, java_script_enabled=script) as visit:
        page = visit.open(f"{site.as_uri()}/submissions/{former}.html")
        page.wait_for_url(f"**/submissions/{slug}.html")
        # What the first page was still loading is given up: its picture, and nothing that its policy forbids.
        assert [fault for fault in visit.faults if not fault.endswith("icon.svg")] == []


def test_a_comparison_with_an_old_name_is_one_with_the_new(browser: Browser, site: Path) -> None:
    with Visit(browser) as visit:
        page = visit.open(f"{site.as_uri()}/compare.html#of={OLD},{OTHER}")
        expect(page.locator("#compare-said")).to_have_text("2 submissions compared.")
        assert page.url.endswith(f"#of={NEW},{OTHER}")
        assert page.locator("#compare-1").input_value() == NEW
        note = page.locator("#compared .note")
        expect(note).to_contain_text(f"{NEW} on tatoeba: disputed since 2026-11-20: two of three seeds")
        page.locator("#compare-2").fill(OLD)
        page.keyboard.press("Tab")
        expect(page.locator("#compare-said")).to_have_text("Choose one more of 5 submissions.")
        assert visit.faults == []


def test_rows_that_the_script_draws_have_the_flags_of_the_page(browser: Browser, site: Path) -> None:
    with Visit(browser) as visit:
        page = visit.open(f"{site.as_uri()}/index.html")
        row = (
            page.locator("#leaderboard-table tbody tr")
            .filter(has_text="Lodestar Base + MNLI")
            .filter(has_text="disputed")
        )
        before = row.locator(".seen").evaluate("each => each.outerHTML")
        page.get_by_label("Search", exact=True).fill("base + mnli")
        expect(page.locator("#board-status")).to_contain_text(" of ")
        assert row.locator(".seen").evaluate("each => each.outerHTML").replace(' class=""', "") == before


@pytest.mark.parametrize("path", [f"submissions/{NEW}.html", f"submissions/{GONE}.html", "about.html"])
@pytest.mark.parametrize(
    ("scheme", "width"), [("light", 1280), pytest.param("dark", 360, marks=pytest.mark.slow)]
)
def test_axe_finds_nothing_on_pages_with_a_life(
    browser: Browser, site: Path, path: str, scheme: str, width: int
) -> None:
    with Visit(browser, color_scheme=scheme, viewport={"width": width, "height": 800}) as visit:
        page = visit.open(f"{site.as_uri()}/{path}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
