"""A board in an empty folder: what is written works, and nothing that was there is touched."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from harness.cli.main import main
from harness.store.board_settings import load_board_settings
from tests.support.folders import tree
from tests.support.own_board import SOURCES, files
from tests.support.pull_requests import git


def run(*arguments: str) -> str:
    outcome = CliRunner().invoke(main, arguments)
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


def test_a_new_board_is_valid_is_built_and_takes_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = run("init", "ours", "--title", "Ours: 'a' & b", "--base-url", "https://user.github.io/ours/")
    assert "next: cd ours && stiltboard build" in said
    monkeypatch.chdir("ours")
    settings = load_board_settings(Path("submissions"))
    assert (settings.title, settings.base_url) == ("Ours: 'a' & b", "https://user.github.io/ours")
    assert Path("requirements.txt").read_text() == f"stiltboard=={version('stiltboard')}\n"
    assert "https://user.github.io/ours/badges/example-small.svg" in Path("README.md").read_text()
    assert "1 submission checked, no faults" in run("validate")
    run("build")
    front = Path("public/index.html").read_text()
    assert "<h1>Ours: &#39;a&#39; &amp; b</h1>" in front and "multilingual-e5-small, first 3 layers" in front
    assert '<link rel="canonical" href="https://user.github.io/ours/">' in front
    assert Path("public/badges/example-small.svg").is_file()
    for page in Path("public").rglob("*.html"):
        assert "English-only intermediate training" not in page.read_text(), page
    for name in (".github/workflows/pages.yml", ".github/ISSUE_TEMPLATE/submission.yml"):
        yaml.safe_load(Path(name).read_text())
    assert "| multilingual-e5-small, first 3 layers |" in run("table")
    run("new", "mine")
    assert (
        Path("submissions/mine/submission.yaml")
        .read_text()
        .startswith("# yaml-language-server: $schema=../../docs/")
    )
    git(Path(), "init", "--quiet", "--initial-branch=main", ".")
    git(Path(), "add", "-A", "--", ":!submissions/mine")
    git(Path(), "commit", "--quiet", "-m", "Start")
    git(Path(), "add", "-A")
    git(Path(), "commit", "--quiet", "-m", "Add a row")
    judged = CliRunner().invoke(main, ["review", "HEAD~1", "HEAD"])
    assert judged.exit_code == 1 and "<angle brackets>" not in judged.output
    assert "submissions/mine/submission.yaml" in judged.output


def test_no_file_is_overwritten_and_all_that_are_there_are_named(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine\n")
    (tmp_path / "stiltboard.yaml").symlink_to("nowhere")
    (tmp_path / "notes.txt").write_text("")
    before = tree(tmp_path)
    outcome = CliRunner().invoke(main, ["init", str(tmp_path)])
    assert outcome.exit_code == 3
    assert re.findall(r"error: (\S+): is already there", outcome.output) == [
        str(tmp_path / "stiltboard.yaml"),
        str(tmp_path / "README.md"),
    ]
    assert "cure: init changes no file" in outcome.output
    assert tree(tmp_path) == before
    outcome = CliRunner().invoke(main, ["init", str(tmp_path / "notes.txt")])
    assert outcome.exit_code == 3 and "notes.txt: is a file" in outcome.output


@pytest.mark.parametrize(
    "arguments", [("--base-url", "example"), ("--title", "x" * 201), ("--title", "a\u202eb"), ("--requirement", "a\nb")]
)  # fmt: skip
def test_what_cannot_be_written_is_refused(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    outcome = CliRunner().invoke(main, ["init", str(tmp_path), *arguments])
    assert outcome.exit_code in (2, 3) and "Traceback" not in outcome.output
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("name", SOURCES)
def test_its_workflows_follow_those_of_this_repository(name: str) -> None:
    (path,) = (path for path in files() if path.name == name)
    assert path.read_text() == files()[path], "python -m tests.support.own_board"
    text = path.read_text()
    assert "constraints.txt" not in text and "docs/" not in text and "SECURITY.md" not in text
