"""Seeds whose weights are no longer here: their scores on disk are kept while other seeds are measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.evaluation.run import Run
from harness.models.checkpoint import CheckpointFiles, at_hand
from harness.records import Checkpoint, CheckpointScores
from harness.store import find_results, load_result


def gone_seeds(run: Run) -> dict[int, CheckpointScores]:
    """Return the seeds whose folder of weights is missing and that a result on disk has, as recorded there.

    None where no seed's weights are here, and where this run keeps no score on disk: then the weights are
    needed. Raises BadInput for a damaged result.
    """
    options = run.options
    missing = {
        checkpoint.seed
        for checkpoint in run.submission.checkpoints
        if checkpoint.path is not None and not at_hand(checkpoint, run.folder)
    }
    keeps_none = options.limit or options.overwrite or options.untrusted
    if not missing or keeps_none or len(missing) == len(run.submission.checkpoints):
        return {}
    recorded: dict[int, CheckpointScores] = {}
    for path in find_results(run.folder):
        for checkpoint in load_result(path).checkpoints:
            if checkpoint.seed in missing and checkpoint.scores:
                recorded.setdefault(checkpoint.seed, checkpoint)
    return recorded


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
