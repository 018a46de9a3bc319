"""Two hundred hostile strings in every text field that a stranger fills, on every kind of page, with the pages' policy taken off.

The policy (CSP) would stop most of it as well; here the escaping must do it alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from site_gen.board.whole import WholeEntry
from site_gen.build import site_files
from site_gen.writing.folder import write_site
from tests.support.boards import ASKED, PAIR, SHOW, asked_result, make_board, reported, result, submission
from tests.support.visits import Visit

pytestmark = pytest.mark.browser
PAYLOADS = (
    "<script>taken()</script>", "<img src=x onerror=taken()>", "<svg onload=taken()>", "<iframe srcdoc='<script>parent.taken()</script>'>",
    "<a href='javascript:taken()'>x</a>", "<details open ontoggle=taken()>", "<input autofocus onfocus=taken()>",
    "<style>@import'x'</style>",
    "<body onload=taken()>", "<math><mtext></form><form><mglyph><style></math><img src onerror=taken()>", "<base href='//x.example/'>",
    "<meta http-equiv=refresh content='0;url=javascript:taken()'>", "<object data='javascript:taken()'>",
    "<template><script>taken()</script>",
    "<b>bold</b><sup>x</sup><a href='javascript:taken()'>plotly</a>", "${taken()}", "{{ taken() }}", "{% raw %}", "javascript:taken()",
    "=HYPERLINK(\"javascript:taken()\")",
)  # fmt: skip
WAYS_OUT = ("", '"', "'", '">', "'>", "</script>", "</title>", "-->", "]]>", '" onmouseover="taken()" x="')
STRINGS = tuple(way + payload for way, payload in product(WAYS_OUT, PAYLOADS))
PAGES = (
    "index.html", "leaderboard/2.html", "targets/pair.html", "targets/show.html", "targets/asked.html", "languages/de.html",
    "families/toy.html", "about.html", "languages.html", "families.html", "targets.html",
)  # fmt: skip
# Set before anything of a page runs; what is taken is counted.
COUNTER = "window.count = 0; window.taken = () => { window.count += 1; };"
FOUND = r"""() => {
  const led = ['href', 'src', 'srcdoc', 'data', 'action', 'xlink:href'];
  const bad = ({name, value}) => name.startsWith('on') || (led.includes(name) && /^\s*(javascript|data):/i.test(value));
  return [...document.querySelectorAll('*')].flatMap((node) => [...node.attributes].filter(bad).map(({name}) => `${node.tagName} ${name}`));
}"""
PROVOKE = """() => document.querySelectorAll('*').forEach((node) =>
  ['mouseover', 'focus', 'toggle', 'error'].forEach((name) => node.dispatchEvent(new Event(name))))"""


@pytest.fixture(scope="module")
def hostile_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a site of two hundred submissions, each with another string wherever text may stand."""
    out = tmp_path_factory.mktemp("hostile") / "public"
    write_site(site_files(make_board(entries(), (PAIR, SHOW, ASKED))), out)
    return out


def entries() -> Iterator[object]:
    for number, text in enumerate(STRINGS):
        slug = f"row-{number:03}"
        made = submission(
            text,
            submitters=[{"name": text, "url": "https://example.org/"}],
            license=text,
            encoding={"layer": "last", "pooling": "mean", "prefix": text},
            checkpoints=[{"seed": "0", "path": text}],
        )
        run = {"date": "2026-03-02T09:14:07Z", "device": text, "versions": {"torch": text}, "events": [text]}
        whole = result(
            slug,
            [{"de": number / 4, "fi": number / 5}],
            runs=[run],
            signature=str(replace(PAIR.signature, prefix=text)),
        )
        broken = result(slug, [{"de": 1.0, "fi": text}], target=SHOW, runs=[run])
        yield WholeEntry(slug, made, (whole, broken, asked_result(slug, number / 100)))
        if number % 10 == 0:
            told = {
                "pair": {"means": {"accuracy": "12.5"}},
                "show": {"means": {"map": "12.5"}, "differs": text},
            }
            yield reported(f"told-{number:03}", told, citation=text, note=text)


def taken_on(page: Page) -> tuple[int, list[str]]:
    """Move over and focus whatever is there, and return what ran and what could."""
    page.evaluate(PROVOKE)
    count: int = page.evaluate("window.count")
    found: list[str] = page.evaluate(FOUND)
    return count, found


def test_there_are_two_hundred_of_them() -> None:
    assert len(set(STRINGS)) == 200


def test_a_template_that_escapes_nothing_is_caught(browser: Browser, tmp_path: Path) -> None:
    caught = 0
    with Visit(browser, bypass_csp=True) as visit:
        visit.page.add_init_script(COUNTER)
        for text in STRINGS[: 2 * len(PAYLOADS)]:
            (tmp_path / "unsafe.html").write_text(
                f'<!DOCTYPE html><title>{text}</title><h1 title="{text}">{text}</h1>', "utf-8"
            )
            page = visit.open((tmp_path / "unsafe.html").as_uri())
            count, found = taken_on(page)
            caught += bool(count or found)
    assert caught > 20


@pytest.mark.slow
def test_nothing_runs_on_any_kind_of_page(browser: Browser, hostile_site: Path) -> None:
    pages = [
        *PAGES,
        *(f"submissions/{path.name}" for path in sorted((hostile_site / "submissions").iterdir())),
    ]
    taken = {}
    with Visit(browser, bypass_csp=True) as visit:
        visit.page.add_init_script(COUNTER)
        visit.page.on("dialog", lambda dialog: dialog.dismiss())
        for name in pages:
            page = visit.open((hostile_site / name).as_uri())
            if (found := taken_on(page)) != (0, []):
                taken[name] = found
    assert taken == {}
    assert len(pages) > 220
    assert [url for url in visit.requests if not url.startswith(hostile_site.as_uri())] == []


@pytest.mark.slow
def test_nothing_runs_in_what_scripts_draw(browser: Browser, hostile_site: Path) -> None:
    with Visit(browser, bypass_csp=True) as visit:
        visit.page.add_init_script(COUNTER)
        page = visit.open(f"{hostile_site.as_uri()}/index.html#view?sort=title")
        while page.locator("#board-more").is_visible():
            page.locator("#board-more").click()
        assert page.locator("#leaderboard-table tbody tr").count() == len(STRINGS)
        visit.charts()
        assert taken_on(page) == (0, [])
        assert page.locator("#leaderboard-table tbody th a").first.text_content() in STRINGS
        for number in range(0, len(STRINGS), 4):
            slugs = [f"row-{number + each:03}" for each in range(4)]
            page = visit.open(f"{hostile_site.as_uri()}/compare.html#of={','.join(slugs)}")
            expect(page.locator(f'#compared a[href$="{slugs[-1]}.html"]').first).to_be_attached()
            assert taken_on(page) == (0, []), slugs
        page = visit.open(f"{hostile_site.as_uri()}/compare.html#of=%3Cimg src=x onerror=alert(1)%3E,row-000")
        page.reload()
        expect(page.locator("#compare-said")).to_contain_text("No submission is called <img")
        assert taken_on(page) == (0, [])
