"""Take a picture of a page of the site in Chromium.

python docs/screenshot.py PAGE PNG
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def take_picture(page: Path, picture: Path) -> None:
    """Open the page from its file, wait for its chart, and write the picture (1280 × 1000 pixels)."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        raise SystemExit("needs Chromium on the PATH: make browser installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_ARGUMENTS)
        tab = browser.new_page(viewport={"width": 1280, "height": 1000})
        tab.goto(page.resolve().as_uri())
        tab.wait_for_selector("figure.chart.ready")
        tab.wait_for_timeout(500)  # fonts
        tab.screenshot(path=picture)
        browser.close()


def main() -> None:
    """Take the picture that the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("page", type=Path, help="the page, such as public/index.html")
    parser.add_argument("picture", type=Path, help="the PNG file to write")
    arguments = parser.parse_args()
    take_picture(arguments.page, arguments.picture)


if __name__ == "__main__":
    main()
