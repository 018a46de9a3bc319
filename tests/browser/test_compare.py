"""Submissions side by side in a browser."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from harness.scoring.statistics.entrant import entrant
from harness.scoring.statistics.samples import Sample
from site_gen.board.whole import WholeEntry
from site_gen.build import site_files
from site_gen.writing.folder import write_site
from tests.support.boards import PAIR, SHOW, make_board, result, submission
from tests.support.visits import Visit


def measured(
    slug: str, shares: tuple[float, ...], *, design: str | None = None, trained: bool = True
) -> WholeEntry:
    """Return a submission whose seed i is right on that share of the same 400 examples of each language."""
    right = np.stack([np.arange(400) < 400 * share for share in shares]).astype(float)
    found = entrant(Sample([right, right], trained=trained, design=design))
    of_seeds = [{"de": 100 * share, "fi": 100 * share} for share in shares]
    regime = "english" if trained else "none"
    made = submission(f"Title of {slug}", regime=regime, seeds=len(shares))
    return WholeEntry(
        slug, made, (result(slug, of_seeds), result(slug, of_seeds, target=SHOW)), entrants={"pair": found}
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("compare") / "public"
    entries = [
        measured("low", (0.40, 0.50, 0.45), design="alike"),
        measured("high", (0.60, 0.71, 0.65), design="alike"),
        measured("near", (0.44, 0.48, 0.46)),
        measured("once", (0.9,)),
    ]
    write_site(site_files(make_board(entries, (PAIR, SHOW))), out)
    return out


def line(page: Page, name: str) -> list[str]:
    row = page.locator("#compared tbody tr").filter(has=page.get_by_role("rowheader", name=name, exact=True))
    return [text.replace("\n", " ") for text in row.last.locator("td").all_inner_texts()]


def test_differences_have_intervals_and_corrected_marks_and_stand_in_the_address(
    browser: Browser, site: Path
) -> None:
    with Visit(browser) as visit:
        page = visit.open(f"{site.as_uri()}/compare.html")
        expect(page.locator("#compare-said")).to_have_text("Choose two of 4 submissions.")
        page.get_by_label("First").fill("low")
        page.get_by_label("Second").fill("high")
        page.get_by_label("Third").fill("near")
        page.get_by_label("Fourth").fill("once")
        page.keyboard.press("Tab")
        expect(page.locator("#compare-said")).to_have_text("4 submissions compared.")
        address = page.url
        assert address.endswith("compare.html#of=low,high,near,once")
        for _ in range(2):
            own, high, difference, _, near, _, once = line(page, "Pair")
            assert (own, high[:5]) == ("45.00", "65.33")
            assert (
                difference.startswith("+20.33 [+1")
                and "better, p < 0.001" in difference
                and difference.endswith(", seeds matched")
            )
            assert near.startswith("+1.00 [−") and near.endswith("open, can be chance")
            assert once.endswith("not tested: one training run")
            page = visit.open("about:blank") and visit.open(address)
            expect(page.locator("#compare-said")).to_have_text("4 submissions compared.")
        page.get_by_text("Pair by language", exact=True).click()
        assert line(page, "German (de)") == ["45.00", "65.33", "46.00", "90.00"]
        assert page.locator("#compared code").inner_text() == "stiltboard diff low high"
        assert visit.faults == []


def test_names_that_nobody_has_and_files_that_are_gone_are_named(browser: Browser, site: Path) -> None:
    with Visit(browser) as visit:
        visit.page.route("**/data/compare/near.js", lambda route: route.abort())
        page = visit.open(f"{site.as_uri()}/compare.html#of=low,hihg")
        expect(page.locator("#compare-said")).to_have_text(
            "No submission is called hihg. Choose one more of 4 submissions."
        )
        page.get_by_label("Second").fill("near")
        page.keyboard.press("Tab")
        expect(page.locator("#compare-said")).to_have_text("data/compare/near.js could not be loaded.")
        page.get_by_label("Second").fill("Title of high")
        page.keyboard.press("Tab")
        expect(page.locator("#compare-said")).to_have_text("2 submissions compared.")
        assert page.url.endswith("#of=low,high"), "a title names its submission"
        page.get_by_text("Pair by language", exact=True).click()
        assert line(page, "German (de)") == ["45.00", "65.33", "+20.33"]
        page = visit.open("about:blank") and visit.open(
            f"{site.as_uri()}/compare.html#of=low,high,once,low,near"
        )
        expect(page.locator("#compare-said")).to_contain_text("Left out, because 4 fit side by side: near.")
        page.get_by_label("Fourth").fill("hihg")
        page.keyboard.press("Tab")
        expect(page.locator("#compare-said")).to_contain_text("hihg. 3 submissions compared.")


def test_without_javascript_the_page_says_what_to_do(browser: Browser, site: Path) -> None:
    with Visit(browser, java_script_enabled=False) as visit:
        page = visit.open(f"{site.as_uri()}/compare.html#of=low,high")
        assert page.locator("#compare-without").is_visible()
        assert page.locator("#compare").is_hidden()


def test_what_only_one_side_gets_right_is_listed_by_id(browser: Browser, tmp_path: Path) -> None:
    """Without outcomes the comparison says so; with them ids stand in the order of their difference."""
    out = tmp_path / "public"
    files = site_files(make_board([measured("low", (0.4,)), measured("high", (0.9,))], (PAIR, SHOW)))
    for slug, values in (("low", "A_A"), ("high", "__A")):
        languages = [{"language": "de", "name": "German", "values": values, "count": 1, "wrong": []}]
        script = f"stiltboardExamples({json.dumps([slug, 'pair', languages])[1:-1]});"
        files[f"data/examples/{slug}/pair.js"] = script.encode()
    write_site(files, out)
    with Visit(browser) as visit:
        page = visit.open(f"{out.as_uri()}/compare.html#of=low,high")
        page.get_by_text("Pair: examples that only one side gets right").click()
        table = page.locator("table.examples tbody")
        expect(table.locator("td")).to_have_text(["0", "–", "1", "0"])
        assert page.get_by_text("stiltboard diff low high -t pair --examples 20 --data DIR").is_visible()
        assert visit.faults == []
