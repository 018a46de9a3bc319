"""Measure a result again as it was: check out its commit, build its environment, evaluate, and compare."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.catalog import is_own
from harness.characters import visible
from harness.errors import BadInput, CheckFailed, Where
from harness.evaluation.run import Options
from harness.reporter import Reporter
from harness.reproduction.code import LOCK, interpreter
from harness.reproduction.command import reproducing_options
from harness.reproduction.requirements import Repetition
from harness.reproduction.story import Prepared, extras
from harness.store import RESULTS_FOLDER, SUBMISSION_FILE, load_result
from harness.store.files import plain_record, replace_file
from harness.store.git import error_line, run_git
from harness.store.yaml.parser import dump
from harness.verification.rerun import absolute_paths, compare

# What a measurement does not depend on, and an older reader of submission.yaml may not know.
_BESIDES = ("aliases", "supersedes", "links", "origin")
_PROJECT = "pyproject.toml"
_LAST_LINES = 20


@dataclass(frozen=True)
class Environment:
    """The program that runs the commit's code, and the variables that it is run with."""

    python: str
    variables: Mapping[str, str]


def repeat(
    prepared: Prepared, work: Path, options: Options, reporter: Reporter, *, build: bool
) -> Repetition:
    """Repeat a measurement in an empty folder, and compare the new result with the stored one.

    Code of the commit is run, on the checkpoints, without a sandbox. With `build` its environment is built in
    the folder; else this program's libraries are used. Nothing outside the folder is written. Raises BadInput
    for a folder with files, and CheckFailed where a step fails.
    """
    if work.exists() and (not work.is_dir() or any(work.iterdir())):
        raise BadInput("there is something already", where=Where(str(work)), cure="name a new folder")
    work.mkdir(parents=True, exist_ok=True)
    work = work.resolve()
    checkout = _check_out(prepared, work / "checkout", reporter)
    environment = (_build if build else _this_one)(prepared, checkout, reporter)
    copy = _copied(prepared, work / "submissions")
    command = [*_evaluate(prepared, options), "--submissions", str(copy.parent)]
    reporter.report(f"stiltboard {' '.join(command)}")
    # Its own cache is empty, so that nothing of an earlier run is used.
    variables = {**environment.variables, "STILTBOARD_CACHE": str(work / "cache")}
    path = copy / RESULTS_FOLDER / f"{prepared.target.name}.yaml"
    try:
        program = [environment.python, "-c", _entry_point(checkout), *command]
        _run(program, "the evaluation", variables, checkout, reporter)
    except CheckFailed:  # also where a language fails, as it may have failed before
        if not path.is_file():
            raise
    result = load_result(path)
    rerun = compare(prepared.result, result)
    return Repetition(
        score=result.score,
        largest=rerun.largest,
        allowed=rerun.allowed,
        disagreements=rerun.disagreements,
        changed=rerun.changed,
    )


def _check_out(prepared: Prepared, checkout: Path, reporter: Reporter) -> Path:
    """Write the commit's files into a worktree."""
    revision = prepared.code.revision
    if revision is None:
        reason = prepared.code.requirement.lines[0]
        raise BadInput(f"the code of {prepared.target.name} is out of reach: {reason}", cure="see above")
    reporter.report(f"commit {revision.commit}")
    arguments = ["worktree", "add", "--quiet", "--detach", str(checkout), revision.commit]
    completed = run_git(
        ["-C", str(revision.repository.top), "-c", "core.hooksPath=/dev/null", *arguments],
        environment=_outside_of_git(),
    )
    if completed.returncode:
        raise CheckFailed(f"git worktree add failed: {error_line(completed)}", cure="git worktree prune")
    return checkout


def _build(prepared: Prepared, checkout: Path, reporter: Reporter) -> Environment:
    """Build the environment of then: its release of Python if it is here, its lock, its versions."""
    python = interpreter(prepared.result.last_run) or sys.executable
    folder = checkout.parent / "venv"
    reporter.report(f"{python} -m venv {folder}")
    variables = _outside_of_git()
    _run([python, "-m", "venv", str(folder)], "python -m venv", variables, checkout, reporter)
    program = str(folder / "bin" / "python")
    install = [program, "-m", "pip", "install", "--quiet"]
    lock = ["--constraint", str(checkout / LOCK)] if prepared.code.pins else []
    editable = f"{checkout}[{extras(prepared.submission, prepared.target)}]"
    for requirements in ([*lock, "--editable", editable], list(prepared.pins)):
        if requirements:
            reporter.report(f"pip install {' '.join(requirements)}")
            _run([*install, *requirements], "pip install", variables, checkout, reporter)
    return Environment(program, variables)


def _this_one(_prepared: Prepared, checkout: Path, _reporter: Reporter) -> Environment:
    """Return this program's environment, with the commit's code before any that is installed."""
    return Environment(sys.executable, {**_outside_of_git(), "PYTHONPATH": str(checkout)})


def _entry_point(checkout: Path) -> str:
    """Return Python code that calls the program `stiltboard` of a checkout, which names it in its project."""
    project = tomllib.loads((checkout / _PROJECT).read_text(encoding="utf-8"))
    module, _, function = project["project"]["scripts"]["stiltboard"].partition(":")
    return f"from {module} import {function} as main; main()"


def _outside_of_git() -> dict[str, str]:
    """Return this process's variables without those that point programs to other code or settings."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GIT_", "STILTBOARD_")) and name not in ("PYTHONPATH", "PYTHONHOME")
    }


def _copied(prepared: Prepared, root: Path) -> Path:
    """Write the submission without results, with absolute paths, and only with keys that scores depend on."""
    folder = root / prepared.reproduction.submission
    folder.mkdir(parents=True)
    fields = plain_record(absolute_paths(prepared.submission, prepared.folder))
    assert isinstance(fields, dict)
    kept = {name: value for name, value in fields.items() if value and name not in _BESIDES}
    replace_file(folder / SUBMISSION_FILE, dump(kept).encode())
    return folder


def _evaluate(prepared: Prepared, options: Options) -> list[str]:
    target = prepared.target
    own = options.own.get(target.name)
    folder = own if is_own(target.name) else options.data
    words = reproducing_options(target, prepared.result, str(folder.resolve()) if folder else "DIR")
    if options.data is not None and "--data" not in words and not is_own(target.name):
        words += ["--data", str(options.data.resolve())]
    if (run := prepared.result.last_run) and run.device:
        words += ["--device", options.device if options.device != "auto" else run.device.partition(":")[0]]
    return ["evaluate", prepared.reproduction.submission, *words]


def _run(
    command: Sequence[str], name: str, variables: Mapping[str, str], folder: Path, reporter: Reporter
) -> None:
    """Run a program to its end, and report its lines; raises CheckFailed with the last ones if it fails."""
    lines: deque[str] = deque(maxlen=_LAST_LINES)
    with subprocess.Popen(  # noqa: S603
        command, cwd=folder, env=dict(variables), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        for data in process.stdout:
            lines.append(visible(data.decode(errors="replace").rstrip()))
            reporter.report(lines[-1])
    if process.returncode:
        output = "".join(f"\n    {line}" for line in lines)
        raise CheckFailed(
            f"{name} failed with exit code {process.returncode}:{output}", cure="see its output"
        )
