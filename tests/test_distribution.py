"""What a wheel holds: every module of the packages, their templates and assets, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
import zipfile
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
    assert set(found) == {".".join(path.parent.parts) for path in modules()}


@pytest.mark.slow
def test_a_wheel_has_every_module_template_and_asset(tmp_path: Path) -> None:
    names = ("pyproject.toml", "README.md", "LICENSE", *PACKAGES)
    for name in names:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        copy(ROOT / name, tmp_path / name)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet", "."]
    subprocess.run(command, cwd=tmp_path, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = {Path(name) for name in archive.namelist() if ".dist-info/" not in name}
    assets = {
        path.relative_to(ROOT)
        for path in (ROOT / "templates").rglob("*")
        if path.is_file() and path.suffix not in (".pyc", ".py")
    }
    assert packed == modules() | assets
