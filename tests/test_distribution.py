"""What a wheel holds: every module of the packages, their templates and assets, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import urllib.request
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from setuptools import find_namespace_packages

from tests.support.folders import ROOT

PACKAGES = ("harness", "site_gen", "templates")


def modules() -> set[Path]:
    return {path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("*.py")}


def test_every_room_is_packaged() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]
    found = find_namespace_packages(str(ROOT), exclude=settings["exclude"], include=settings["include"])
    with_modules = {name for name in found if any((ROOT / name.replace(".", "/")).glob("*.py"))}
    assert with_modules == {".".join(path.parent.parts) for path in modules()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel of the files as they are, outside the repository."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE", *PACKAGES):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        copy(ROOT / name, folder / name)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet", "."]
    subprocess.run(command, cwd=folder, check=True)
    (path,) = folder.glob("*.whl")
    return path


@pytest.mark.slow
def test_a_wheel_has_every_module_template_and_asset(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {Path(name) for name in archive.namelist() if ".dist-info/" not in name}
    assets = {
        path.relative_to(ROOT)
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in (".pyc", ".py")
    }
    assert packed == modules() | assets


REPORTED = """\
schema: 1
title: LaBSE
family: labse
intermediate: {regime: none}
reported:
  citation: An Author. A page with numbers. Table 1
  source: https://example.org/numbers
  scores:
    tatoeba: {means: {accuracy_to_english: 83.7}}
submitters: [{name: Ada, url: https://github.com/ada}]
"""


def outside() -> dict[str, str]:
    """Return an environment in which nothing of the checkout is imported."""
    identity = {f"GIT_{role}_{what}": "ada" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "STILTBOARD"))
    }
    return kept | identity | {"GIT_CONFIG_GLOBAL": os.devnull}


def called(command: Sequence[str | Path], folder: Path, code: int = 0) -> str:
    done = subprocess.run(command, cwd=folder, env=outside(), capture_output=True, text=True, check=False)
    assert done.returncode == code, f"{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def use_a_board(program: Sequence[str | Path], folder: Path) -> None:
    """Start a board, look at it, add a row, and have it judged: what somebody does in the first minute."""
    assert "init " in called([*program, "--help"], folder)
    called([*program, "init", "--title", "Ours"], folder)
    assert "multilingual-e5-small, first 3 layers" in called([*program, "build"], folder)
    assert "<h1>Ours</h1>" in (folder / "public/index.html").read_text()
    called(["git", "init", "--quiet", "--initial-branch=main"], folder)
    called(["git", "add", "--all"], folder)
    called(["git", "commit", "--quiet", "--message", "Start"], folder)
    assert "submissions/labse/submission.yaml" in called([*program, "new", "labse"], folder)
    assert "cure:" in called([*program, "validate", "labse"], folder, code=3)
    (folder / "submissions/labse/submission.yaml").write_text(REPORTED)
    assert "2 submissions checked, no faults" in called([*program, "validate"], folder)
    called(["git", "add", "submissions"], folder)
    called(["git", "commit", "--quiet", "--message", "Add a row"], folder)
    judged = called([*program, "review", "HEAD~1", "HEAD", "--actor", "ada"], folder, code=2)
    assert "needs a maintainer" in judged and "https://example.org/numbers" in judged


@pytest.mark.slow
def test_a_wheel_alone_is_enough_for_a_board_of_ones_own(wheel: Path, tmp_path: Path) -> None:
    """In a virtual environment with the light installation, and with uvx, where nothing is installed first."""
    called([sys.executable, "-m", "venv", "venv"], tmp_path)
    bin_folder = tmp_path / "venv/bin"
    pip = [bin_folder / "python", "-m", "pip", "install", "--quiet", "--constraint", ROOT / "constraints.txt"]
    called([*pip, wheel, "uv"], tmp_path)
    installed = called([bin_folder / "python", "-m", "pip", "list"], tmp_path)
    assert not {"torch", "transformers", "datasets"} & set(installed.split())
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for folder in (ours, theirs):
        folder.mkdir()
    use_a_board([bin_folder / "stiltboard"], ours)
    refused = called(
        [bin_folder / "stiltboard", "evaluate", "example-small", "-t", "jupyterlab"], ours, code=2
    )
    assert "cure:" in refused and "stiltboard[eval]" in refused
    server = subprocess.Popen(
        [bin_folder / "stiltboard", "serve", "--port", "0"],
        cwd=ours, env=outside(), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        address = server.stdout.readline().split()[0]
        with urllib.request.urlopen(f"{address}index.html", timeout=30) as answer:
            assert b"<h1>Ours</h1>" in answer.read()
    finally:
        server.terminate()
        server.communicate(timeout=60)
    use_a_board([bin_folder / "uvx", "--quiet", "--from", wheel, "stiltboard"], theirs)
