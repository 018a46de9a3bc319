"""The table of models in Chromium: sorted, searched, filtered, shared, undone and copied."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from site_gen.build import build, site_files
from site_gen.pages.table_text import table_text
from site_gen.reading.ranked_table import ranked_table
from site_gen.writing.folder import write_site
from tests.support.boards import PAIR, entry, make_board, with_batches
from tests.support.folders import SITE_SUBMISSIONS
from tests.support.visits import Visit

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> str:
    out = build(SITE_SUBMISSIONS, tmp_path_factory.mktemp("board") / "public").out
    return f"{out.as_uri()}/index.html"


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    with Visit(browser, permissions=["clipboard-read", "clipboard-write"]) as started:
        yield started
        assert started.faults == []


def shown(page: Page) -> list[list[str]]:
    """Return what every row of the table says, cell by cell; rows that are asked for take a moment to load."""
    rows = page.locator("#leaderboard-table tbody tr").all()
    return [[cell.inner_text() for cell in row.locator("th, td").all()] for row in rows]


def column(page: Page, name: str) -> list[str]:
    heads = page.locator("#leaderboard-table thead th").all_inner_texts()
    index = [text.split("\n")[0] for text in heads].index(name)
    return [row[index] for row in shown(page)]


def status(page: Page, text: str) -> None:
    expect(page.locator("#board-status")).to_have_text(text)


def test_a_reader_sorts_searches_and_goes_back_step_by_step(visit: Visit, front: str) -> None:
    page = visit.open(front)
    written = shown(page)
    assert not any(url.endswith("data/rows.js") for url in visit.requests)
    head = page.locator("#leaderboard-table")
    assert column(page, "Tatoeba")[-1].startswith("35 of 36 languages")
    head.get_by_role("button", name="Tatoeba Accuracy").click()
    status(page, "12 rows")
    assert column(page, "Tatoeba")[0].startswith("33.18")
    assert column(page, "Tatoeba")[-1].startswith("35 of 36 languages"), "rows without a score stay last"
    assert head.locator("th[aria-sort]").get_attribute("aria-sort") == "ascending"
    head.get_by_role("button", name="Model").press("Enter")
    assert column(page, "Model")[0] == "Lodestar Base"
    assert head.locator("th[aria-sort]").all_inner_texts() == ["Model"]
    page.get_by_label("Search").press_sequentially("lodestar-xl mult")
    status(page, "1 of 12 rows")
    assert column(page, "Model") == ["Lodestar XL + MNLI in 15 languages"]
    page.keyboard.press("Enter")
    assert page.url.endswith("#view?sort=title&q=lodestar-xl+mult")
    page.go_back()
    status(page, "12 rows")
    assert page.url.endswith("#view?sort=title"), "all letters of a search are one step"
    page.go_back()
    page.go_back()
    expect(page.locator("th[aria-sort]")).to_have_attribute("aria-sort", "descending")
    assert shown(page) == written, "rows that the script draws say what the page said"
    assert page.url == front
    assert sum(url.endswith("data/rows.js") for url in visit.requests) == 1


@pytest.mark.parametrize("words", ["Example Laboratory", "lodestar-b-none", "example/lodestar"])
def test_a_row_is_found_by_submitter_slug_and_base(visit: Visit, front: str, words: str) -> None:
    page = visit.open(front)
    page.get_by_label("Search").fill(words)
    expect(page.locator("#board-status")).to_contain_text("rows")
    assert "Lodestar Base" in column(page, "Model")


def test_a_search_without_a_row_says_so_and_is_cleared(visit: Visit, front: str) -> None:
    page = visit.open(front)
    page.get_by_label("Search").fill("nobody has this")
    expect(page.get_by_text("No row matches.")).to_be_visible()
    page.get_by_role("button", name="Clear search and filters").click()
    status(page, "12 rows")
    expect(page.get_by_text("No row matches.")).to_be_hidden()
    assert (page.url, page.get_by_label("Search").input_value()) == (front, "")


def test_a_shared_view_opens_at_the_table_with_its_filters(visit: Visit, front: str) -> None:
    page = visit.open(front)
    page.get_by_text("Filter rows, choose columns").click()
    page.get_by_label("multilingual", exact=True).check()
    page.get_by_label("from", exact=True).fill("100")
    page.get_by_label("Trained on", exact=True).uncheck()
    page.locator("#leaderboard-table").get_by_role("button", name="Size").click()
    status(page, "2 of 12 rows")
    found, address = shown(page), page.url
    assert all("multilingual" in row for row in found)
    assert "Trained on" not in page.locator("#leaderboard-table thead").inner_text()
    visit.open("about:blank")
    page = visit.open(address)
    status(page, "2 of 12 rows")
    assert shown(page) == found
    assert page.locator("#leaderboard").is_visible() and page.evaluate("scrollY") > 300
    expect(page.get_by_label("multilingual", exact=True)).to_be_checked()
    assert not page.get_by_label("Trained on", exact=True).is_checked()
    page.get_by_role("button", name="Show all columns").click()
    assert "XTREME average" in page.locator("#leaderboard-table thead").inner_text()
    page.get_by_label("Measured on").select_option("tatoeba")
    page.get_by_role("button", name="Back to the start").click()
    status(page, "12 rows")


def test_a_table_is_copied_into_a_paper_in_two_clicks(visit: Visit, front: str) -> None:
    page = visit.open(front)
    page.get_by_text("Copy or download these rows").click()
    page.get_by_role("button", name="LaTeX", exact=True).click()
    expect(page.locator("#board-exported")).to_have_text("12 rows copied as LaTeX")
    text = page.evaluate("navigator.clipboard.readText()")
    columns, rows = ranked_table(SITE_SUBMISSIONS)
    assert text == table_text([column for column in columns if column.shown], rows, "latex")
    latex = text.splitlines()
    assert (latex[0], latex[2]) == ("% \\usepackage{booktabs}", "\\toprule")
    assert latex[-2:] == ["\\bottomrule", "\\end{tabular}"]
    assert any("Lodestar XL + MNLI in 15 languages & multilingual" in line for line in latex)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as .csv").click()
    text = Path(download.value.path()).read_bytes().decode()
    assert text == table_text([column for column in columns if column.shown], rows, "csv")
    page.get_by_role("button", name="Markdown", exact=True).click()
    expect(page.locator("#board-exported")).to_have_text("12 rows copied as Markdown")
    text = page.evaluate("navigator.clipboard.readText()")
    assert text == table_text([column for column in columns if column.shown], rows, "markdown")


@pytest.mark.slow
def test_rows_are_filtered_by_their_batches(visit: Visit, tmp_path: Path) -> None:
    write_site(site_files(with_batches()), tmp_path / "site")
    page = visit.open(f"{(tmp_path / 'site').as_uri()}/index.html")
    page.get_by_text("Filter rows, choose columns").click()
    page.get_by_label("Batches", exact=True).select_option("hybrid")
    status(page, "1 of 3 rows")
    assert page.url.endswith("#view?batches=hybrid")


def test_on_a_phone_the_score_follows_the_name(browser: Browser, front: str) -> None:
    with Visit(browser, viewport={"width": 360, "height": 740}) as visit:
        page = visit.open(front)
        first = shown(page)[0]
        cell = page.locator("#leaderboard-table tbody tr").first.locator("td").first
        assert cell.inner_text() == first[1] == "82.33"
        box = cell.bounding_box()
        assert box is not None and box["x"] + box["width"] <= 360
        page.get_by_label("Search").fill("german")
        status(page, "4 of 12 rows")
        assert column(page, "Tatoeba") == [row[1] for row in shown(page)]
        page.set_viewport_size({"width": 1280, "height": 740})
        expect(page.locator("#leaderboard-table thead th").nth(1)).to_have_text("Regime")
        assert visit.faults == []


@pytest.mark.slow
def test_a_thousand_rows_are_sorted_at_once(browser: Browser, tmp_path: Path) -> None:
    rows = [entry(f"row-{number}", {"de": number % 97, "fi": number % 89}) for number in range(1_000)]
    write_site(site_files(make_board(rows, (PAIR,))), tmp_path / "site")
    with Visit(browser, viewport={"width": 1440, "height": 900}) as visit:
        page = visit.open(f"{(tmp_path / 'site').as_uri()}/index.html")
        page.locator("#leaderboard-table").get_by_role("button", name="Seeds").click()
        status(page, "1,000 rows")
        clicks = """name => { const at = performance.now();
            [...document.querySelectorAll('#leaderboard-table th button')].find((one) => one.textContent.startsWith(name)).click();
            document.body.offsetHeight; return performance.now() - at; }"""
        times = [page.evaluate(clicks, name) for name in ("Model", "Pair", "Size", "Model")]
        assert max(times) < 250, times
        visit.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 4})
        slowed = sorted(page.evaluate(clicks, name) for name in ("Model", "Pair", "Size", "Model", "Pair"))
        assert slowed[2] < 250, slowed
        assert page.evaluate("document.documentElement.scrollHeight") <= 5 * 900
        assert visit.faults == []
