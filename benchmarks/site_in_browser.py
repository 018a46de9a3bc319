"""Time what a reader waits for on the front page, in Chromium.

    python benchmarks/site_in_browser.py public/index.html

Every figure is the median of several visits or changes, in milliseconds, from the reader's action to the
first frame after it. The page is read from disk, without a network. A second pass divides the speed of the
processor by 4, as on a phone.
"""

from __future__ import annotations

import argparse
import shutil
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
# Milliseconds in which a pointer moves from a table's head to a button in it.
_HOVER = 333
# Both resolve in the frame after their action, when layout and painting are done.
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


def waiting_times(index: Path, slowdown: int) -> Iterator[tuple[str, float]]:
    """Yield each action and its milliseconds, with the processor slowed down by a factor."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        raise SystemExit("needs Chromium on the PATH: make browser installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_ARGUMENTS)
        yield from _visits(browser, index.resolve().as_uri(), slowdown)
        browser.close()


def _visits(browser: Browser, address: str, slowdown: int) -> Iterator[tuple[str, float]]:
    loads: list[float] = []
    at_once: list[float] = []
    after_hover: list[float] = []
    for visit in range(2 * _VISITS):
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slowdown})
        page.goto(address, wait_until="load")
        loads.append(float(page.evaluate(_LOADED)))
        if visit % 2:
            page.locator("#leaderboard-table thead").hover()
            page.wait_for_timeout(_HOVER)
        (after_hover if visit % 2 else at_once).append(_first_sort(page))
        if visit < 2 * _VISITS - 1:
            page.close()
    yield "front page loaded, its table sortable", median(loads)
    yield "after that, a first sort as soon as the pointer arrives, which loads all rows", median(at_once)
    yield "after that, a first sort a third of a second after the pointer arrived", median(after_hover)
    headers = "document.querySelectorAll('#leaderboard-table th[data-key]')"
    keys = page.evaluate(f"() => [...{headers}].map((header) => header.dataset.key)")
    sorts = [float(page.evaluate(_SORTED, key)) for key in keys for _ in range(2)]
    yield "sort by a column", median(sorts)
    yield "the slowest single one of these", max(sorts)
    yield (
        "search as a letter is typed",
        median(float(page.evaluate(_TYPED, text)) for text in ("r", "re", "rec", "reci", "recipe 7", "")),
    )
    page.close()


def _first_sort(page: Page) -> float:
    """Return the milliseconds from the first click until the status counts all rows."""
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


def main() -> None:
    """Print the figures at full speed and at a quarter of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("index", type=Path, help="the front page of a built site")
    index = parser.parse_args().index
    for slowdown in (1, 4):
        for action, milliseconds in waiting_times(index, slowdown):
            print(f"processor slowed {slowdown}×: {action}: {milliseconds:.0f} ms")


if __name__ == "__main__":
    main()
