"""The examples that the documentation and the public docstrings show, run as they are written."""

from __future__ import annotations

import doctest
import inspect
import os
import re
import shutil
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import harness
from tests.support.submissions import write_submission

ROOT = Path(__file__).parents[1]
SHOWN = [*(getattr(harness, name) for name in harness.__all__), import_module("harness.records").Signature]

PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted(ROOT.glob("docs/**/*.md")),
    *sorted(ROOT.glob("benchmarks/*.md")),
]


@pytest.fixture
def board(tmp_path: Path, toy_encoder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Enter a folder with this board's submissions, and one more that can be evaluated offline."""
    for name in ("me5-small-l9", "me5-small-l12"):
        shutil.copytree(ROOT / "submissions" / name, tmp_path / "submissions" / name)
    toy = write_submission(tmp_path / "submissions" / "toy")
    shutil.copytree(toy_encoder, toy / "weights")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: shown.__name__)
@pytest.mark.usefixtures("board")
def test_the_example_of_a_docstring_prints_what_it_shows(shown: Any) -> None:
    namespace = vars(inspect.getmodule(shown))
    examples = doctest.DocTestFinder(recurse=False).find(shown, shown.__name__, globs=dict(namespace))
    assert examples, f"{shown.__name__} shows no example"
    assert examples[0].examples, f"{shown.__name__} shows no example"
    lines: list[str] = []
    failed, _ = doctest.DocTestRunner().run(examples[0], out=lines.append)
    assert not failed, "".join(lines)


@pytest.mark.usefixtures("board")
def test_the_python_of_the_readme_runs() -> None:
    (block,) = re.findall(
        r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE
    )
    exec(block, {})


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.usefixtures("board")
def test_the_python_of_the_page_on_evaluating_runs(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs/evaluating.md").read_text()
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert len(blocks) == 2
    exec(blocks[number], {"__name__": "page"})
    assert "jupyterlab  accuracy " in capsys.readouterr().out


def links_of(page: Path) -> list[str]:
    """Return the files that a page links, by their paths in the repository."""
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    inside = [target for target in targets if "://" not in target and not target.startswith("mailto:")]
    return [os.path.relpath((page.parent / target).resolve(), ROOT) for target in inside]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_links_is_there(page: Path) -> None:
    assert [link for link in links_of(page) if not (ROOT / link).exists()] == []


def anchors_of(page: Path) -> set[str]:
    """Return the ids that GitHub and the documentation's site give to the headings of a page."""
    text = re.sub(r"(?ms)^```.*?^```", "", page.read_text(encoding="utf-8"))
    titles = (re.sub(r"[^\w\- ]", "", title.lower()) for title in re.findall(r"(?m)^#+ (.+)$", text))
    return {title.strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_headings_that_a_page_links_are_there(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]*\.md|)#([^)\s]+)\)", page.read_text(encoding="utf-8"))
    made_by_a_tool = {ROOT / "docs/python.md", ROOT / "docs/commands.md"}
    missing = [
        (name, anchor)
        for name, anchor in links
        for target in [(page.parent / name).resolve() if name else page]
        if target not in made_by_a_tool and anchor not in anchors_of(target)
    ]
    assert missing == []


def test_every_page_of_docs_is_in_the_navigation_of_its_site() -> None:
    listed = re.findall(r"([\w./-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    pages = [path.relative_to(ROOT / "docs").as_posix() for path in ROOT.glob("docs/**/*.md")]
    assert sorted(listed) == sorted(pages)


def test_every_promise_of_security_links_the_test_that_holds_it() -> None:
    table = (ROOT / "SECURITY.md").read_text().partition("## What was tried")[2]
    rows = [line for line in table.splitlines() if line.startswith("|")][2:]
    assert len(rows) >= 10
    assert [row for row in rows if not re.search(r"\]\(tests/[a-z_/]+\.py\)", row)] == []
