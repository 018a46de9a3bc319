"""The experiment's account as a page: what its Markdown says, and none of its HTML."""

from __future__ import annotations

import shutil
from pathlib import Path

from site_gen.build import build
from site_gen.pages.account_page import account_html
from tests.support.folders import SITE_SUBMISSIONS

TEXT = """# The account

See [the second part](#the-second-part), [how](protocol.md#ranks), [code](../experiments/x.py) and
[a paper](https://example.org/paper). <script>alert(1)</script>

## The second part

| layers | score |
| :-- | --: |
| 2 | 81.5 |
"""


def test_links_lead_somewhere_tables_scroll_and_html_is_text() -> None:
    html = account_html(TEXT, "https://github.com/owner/board", "docs/account.md")
    assert '<h2 id="the-second-part">' in html and 'href="#the-second-part"' in html
    assert 'href="https://github.com/owner/board/blob/HEAD/docs/protocol.md#ranks"' in html
    assert 'href="https://github.com/owner/board/blob/HEAD/experiments/x.py"' in html
    assert "<script>" not in html and "&lt;script&gt;" in html
    assert 'role="region" aria-label="Table 1"><table>' in html
    assert '<td class="number">81.5</td>' in html and "style=" not in html
    alone = account_html(TEXT, "", "docs/account.md")
    assert ">how<" not in alone and "how, code and" in alone


def test_a_build_has_the_account_that_lies_next_to_the_submissions(tmp_path: Path) -> None:
    submissions = tmp_path / "submissions"
    shutil.copytree(SITE_SUBMISSIONS / "lodestar-s-none", submissions / "lodestar-s-none")
    site = build(submissions, tmp_path / "site").out
    assert not (site / "experiment.html").exists()
    (tmp_path / "account.md").write_text(TEXT)
    (tmp_path / "stiltboard.yaml").write_text("schema: 1\nquestion: {text: Why?, account: account.md}\n")
    build(submissions, site)
    assert "The second part</h2>" in (site / "experiment.html").read_text()
    assert '<a href="experiment.html">' in (site / "method.html").read_text()


def test_a_number_below_zero_has_a_minus_and_a_range_or_an_option_none() -> None:
    text = "| gap |\n| --: |\n| +3.7 [-1.5, +8.8] |\n\nFrom -2 to 3-4, as `-t -1` and 2026-11 say."
    shown = str(account_html(text, "", "account.md"))
    assert "+3.7 [−1.5, +8.8]" in shown
    assert "From −2 to 3-4, as <code>-t -1</code> and 2026-11 say." in shown


def test_headings_after_the_first_of_several_titles_are_a_level_lower() -> None:
    several = str(account_html("# Both\n\n# One\n\n## Method\n\n# Two", "", "account.md"))
    assert [several.count(f"<h{level} ") for level in (1, 2, 3)] == [1, 2, 1]
    single = str(account_html("# One\n\n## Method", "", "account.md"))
    assert [single.count(f"<h{level} ") for level in (1, 2, 3)] == [1, 1, 0]
