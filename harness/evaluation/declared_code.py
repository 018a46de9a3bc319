"""The encoder in Python that a submission names, which is only run where its caller hands it over."""

from __future__ import annotations

from harness.errors import BadInput, WrongUsage
from harness.evaluation.run import Run
from harness.models.checkpoint import CheckpointFiles
from harness.records import Checkpoint


def describe_code(checkpoint: Checkpoint, run: Run) -> CheckpointFiles:
    """Describe the caller's encoder, which must be the one that the submission names."""
    encoder = run.options.encoder
    if encoder is None:
        raise BadInput(
            f"{run.slug} is measured by {checkpoint.source}: code that only you may run here",
            cure=f"if you trust it and {checkpoint.own_code} is installed: --encoder {checkpoint.python}",
        )
    stated: Checkpoint = encoder.checkpoint
    if stated.source != checkpoint.source:
        raise BadInput(
            f"{run.slug} is measured by {checkpoint.source}, and the encoder here is {stated.source}",
            cure="evaluate with the one that the submission names, or make another submission",
        )
    if run.options.sweep:
        raise WrongUsage(f"{stated.source} has no layers to sweep", cure="leave out --layers all")
    files: CheckpointFiles = encoder.describe()
    return files
