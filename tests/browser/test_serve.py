"""A page that is open in a browser while its site is built again."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.support.folders import SITE_SUBMISSIONS
from tests.support.visits import Visit


def test_an_open_page_loads_itself_again_when_a_submission_changes(browser: Browser, tmp_path: Path) -> None:
    card = tmp_path / "submissions" / "lodestar-b-none" / "submission.yaml"
    shutil.copytree(SITE_SUBMISSIONS / "lodestar-b-none", card.parent)
    options = [
        "--port",
        "0",
        "--submissions",
        str(tmp_path / "submissions"),
        "--out",
        str(tmp_path / "public"),
    ]
    code = "import sys; from harness.cli.main import main; main(sys.argv[1:], prog_name='stiltboard')"
    with (
        subprocess.Popen(
            [sys.executable, "-uc", code, "serve", *options], stdout=subprocess.PIPE, text=True
        ) as server,
        Visit(browser) as visit,
    ):
        try:
            assert server.stdout is not None
            found = re.match(r"http://127\.0\.0\.1:\d+/", server.stdout.readline())
            assert found is not None
            page = visit.open(f"{found[0]}submissions/lodestar-b-none.html")
            expect(page.locator("h1")).to_contain_text("Lodestar Base")
            for title in ("Lighthouse", "Lantern"):
                card.write_text(
                    re.sub("^title: .*$", f"title: {title}", card.read_text(), flags=re.MULTILINE)
                )
                expect(page.locator("h1")).to_contain_text(title, timeout=30_000)
            good = card.read_text()
            card.write_text(good.replace("title: Lantern", "titel: Lantern"))
            expect(page.get_by_role("alert")).to_contain_text("titel", timeout=30_000)
            expect(page.locator("h1")).to_contain_text("Lantern")
            card.write_text(good)
            expect(page.get_by_role("alert")).to_have_count(0, timeout=30_000)
            (tmp_path / "stiltboard.yaml").write_text("schema: 1\ntitle: Harbour board\n")
            expect(page.locator(".brand")).to_contain_text("Harbour board", timeout=30_000)
            assert all(request.startswith(found[0]) for request in visit.requests)
            assert [
                fault for fault in visit.faults if "/.stiltboard/build.js" not in fault
            ] == []  # given up by the reload
        finally:
            server.terminate()
