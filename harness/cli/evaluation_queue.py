"""Evaluate one model or submission after the other, and print the scores of all of them at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.errors import CheckFailed, Fault, StiltboardError, joined, naming_failures
from harness.records import Result, Submission
from harness.records.score_line import ScoreLine

if TYPE_CHECKING:
    from harness.evaluation.isolated import Apart
    from harness.evaluation.run import Options


@dataclass(frozen=True)
class Subject:
    """What is evaluated under a name; `prepare` returns its folder, and may have to fetch a model first."""

    name: str
    prepare: Callable[[], Path]


def run_all(
    folders: Sequence[Path],
    targets: Sequence[str],
    languages: Sequence[str],
    options: Options,
    isolation: Apart | None = None,
) -> None:
    """Evaluate the submissions in folders, and print their scores as text; see `run_queue`."""
    from harness.evaluation.score_table import text

    subjects = [Subject(folder.name, lambda folder=folder: folder) for folder in folders]  # type: ignore[misc]
    run_queue(subjects, targets, languages, options, isolation, text)


def run_queue(
    subjects: Sequence[Subject],
    targets: Sequence[str],
    languages: Sequence[str],
    options: Options,
    isolation: Apart | None,
    show: Callable[[Sequence[ScoreLine]], str],
) -> list[Path]:
    """Evaluate one subject after the other, print the scores of all, and return the folders of their results.

    A failure, which is anything but a request to end this process or a full disk, does not stop the others;
    an error is raised at the end, whose exit code is that of all failures if they have the same, else 1. A
    single subject raises its own error. With `isolation` each is evaluated in a separate process, within that
    sandbox and those limits.
    """
    errors: list[StiltboardError] = []
    results: list[tuple[Path, Result]] = []
    for subject in subjects:
        try:
            folder, measured = _evaluate(subject, targets, languages, options, isolation)
        except StiltboardError as error:
            errors.append(error)
            if len(subjects) > 1:
                click.echo(f"{subject.name} could not be evaluated", err=True)
                error.show()
            continue
        results += [(folder, result) for result in measured]
    several = f"{len(errors)} of {len(subjects)} submissions could not be evaluated"
    failed = errors[0] if len(subjects) == 1 and errors else joined(errors, several) if errors else None
    return show_scores(results, options, show, failed)


def show_scores(
    results: Sequence[tuple[Path, Result]],
    options: Options,
    show: Callable[[Sequence[ScoreLine]], str],
    error: StiltboardError | None = None,
) -> list[Path]:
    """Print the scores of results, and return their folders; raise the error, or CheckFailed of cells."""
    if results:
        lines = [_line(folder, result, options) for folder, result in results]
        if options.steps:
            lines += [line for folder, result in results for line in _step_lines(folder, result)]
        click.echo(show(lines), nl=False)
    if error is not None:
        raise error
    if failed := [fault for _, result in results for fault in _failures(result)]:
        raise CheckFailed(failed)
    return list(dict.fromkeys(folder for folder, _ in results))


def _evaluate(
    subject: Subject,
    targets: Sequence[str],
    languages: Sequence[str],
    options: Options,
    isolation: Apart | None,
) -> tuple[Path, tuple[Result, ...]]:
    from harness.cli.progress import watch
    from harness.evaluation.isolated import evaluate_apart
    from harness.evaluation.story import evaluate

    with naming_failures(f"{subject.name} could not be evaluated"):
        folder = subject.prepare()
        with watch(folder.name) as reporter:
            if isolation:
                return folder, evaluate_apart(folder, targets, languages, options, reporter, isolation)
            return folder, evaluate(folder, targets, languages, options, reporter)


def _line(folder: Path, result: Result, options: Options) -> ScoreLine:
    from harness.store import RESULTS_FOLDER, load_submission

    file = None if options.limit else str(folder / RESULTS_FOLDER / f"{result.target}.yaml")
    submission = load_submission(folder)
    assert isinstance(submission, Submission)  # published numbers are refused before
    return ScoreLine.of_result(result, submission, trial=options.limit, file=file)


def _step_lines(folder: Path, result: Result) -> list[ScoreLine]:
    """Return the lines of a result's curve over steps, if there is one."""
    from harness.records.score_line import lines_of_steps
    from harness.store import STEP_CURVES

    path = STEP_CURVES.path(folder, result.target)
    return lines_of_steps(STEP_CURVES.load(path), result, str(path)) if path.is_file() else []


def _failures(result: Result) -> list[Fault]:
    return [
        Fault(f"{result.submission} {result.target} {language} (seed {checkpoint.seed}) failed: {reason}")
        for checkpoint in result.checkpoints
        for language, reason in checkpoint.failed.items()
    ]
