"""Rules of the house that no linter holds."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections import defaultdict
from pathlib import Path

import grimp
import pytest

from tests.support.folders import ROOT

PACKAGES = ("harness", "site_gen")
SOURCES = sorted(
    path
    for folder in (*PACKAGES, "benchmarks", "experiments", "docs")
    for path in (ROOT / folder).rglob("*.py")
)
MODULES = [
    path for path in SOURCES if path.relative_to(ROOT).parts[0] in PACKAGES and path.stem != "__init__"
]
SAME_MEANING = {
    "a kind of target, in the room that says what of it": {
        *("classification", "clir", "mining", "passage_retrieval", "qa", "question_retrieval"),
        *("retrieval", "tagging"),
    },
    "a record, and what reads or shows it": {
        *("board_settings", "by_language", "gap", "notices", "reported", "training", "verification"),
    },
    "a statistic, and its figure": {"precision_recall", "scaling"},
    "a command, and what it runs": {"build", "cache", "publish"},
    "the way of a job through its room, step by step": {"story"},
    "the list of a room's modules": {"registry"},
}
"""Names of modules that are used twice on purpose, by what they mean in both places."""


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_pickled_and_no_code_comes_with_a_checkpoint(path: Path) -> None:
    unsafe = r"\bimport pickle\b|\btorch\.load\(|trust_remote_code\s*=\s*True|allow_pickle\s*=\s*True|\byaml\.(unsafe_|full_)?load\("
    assert not re.findall(unsafe, path.read_text())


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_and_functions_stay_readable(path: Path) -> None:
    text = path.read_text()
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    assert len(text.splitlines()) <= 380
    assert [node.name for node in functions if (node.end_lineno or 0) - node.lineno > 65] == []


READERS = {
    r"\bopen\(|\.read_(text|bytes|lines)\(|\bgzip\.": "raw_files",
    r"\bjson\.loads?\(": "json_files",
    r"\bcsv\b\.": "delimited",
}
"""What reads a file of data, by the one module of harness.data that does it."""


@pytest.mark.parametrize(
    "path", sorted((ROOT / "harness/data").glob("*.py")), ids=lambda path: str(path.stem)
)
def test_loaders_read_files_through_the_readers(path: Path) -> None:
    text = re.sub(r'""".*?"""', "", path.read_text(), flags=re.DOTALL)
    assert [
        pattern for pattern, home in READERS.items() if path.stem != home and re.search(pattern, text)
    ] == []


def test_no_two_classes_share_a_name() -> None:
    homes = defaultdict(list)
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                homes[node.name].append(str(path.relative_to(ROOT)))
    assert {name: paths for name, paths in homes.items() if len(paths) > 1} == {}


def test_a_module_name_that_is_used_twice_means_the_same() -> None:
    homes = defaultdict(list)
    for path in MODULES:
        homes[path.stem].append(str(path.relative_to(ROOT)))
    twice = {name for name, paths in homes.items() if len(paths) > 1}
    assert twice == set().union(*SAME_MEANING.values())


def test_tests_mirror_the_packages() -> None:
    """The test file of a module is found from the module's package; a room without tests of its own is covered through others."""
    tests = [path for package in PACKAGES for path in (ROOT / "tests" / package).rglob("test_*.py")]
    assert tests
    assert [
        str(path) for path in tests if not (ROOT / path.parent.relative_to(ROOT / "tests")).is_dir()
    ] == []


def test_nothing_that_is_shipped_or_measured_imports_the_tests() -> None:
    found = [str(path) for path in SOURCES if re.search(r"^\s*(from|import) tests\b", path.read_text(), re.M)]
    assert found == []


def test_the_picture_of_the_architecture_is_drawn_from_todays_imports() -> None:
    spec = importlib.util.spec_from_file_location("architecture", ROOT / "docs/architecture.py")
    assert spec and spec.loader
    architecture = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(architecture)
    rooms = architecture.rooms_of(grimp.build_graph(*PACKAGES, cache_dir=None))
    page = (ROOT / "docs/architecture.md").read_text()
    assert page == architecture.with_glossary(architecture.drawn(page, rooms)), (
        "python docs/architecture.py --write"
    )
    assert "0 circles" in architecture.counts(rooms)


def test_no_data_set_and_no_third_party_file_is_in_the_tree() -> None:
    assert [path for path in ROOT.glob("templates/**/*") if "plotly" in path.name] == []
    assert [
        path
        for path in (ROOT / "tests/fixtures").rglob("*")
        if path.is_file() and path.stat().st_size > 100_000
    ] == []


def test_the_two_commands_are_at_the_top_of_the_readme() -> None:
    top = (ROOT / "README.md").read_text().partition("## Evaluate")[0]
    assert top.index("$ make demo") < top.index("$ make test")
