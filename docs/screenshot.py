"""Take a picture of a page as a reader sees it: `python docs/screenshot.py PAGE PNG`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def main(page: Path, picture: Path) -> None:
    """Open the page from its file, wait for its chart, and write the picture."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_ARGUMENTS)
        tab = browser.new_page(viewport={"width": 1280, "height": 1000})
        tab.goto(page.resolve().as_uri())
        tab.wait_for_selector(".js-plotly-plot .main-svg")
        tab.wait_for_timeout(500)  # fonts
        tab.screenshot(path=picture)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
