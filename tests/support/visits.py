"""A visit to a page of the site: what went wrong or out while it was open."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Browser, Page, expect


class Visit:
    """A page of the site, and everything that went wrong or out while it was open."""

    def __init__(self, browser: Browser, **options: Any) -> None:
        self.context = browser.new_context(**options)
        self.page: Page = self.context.new_page()
        self.faults: list[str] = []
        self.requests: list[str] = []
        self.page.on(
            "console",
            lambda message: (
                self.faults.append(message.text) if message.type in ("error", "warning") else None
            ),
        )
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("requestfailed", lambda request: self.faults.append(request.url))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.add_init_script(
            "document.addEventListener('securitypolicyviolation', e => console.error('CSP ' + e.violatedDirective));"
        )

    def open(self, address: str) -> Page:
        self.page.goto(address, wait_until="load")
        return self.page

    def charts(self) -> None:
        """Wait until every figure can be asked for its values."""
        for figure in self.page.locator("figure.chart").all():
            expect(figure).to_have_class(re.compile("ready"))

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()
