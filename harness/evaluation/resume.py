"""What earlier runs of the same work finished: what is kept, what is replaced, what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.errors import BadInput, Fault
from harness.evaluation.cells import Cells
from harness.evaluation.run import Run
from harness.observer import Observer
from harness.records import Result, Signature, Sweep
from harness.store import load_outcomes, load_result, results_lock


def result_path(cells: Cells, run: Run) -> Path:
    """Return where the result of a target lies."""
    return run.folder / "results" / f"{cells.target.name}.yaml"


def keep_finished(cells: Cells, run: Run, observer: Observer) -> None:
    """Take over what the result on disk holds; nothing that this run does not measure is lost."""
    path = result_path(cells, run)
    if run.options.limit or not path.is_file():
        return
    with results_lock(run.folder):
        named: Sequence[str] = cells.target.languages
        try:
            result = load_result(path)
            named = result.languages
            table = load_outcomes(path, result)
        except BadInput as reason:
            _replace_damaged(path, reason, [language for language in named if language not in cells.examples], observer)
            return
    if not run.options.overwrite or any(language not in cells.examples for language in named):
        _refuse_other_languages(cells, path, result)
        refuse_other_measure(path, result, cells.signature, run)
        _say_what_goes(cells, path, result, observer)
        cells.take_over(result, table, measured_again=run.options.overwrite)


def _refuse_other_languages(cells: Cells, path: Path, result: Result) -> None:
    """Refuse to drop what an earlier run measured on somebody's own text that is no longer there."""
    if gone := [language for language in result.languages if language not in cells.target.languages]:
        raise BadInput(
            f"{path} has scores for {' '.join(gone)}, whose text is gone", cure="put it back, or give the other text another NAME"
        )


def _replace_damaged(path: Path, reason: BadInput, left_alone: Sequence[str], observer: Observer) -> None:
    """Let a damaged result be measured again, but only by a run that measures all that it names."""
    if left_alone:
        message = f"{path} is damaged, and this run would measure only a part of it again, without {' '.join(left_alone)}"
        raise BadInput([*reason.faults, Fault(message, cure="evaluate without -l")]) from reason
    observer.say(f"{path} is measured again: {reason.faults[0].message}")


def _say_what_goes(cells: Cells, path: Path, result: Result, observer: Observer) -> None:
    """Say which scores stand on weights that are no longer the submission's, and are not measured again by this run."""
    for checkpoint in result.checkpoints:
        files = cells.opened.get(checkpoint.seed)
        left = [language for language in checkpoint.scores if language not in cells.examples]
        if left and (files is None or files.digest != checkpoint.weights):
            observer.say(f"{path}: the weights of seed {checkpoint.seed} changed, its scores for {' '.join(left)} go")


def refuse_other_measure(path: Path, result: Result | Sweep, asked: Signature, run: Run) -> None:
    """Refuse to mix two ways of measuring in one file."""
    measured_in, measured_on = (str(result.run.get(key, now)) for key, now in (("dtype", run.dtype), ("device", run.device)))
    for what, found, now, cure in (
        ("signature", str(result.signature), str(asked), "--overwrite without -l measures all of it again, in place of what is there"),
        ("dtype", measured_in, run.dtype, f"--dtype {measured_in}, or --overwrite without -l to measure all of it again"),
        (
            "device",
            measured_on.partition(":")[0],
            run.device.partition(":")[0],
            f"--device {measured_on}, or --overwrite without -l to measure all of it again",
        ),
    ):
        if found != now:
            raise BadInput(f"{path} was measured with the {what} {found!r}, now it is {now!r}: the two are not mixed", cure=cure)
