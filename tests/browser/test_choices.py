"""A scaling figure's choices in a browser: other families, other sizes."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from site_gen.board.whole import WholeEntry
from site_gen.build import site_files
from site_gen.writing.folder import write_site
from tests.support.boards import PAIR, entry, make_board
from tests.support.visits import Visit

# Milliseconds: plotly.js is large, and machines that test are busy.
DRAWN = 20_000


def of_family(family: str, regimes: tuple[str, ...], level: float) -> list[WholeEntry]:
    """Return two sizes of a family for each regime."""
    return [
        entry(
            f"{family}-{regime}-{size}",
            dict.fromkeys(PAIR.languages, level + size / 10),
            regime=regime,
            family=family,
            body=size * 1_000_000,
        )
        for regime in regimes
        for size in (10, 30)
    ]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    both = ("english", "multilingual")
    entries = of_family("alder", ("none",), 20) + of_family("beech", both, 40) + of_family("cedar", both, 60)
    out = tmp_path_factory.mktemp("choices") / "public"
    write_site(site_files(make_board(entries, (PAIR,))), out)
    return out


def legend(page: Page) -> list[str]:
    return page.locator("#scaling-pair .legend li").all_inner_texts()


def test_families_and_sizes_are_chosen_from_a_file(browser: Browser, site: Path) -> None:
    with Visit(browser) as visit:
        page = visit.open(f"{site.as_uri()}/index.html")
        both = ["English-only (mnli)", "multilingual (xnli)"]
        assert legend(page) == [f"{family}, {regime}" for family in ("beech", "cedar") for regime in both]
        figure = page.locator("#scaling-pair")
        expect(figure.get_by_text("4 of 5 curves are drawn.")).to_be_visible()
        assert not [request for request in visit.requests if "data/curves" in request], (
            "nothing is loaded before it is asked for"
        )
        form = figure.locator("form")
        form.get_by_label("compared with").select_option("alder")
        expect(form.locator("output")).to_have_text("3 curves of beech and alder", timeout=DRAWN)
        assert legend(page) == [*(f"beech, {regime}" for regime in both), "alder, no intermediate training"]
        assert figure.locator(".interactive .scatterlayer .trace").count() == 3
        figure.get_by_text("The numbers of this figure").click()
        names = figure.locator("figcaption tbody th").all_inner_texts()
        assert len(names) == 6
        assert names[-1] == "Alder-None-30"
        page.locator("#scaling-pair").get_by_label("parameters in total").check()
        expect(figure.locator(".interactive .xtitle")).to_have_text("Parameters in total (log scale)")
        expect(form.locator("output")).to_have_text("3 curves of beech and alder")
        form.get_by_label("Family").select_option("cedar")
        form.get_by_label("compared with").select_option("")
        expect(form.locator("output")).to_have_text("2 curves of cedar")
        assert visit.faults == []


def test_curves_that_cannot_be_loaded_are_named_and_the_drawing_stays(browser: Browser, site: Path) -> None:
    with Visit(browser) as visit:
        visit.page.route("**/data/curves/*", lambda route: route.abort())
        page = visit.open(f"{site.as_uri()}/index.html")
        page.locator("#scaling-pair").get_by_label("parameters in total").check()
        expect(page.locator("#scaling-pair form output")).to_have_text(
            "The curves could not be loaded.", timeout=DRAWN
        )
        assert len(legend(page)) == 4
