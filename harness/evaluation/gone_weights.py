"""Seeds whose weights are no longer here: their scores on disk are kept while other seeds are measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.evaluation.run import Run
from harness.models.checkpoint import CheckpointFiles, at_hand
from harness.records import Checkpoint, CheckpointScores
from harness.store import STEP_CURVES, find_results, load_result


def gone_seeds(run: Run) -> dict[int, CheckpointScores]:
    """Return the seeds whose folder of weights is missing and that a result on disk has, as recorded there.

    None where no seed's weights are here, and where this run keeps no score on disk: then the weights are
    needed. Raises BadInput for a damaged result.
    """
    missing = {
        checkpoint.seed
        for checkpoint in run.submission.checkpoints
        if checkpoint.path is not None and not at_hand(checkpoint, run.folder)
    }
    if not missing or keeps_none(run) or len(missing) == len(run.submission.checkpoints):
        return {}
    recorded: dict[int, CheckpointScores] = {}
    for path in find_results(run.folder):
        for checkpoint in load_result(path).checkpoints:
            if checkpoint.seed in missing and checkpoint.scores:
                recorded.setdefault(checkpoint.seed, checkpoint)
    return recorded


def gone_steps(run: Run) -> list[tuple[int, int]]:
    """Return seed and step of listed checkpoints whose folder is missing and that a curve on disk has.

    None where this run keeps no score on disk. Raises BadInput for a damaged curve.
    """
    if keeps_none(run):
        return []
    missing = [
        (checkpoint.seed, saved.step)
        for checkpoint in run.submission.checkpoints
        for saved in checkpoint.steps
        if saved.path is not None and not at_hand(saved.of_seed(checkpoint.seed), run.folder)
    ]
    recorded = {
        (checkpoint.seed, scored.step)
        for result in find_results(run.folder)
        if (path := STEP_CURVES.path(run.folder, result.stem)).is_file()
        for checkpoint in STEP_CURVES.load(path).checkpoints
        for scored in checkpoint.steps
    }
    return [step for step in missing if step in recorded]


def keeps_none(run: Run) -> bool:
    """Tell whether a run keeps no score that is on disk."""
    return bool(run.options.limit or run.options.overwrite or run.options.untrusted)


def as_recorded(
    checkpoint: Checkpoint, recorded: Mapping[int, CheckpointScores], like: CheckpointFiles
) -> CheckpointFiles:
    """Describe gone weights by their record and, where it says nothing, as those of another seed."""
    scores = recorded[checkpoint.seed]
    return replace(
        like,
        source=checkpoint.source,
        digest=scores.weights,
        parameters=scores.parameters,
        weight_files=(),
        seen=(),
        left_out=(),
        _stage=None,
    )


def are_gone(files: CheckpointFiles) -> bool:
    """Tell whether a checkpoint is only described, not here."""
    return not files.weight_files and not files.is_own_code
