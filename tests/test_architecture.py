"""Rules of the house that no linter holds."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.support.folders import ROOT

SOURCES = sorted(
    path for package in ("harness", "site_gen", "benchmarks") for path in (ROOT / package).rglob("*.py")
)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_pickled_and_no_code_comes_with_a_checkpoint(path: Path) -> None:
    unsafe = r"\bimport pickle\b|\btorch\.load\(|trust_remote_code\s*=\s*True|allow_pickle\s*=\s*True|\byaml\.(unsafe_|full_)?load\("
    assert not re.findall(unsafe, path.read_text())


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_and_functions_stay_readable(path: Path) -> None:
    tree = ast.parse(path.read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert len(path.read_text().splitlines()) <= 400
    assert [node.name for node in functions if (node.end_lineno or 0) - node.lineno > 70] == []


def test_no_data_set_and_no_third_party_file_is_in_the_tree() -> None:
    assert [path for path in ROOT.glob("templates/**/*") if "plotly" in path.name] == []
    assert [
        path
        for path in (ROOT / "tests/fixtures").rglob("*")
        if path.is_file() and path.stat().st_size > 100_000
    ] == []


def test_the_two_commands_stand_at_the_top_of_the_readme() -> None:
    top = (ROOT / "README.md").read_text().partition("## Evaluate")[0]
    assert top.index("$ make demo") < top.index("$ make test")
