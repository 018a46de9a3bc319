"""What a board's own settings change on its pages, and what of them is refused."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from harness.errors import BadInput
from site_gen.build import build
from site_gen.pages.colours import contrast
from tests.support.folders import SITE_SUBMISSIONS

LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M1 1h7" stroke="#b3005e"/></svg>'
SETTINGS = """\
schema: 1
title: Sails
subtitle: a board of small encoders
organisation: {name: Harbour Office, url: https://example.org/harbour}
base_url: https://sails.example.org
repository: https://git.example.org/sails
license: CC-BY-4.0
logo: logo.svg
colours: {light: {link: "#8a0048", accent: "#b3005e"}}
footer: Measured on Fridays.
links: {Paper: https://example.org/paper}
targets: [jupyterlab, tatoeba]
columns: [title, jupyterlab, family]
groups: [{title: Messages, targets: [jupyterlab]}]
"""


@pytest.fixture
def board(tmp_path: Path) -> Path:
    for slug in ("lodestar-s-none", "lodestar-b-none"):
        shutil.copytree(SITE_SUBMISSIONS / slug, tmp_path / "submissions" / slug)
    (tmp_path / "logo.svg").write_text(LOGO)
    return tmp_path


def built(board: Path, settings: str) -> Path:
    (board / "stiltboard.yaml").write_text(settings)
    return build(board / "submissions", board / "public").out


def test_a_board_without_a_question_shows_its_table_first(board: Path) -> None:
    site = built(board, "schema: 1\ntitle: Sails\n")
    front = (site / "index.html").read_text()
    assert "<h1>Sails</h1>" in front
    assert front.index('id="leaderboard"') < front.index('id="by-size"')
    for page in site.rglob("*.html"):
        text = page.read_text()
        assert "English-only" not in re.sub(r'<input type="checkbox" name="regime"[^\n]*', "", text) or (
            page.name == "index.html" and "<fieldset><legend>Regime" in text
        ), page
    assert "Not answered" not in front and "intermediate" not in (site / "about.html").read_text()


def test_every_setting_is_on_the_pages(board: Path) -> None:
    site = built(board, SETTINGS)
    front = (site / "index.html").read_text()
    for words in (
        '<link rel="stylesheet" href="static/colours.css">',
        '<img class="logo" src="static/logo.svg" alt="">Sails',
        '<li><a href="https://example.org/paper">Paper</a></li>',
        '<li><a href="https://git.example.org/sails">Repository</a></li>',
        '<a href="https://example.org/harbour">Harbour Office</a> · Measured on Fridays.',
        "<p>A board of small encoders.",
        "Models on Sails tests",
        "Sorted by JupyterLab messages",
    ):
        assert words in front, words
    head = front.partition("<thead>")[2].partition("</thead>")[0]
    assert re.findall('data-key="([^"]+)"', head) == ["title", "jupyterlab", "family"]
    assert (site / "static/logo.svg").read_text() == LOGO
    assert "--link: #8a0048; --accent: #b3005e;" in (site / "static/colours.css").read_text()
    tests = re.findall('<h2 id="group[^>]*>([^<]+)', (site / "targets.html").read_text())
    assert tests == ["Messages", "Sails", "Other tests"]
    about = (site / "about.html").read_text()
    assert "author = {{Harbour Office}}" in about and "Results: CC-BY-4.0" in about


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            'colours: {light: {link: "#ff8800"}}',
            r"stiltboard.yaml: colours: light: link: #ff8800 has a contrast of \d\.\d\d with the \S+'s #\w{6}, and "
            r'needs 4.5\n    cure: for example "#\w{6}"',
        ),
        ('colours: {dark: {accent: "#202020"}}', r"colours: dark: accent: #202020 has .* needs 3\n    cure: for"),
        ("colours: {light: {link: blue}}", r"stiltboard.yaml:2:25: .* a colour as #rrggbb, found 'blue'"),
        ("columns: [title, prize]", r"columns: there is no column 'prize'\n    cure: one of: title, "),
        ("targets: [tatoba]", r"stiltboard.yaml:2:11: targets: there is no target 'tatoba'\n    cure: one of: "),
        ("targets: [xnli, xnli]", r"targets: xnli is named twice"),
        ("logo: ../logo.svg", r"letters, digits|in the board's folder"),
        ("logo: other.svg", r"other.svg: .*\n    cure: add it, or leave logo out of stiltboard.yaml"),
        ("logo: bad.svg", r"bad.svg: an SVG with '<script' could run a script\n    cure: export it as plain SVG"),
        ("question: {text: Why?, account: no.md}", r"no.md: .*\n    cure: write it, or leave account out"),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_refused_with_a_cure(board: Path, settings: str, message: str) -> None:
    (board / "bad.svg").write_text("<svg><script>1</script></svg>")
    with pytest.raises(BadInput) as caught:
        built(board, f"schema: 1\n{settings}\n")
    assert re.search(message, str(caught.value)), str(caught.value)


def test_the_proposed_colour_is_accepted(board: Path) -> None:
    with pytest.raises(BadInput) as caught:
        built(board, 'schema: 1\ncolours: {light: {link: "#ff8800"}}\n')
    better = caught.value.faults[0].cure.split('"')[1]
    built(board, f'schema: 1\ncolours: {{light: {{link: "{better}"}}}}\n')


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)  # the grey that is just enough


def test_the_data_are_described_for_search_engines(board: Path) -> None:
    site = built(board, SETTINGS.replace("title: Sails", "title: Sails </script> & more"))
    (block,) = re.findall(
        r'<script type="application/ld\+json">(.*?)</script>', (site / "about.html").read_text(), re.DOTALL
    )
    dataset = json.loads(block)
    assert dataset["@type"] == "Dataset" and dataset["name"].startswith("Sails </script> & more, a board")
    assert dataset["license"] == "https://spdx.org/licenses/CC-BY-4.0.html"
    assert dataset["creator"]["name"] == "Harbour Office"
    for download in dataset["distribution"]:
        assert (site / download["contentUrl"]).is_file()
