"""THE STORY of a reproduction: a stored result → what it takes → which parts can be had → the commands."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.catalog import is_own, target_of
from harness.errors import BadInput, WrongUsage
from harness.evaluation.run import Options
from harness.records import ReportedSubmission, Result, Submission, Target
from harness.reproduction.code import LOCK, Code, environment, find_code, interpreter
from harness.reproduction.command import reproducing_options
from harness.reproduction.ingredients import hardware, text, weights
from harness.reproduction.requirements import Reproduction
from harness.store import find_results, load_result, load_submission, load_training
from harness.store.notices import load_notices


@dataclass(frozen=True)
class Prepared:
    """A result with its submission, the code that measured it, and what its reproduction takes."""

    folder: Path
    submission: Submission
    target: Target
    result: Result
    code: Code
    pins: tuple[str, ...]
    reproduction: Reproduction


def prepare(folder: Path, targets: Sequence[str], options: Options) -> tuple[Prepared, ...]:
    """Return what it takes to repeat a submission's results on these targets, by default on all.

    Raises BadInput where the submission or a result cannot be read, and WrongUsage where there is no result.
    """
    submission = load_submission(folder)
    if isinstance(submission, ReportedSubmission):
        raise BadInput(
            f"{folder.name} holds published numbers, which were not measured here",
            cure=f"see {submission.reported.source}",
        )
    paths = {path.stem: path for path in find_results(folder)}
    if unknown := [name for name in targets if name not in paths] or ([] if paths else [""]):
        what = f" on {unknown[0]}" if unknown[0] else ""
        known = f"one of: {', '.join(paths)}" if paths else "stiltboard evaluate measures it"
        raise WrongUsage(f"{folder.name} has no result{what}", cure=known)
    return tuple(
        _prepared(folder, submission, load_result(path), options)
        for name, path in paths.items()
        if not targets or name in targets
    )


def _prepared(folder: Path, submission: Submission, result: Result, options: Options) -> Prepared:
    target, run = target_of(result), result.last_run
    code = find_code(folder, result)
    libraries, pins = environment(code, run)
    requirements = (
        code.requirement,
        libraries,
        text(target, result, options),
        weights(folder, submission, target, result, load_training(folder), load_notices(folder)),
        hardware(result, options),
    )
    reproduction = Reproduction(
        submission=folder.absolute().name,
        target=target.name,
        score=result.score,
        measured=run.date if run else None,
        commit=code.revision.commit if code.revision else None,
        requirements=requirements,
        commands=tuple(_commands(folder, submission, target, result, code, pins)),
    )
    return Prepared(folder, submission, target, result, code, tuple(pins), reproduction)


def extras(submission: Submission, target: Target) -> str:
    """Return the extra of the package that a measurement needs: demo for the bundled encoder and text."""
    bundled = any(checkpoint.bundled for checkpoint in submission.checkpoints)
    return "demo" if bundled or target.demonstration else "eval"


def _commands(
    folder: Path, submission: Submission, target: Target, result: Result, code: Code, pins: Sequence[str]
) -> list[str]:
    if code.revision is None:
        return []
    commit = code.revision.commit
    place = f"stiltboard-{commit[:12]}"
    python = Path(interpreter(result.last_run) or "python3").name
    pip = f"{place}/.venv/bin/python -m pip install"
    constraint = f" --constraint {place}/{LOCK}" if code.pins else ""
    options = reproducing_options(target, result)
    if not is_own(target.name) and not target.demonstration and "--data" not in options:
        options += ["--data", "DIR"]
    slug = folder.absolute().name
    command = ["evaluate", slug, *options, "--submissions", "COPY"]
    return [
        f"git worktree add --detach {place} {commit}",
        f"{python} -m venv {place}/.venv",
        f"{pip}{constraint} --editable '{place}[{extras(submission, target)}]'",
        *([f"{pip} {shlex.join(pins)}"] if pins else []),
        f"mkdir COPY && cp -r {shlex.quote(str(folder))} COPY/{slug} && rm -r COPY/{slug}/results",
        f"STILTBOARD_CACHE=EMPTY {place}/.venv/bin/stiltboard {shlex.join(command)}",
    ]
