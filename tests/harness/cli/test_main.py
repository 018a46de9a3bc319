from __future__ import annotations

import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import click
import pytest

from harness.cli.main import COMMANDS
from tests.support.folders import ROOT

STILTBOARD = str(Path(sys.executable).with_name("stiltboard"))


def modules_loaded_by(*arguments: str) -> set[str]:
    """Run the command line in a fresh interpreter and return what it imported."""
    code = (
        f"import sys\nfrom harness.cli.main import main\ntry:\n    main({list(arguments)!r})\n"
        "except SystemExit:\n    pass\nprint('MODULES', *sys.modules)"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    return set(output.rpartition("MODULES ")[2].split())


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("diff", "--help"),
        ("diff", "nobody", "nothing"),
        ("validate", "--help"),
        ("evaluate", "--help"),
        ("targets",),
        ("build", "--help"),
    ],
)
def test_the_light_commands_never_import_torch(arguments: tuple[str, ...]) -> None:
    assert not modules_loaded_by(*arguments) & {"torch", "transformers", "datasets", "faiss"}


def test_help_imports_no_command() -> None:
    front_door = {"harness.cli", "harness.cli.main"}
    loaded = {
        name for name in modules_loaded_by("--help") if name.startswith(("harness.cli", "pydantic", "numpy"))
    }
    assert loaded - front_door <= {"harness.cli.endings", "harness.cli.paged_help", "harness.cli.streams"}


def test_help_is_instant() -> None:
    def fastest(*command: str) -> float:
        times = []
        for _ in range(7):
            start = time.perf_counter()
            subprocess.run(command, capture_output=True, check=True)
            times.append(time.perf_counter() - start)
        return min(times)

    assert fastest(STILTBOARD, "--help") <= 6 * fastest(sys.executable, "-c", "pass")


def test_every_command_is_there_under_its_name() -> None:
    for name, (module, line) in COMMANDS.items():
        command = import_module(module).command
        assert isinstance(command, click.Command)
        assert command.name == name
        assert line.endswith(".")


def test_an_unknown_command_is_wrong_usage() -> None:
    result = subprocess.run([STILTBOARD, "evalute"], capture_output=True, text=True, check=False)
    assert (result.returncode, "No such command 'evalute'" in result.stderr) == (2, True)


@pytest.mark.parametrize(("command", "arguments"), [("evaluate", ["toy"]), ("demo", [])])
def test_a_command_without_its_extra_says_how_to_install_it(command: str, arguments: list[str]) -> None:
    extra = {"evaluate": "eval", "demo": "demo"}[command]
    code = f"import sys\nsys.modules['torch'] = None\nfrom harness.cli.main import main\nmain({[command, *arguments]!r})"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert result.stderr.splitlines() == [
        f"error: `stiltboard {command}` needs the package 'torch', which is not installed",
        f"    cure: {sys.executable} -m pip install -e '{ROOT}[{extra}]' -c {ROOT}/constraints.txt",
    ]
