"""Figures in Chromium: values, rows, lines and files on request; other families and other sizes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Browser, Page, expect

from site_gen.board.whole import WholeEntry
from site_gen.build import site_files
from site_gen.writing.folder import write_site
from tests.support.boards import PAIR, entry, make_board, sizes
from tests.support.visits import Visit

pytestmark = pytest.mark.browser


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
def front(tmp_path_factory: pytest.TempPathFactory) -> str:
    both = ("english", "multilingual")
    entries = of_family("alder", ("none",), 20) + of_family("beech", both, 40) + sizes(8.0, 6.0, 4.0)
    out = tmp_path_factory.mktemp("choices") / "public"
    write_site(site_files(make_board(entries, (PAIR,))), out)
    return f"{out.as_uri()}/index.html"


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    with Visit(browser, viewport={"width": 1440, "height": 900}) as started:
        yield started
        assert started.faults == []


def legend(page: Page) -> list[str]:
    return page.locator("#scaling-pair .legend li").all_inner_texts()


def test_a_drawing_answers_the_pointer_opens_rows_and_is_saved(visit: Visit, front: str) -> None:
    page = visit.open(front)
    gap = page.locator("#gap-pair")
    symbols = gap.locator("svg.wide path.filled")
    symbols.first.hover(force=True)
    expect(page.locator(".tip")).to_contain_text("+8.00 points (+7.")
    expect(page.locator(".tip")).to_contain_text("3 seeds")
    assert (
        gap.get_by_role("img")
        .first.get_attribute("aria-label", timeout=1_000)
        .startswith(  # type: ignore[union-attr]
            "Pair: multilingual minus English-only by model size."
        )
    )
    assert gap.locator("svg.wide .zero").count() == 1
    with page.expect_download() as download:
        gap.get_by_role("button", name="SVG").click()
    document = ElementTree.fromstring(Path(download.value.path()).read_text())
    texts = ["".join(text.itertext()) for text in document.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[0] == "Pair: multilingual minus English-only by model size"
    assert "toy (sts)" in texts
    with page.expect_download() as download:
        gap.get_by_role("button", name="PNG").click()
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")
    with page.expect_download() as download:
        gap.get_by_role("button", name="CSV").click()
    lines = list(csv.reader(io.StringIO(Path(download.value.path()).read_bytes().decode())))
    assert lines[0][:2] == ["Family and recipe", "Parameters"] and len(lines) == 4
    symbols.first.click(force=True)
    page.wait_for_url("**/submissions/multilingual-10.html")


def test_lines_are_switched_and_the_state_is_in_the_address(visit: Visit, front: str) -> None:
    page = visit.open(front)
    first = page.locator("#scaling-pair .legend").get_by_role("button").first
    first.click()
    assert page.url.endswith("#scaling-pair?hide=0")
    expect(page.locator("#scaling-pair svg.wide g[data-line='0']")).to_be_hidden()
    expect(page.locator("#scaling-pair svg.wide g[data-line='1']")).to_be_visible()
    address = page.url
    visit.open("about:blank")
    page = visit.open(address)
    expect(page.locator("#scaling-pair svg.wide g[data-line='0']")).to_be_hidden()
    assert page.evaluate("scrollY") > 0 or page.locator("#scaling-pair").is_visible()


def test_families_and_sizes_are_chosen_and_sizes_move_both_figures(visit: Visit, front: str) -> None:
    page = visit.open(front)
    assert not [request for request in visit.requests if "data/curves" in request], "loaded when asked for"
    figure, gap = page.locator("#scaling-pair"), page.locator("#gap-pair")
    form = figure.locator("form")
    form.get_by_label("Family").select_option("beech")
    form.get_by_label("compared with").select_option("alder")
    expect(form.locator("output")).to_have_text("3 curves of beech and alder")
    assert legend(page) == [
        "beech, English-only (MNLI)",
        "beech, multilingual (xnli)",
        "alder, no intermediate training",
    ]
    figure.get_by_text("The numbers of this figure").click()
    names = figure.locator("figcaption tbody th").all_inner_texts()
    assert (len(names), names[-1]) == (6, "Alder-None-30")
    form.get_by_label("parameters in total").check()
    for one in (figure, gap):
        expect(one.locator("svg.wide")).to_contain_text("Parameters in total (log scale)")
    address = page.url
    assert "size=total" in address and "second=alder" in address
    visit.open("about:blank")
    page = visit.open(address)
    expect(page.locator("#gap-pair svg.wide")).to_contain_text("Parameters in total (log scale)")
    assert legend(page)[-1] == "alder, no intermediate training"


def test_curves_that_cannot_be_loaded_are_named_and_the_drawing_stays(browser: Browser, front: str) -> None:
    with Visit(browser) as visit:
        visit.page.route("**/data/curves/*", lambda route: route.abort())
        page = visit.open(front)
        before = legend(page)
        page.locator("#scaling-pair").get_by_label("parameters in total").check()
        expect(page.locator("#scaling-pair form output")).to_have_text("The curves could not be loaded.")
        assert legend(page) == before


def test_a_phone_sees_the_largest_size_and_legible_labels(browser: Browser, front: str) -> None:
    with Visit(browser, viewport={"width": 360, "height": 740}) as visit:
        page = visit.open(front)
        for name in ("gap-pair", "scaling-pair"):
            drawing = page.locator(f"#{name} svg.narrow")
            box, symbol = (one.bounding_box() for one in (drawing, drawing.locator(".filled, .open").last))
            assert box is not None and symbol is not None
            assert box["x"] + box["width"] <= 360
            assert 0 < symbol["x"] + symbol["width"] <= 360, "the largest size is drawn, without scrolling"
            heights = drawing.evaluate(
                "svg => { const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;"
                " return [...svg.querySelectorAll('text')].map((one) => scale * parseFloat(getComputedStyle(one).fontSize)); }"
            )
            assert min(heights) >= 11, heights
