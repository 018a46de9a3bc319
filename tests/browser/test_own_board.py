"""A board with settings of its own: its colours can be read, its logo is drawn, and nothing is blocked."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from site_gen.build import build
from tests.site_gen.pages.test_board_content import LOGO, SETTINGS
from tests.support.folders import SITE_SUBMISSIONS

pytestmark = pytest.mark.browser

COLOURS = 'colours: {light: {link: "#8a0048", accent: "#b3005e"}, dark: {link: "#e07ab0", accent: "#c4568f"}}'
PAGES = (
    "index.html",
    "about.html",
    "targets.html",
    "submissions/lodestar-s-none.html",
    "targets/jupyterlab.html",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own-board")
    for slug in ("lodestar-s-none", "lodestar-b-none"):
        shutil.copytree(SITE_SUBMISSIONS / slug, folder / "submissions" / slug)
    (folder / "logo.svg").write_text(LOGO)
    lines = [COLOURS if line.startswith("colours:") else line for line in SETTINGS.splitlines()]
    (folder / "stiltboard.yaml").write_text("\n".join(lines))
    return build(folder / "submissions", folder / "public").out


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_axe_finds_nothing_on_a_board_with_its_own_colours(
    browser: Browser, site: Path, scheme: Literal["light", "dark"]
) -> None:
    page = browser.new_page(color_scheme=scheme)
    blocked: list[str] = []
    page.on("console", lambda message: blocked.append(message.text) if message.type == "error" else None)
    for name in PAGES:
        page.goto((site / name).as_uri())
        found = Axe().run(page).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in found] == [], name
    blocked.clear()  # axe asks for style sheets, which the pages forbid
    page.goto((site / "index.html").as_uri())
    link = page.evaluate("getComputedStyle(document.querySelector('main a')).color")
    assert link == {"light": "rgb(138, 0, 72)", "dark": "rgb(224, 122, 176)"}[scheme]
    assert page.evaluate("document.querySelector('img.logo').naturalWidth") > 0
    assert blocked == []
    page.close()
