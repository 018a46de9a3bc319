"""What jobs cost relative to each other, from what is known before anything is downloaded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from harness.downloading import download_snapshot
from harness.evaluation.target_plan import TargetPlan
from harness.models.checkpoint.attributes import CONFIG
from harness.models.checkpoint.config import DEPTH, WIDTH
from harness.models.checkpoint.fetching import locate
from harness.records import Checkpoint

_BUNDLED_WIDTH = 384
# An encoder of which nothing is known, as one of base size.
_BASE = 12 * 768**2
# A head is trained on English before it predicts: three epochs of forward and backward passes over a training
# set of about the size of all test sets, as XTREME's recipes have it.
_TRAINING = 9


def encoder_cost(checkpoint: Checkpoint, submission: Path) -> float:
    """Return layers times the square of the width: about proportional to the operations for a token.

    Only the configuration is read, and of a repository on the Hub only it is downloaded.
    """
    if checkpoint.bundled is not None:
        assert checkpoint.layers is not None
        return float(checkpoint.layers * _BUNDLED_WIDTH**2)
    if checkpoint.hub is not None:
        folder = download_snapshot(checkpoint.hub, checkpoint.revision or "", CONFIG.__eq__)
    elif checkpoint.path is not None:
        folder = locate(checkpoint.path, submission)
    else:
        return float(_BASE)
    return _of_config(folder / CONFIG)


def _of_config(path: Path) -> float:
    """Return the cost by a configuration; one that cannot be read is named where the job opens it."""
    try:
        config: Mapping[str, object] = dict(json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError, RecursionError):
        return float(_BASE)
    depth, width = (
        next((config[key] for key in keys if isinstance(config.get(key), int)), None)
        for keys in (DEPTH, WIDTH)
    )
    return float(depth * width**2) if isinstance(depth, int) and isinstance(width, int) else float(_BASE)


def text_cost(plan: TargetPlan, *, trains: bool) -> float:
    """Return the characters of a target's text, more often for a job that trains a head first."""
    characters = sum(
        len(text) for examples in plan.examples.values() for side in examples.sides.values() for text in side
    )
    return float(characters * (_TRAINING if trains else 1))
