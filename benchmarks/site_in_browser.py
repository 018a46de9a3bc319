"""What a reader waits for on the front page, in Chromium: `python benchmarks/site_in_browser.py public/index.html`.

Every figure is the median of several visits or changes, in milliseconds, from the reader's action to the
first frame after it. The page is read from disk, so that no network is in it; `slowed` divides the speed of
the processor as a phone's would be.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_VISITS = 5
# Milliseconds that a hand takes from a table's head to the button in it.
_NEAR = 333
# Both resolve in the frame after what they do, with layout and painting behind them.
_SORTED = """async (key) => {
  const button = document.querySelector(`#leaderboard-table th[data-key="${key}"] button`);
  const start = performance.now();
  button.click();
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - start;
}"""
_TYPED = """async (text) => {
  const field = document.getElementById("board-controls").elements.q;
  const start = performance.now();
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - start;
}"""
_LOADED = "() => performance.getEntriesByType('navigation')[0].loadEventEnd"


def waits(index: Path, slowed: int) -> Iterator[tuple[str, float]]:
    """Yield (what, milliseconds) of a visit with so much slower a processor."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        raise SystemExit("needs Chromium on the PATH: make browser installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_ARGUMENTS)
        yield from _visited(browser, index.resolve().as_uri(), slowed)
        browser.close()


def _visited(browser: Browser, address: str, slowed: int) -> Iterator[tuple[str, float]]:
    loads: list[float] = []
    firsts: list[float] = []
    nears: list[float] = []
    for visit in range(2 * _VISITS):
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slowed})
        page.goto(address, wait_until="load")
        loads.append(float(page.evaluate(_LOADED)))
        if visit % 2:
            page.locator("#leaderboard-table thead").hover()
            page.wait_for_timeout(_NEAR)
        (nears if visit % 2 else firsts).append(_first(page))
        if visit < 2 * _VISITS - 1:
            page.close()
    yield "front page loaded, its table sortable", median(loads)
    yield "from there, first sort as the pointer comes, which loads all rows", median(firsts)
    yield "first sort a third of a second after it came", median(nears)
    keys = page.evaluate(
        "() => [...document.querySelectorAll('#leaderboard-table th[data-key]')].map((header) => header.dataset.key)"
    )
    sorts = [float(page.evaluate(_SORTED, key)) for key in keys for _ in range(2)]
    yield "sort by a column", median(sorts)
    yield "the slowest of these", max(sorts)
    yield (
        "search as a letter is typed",
        median(float(page.evaluate(_TYPED, text)) for text in ("r", "re", "rec", "reci", "recipe 7", "")),
    )
    page.close()


def _first(page: Page) -> float:
    """Return how long the first click takes until the status counts all rows."""
    return float(
        page.evaluate("""async () => {
          const status = document.getElementById("board-status");
          const start = performance.now();
          document.querySelector('#leaderboard-table th[data-key="title"] button').click();
          while (!status.value.endsWith("rows")) {
            await new Promise((done) => requestAnimationFrame(done));
          }
          return performance.now() - start;
        }""")
    )


def report(index: Path) -> None:
    """Print the figures."""
    for slowed in (1, 4):
        for what, milliseconds in waits(index, slowed):
            print(f"processor slowed {slowed}×: {what}: {milliseconds:.0f} ms")


if __name__ == "__main__":
    report(Path(sys.argv[1]))
