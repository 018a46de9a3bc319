"""Probe a head that the submission brings: how often its answers change when drawn examples are changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from harness.evaluation.heads import open_predictor
from harness.evaluation.run import Run
from harness.evaluation.target_plan import TargetPlan
from harness.kinds.protocols import Predict
from harness.kinds.registry import PREDICTED
from harness.models.checkpoint import CheckpointFiles
from harness.records import Target
from harness.scoring.outcomes import values_of
from harness.verification.drawing import Comparison, Draw, LanguageProbe, Stored
from harness.verification.singularity import Distances, Singularity, singularity
from harness.verification.variants import (
    CONTEXT,
    ORIGINAL,
    Variant,
    changed_examples,
    compared_in,
    pair,
    variants,
)

# Names the list of texts in a comparison: an example's texts are changed together.
_SIDE = "examples"


def probe_head(
    plan: TargetPlan, files: CheckpointFiles, run: Run, draw: Draw, stored: Stored
) -> Iterator[LanguageProbe]:
    """Probe the answers of a head; raises BadInput or CheckFailed where it cannot be opened or predict."""
    predictor = open_predictor(files, plan, run)
    for language, examples in plan.examples.items():
        rows = draw.rows(len(examples), language)
        answers = answer_variants(plan.target, examples.rows(rows), predictor, draw.seed)  # type: ignore[attr-defined]
        probed = LanguageProbe(language, compare_answers(plan.target.kind, answers))
        if language in stored:
            now = DISTANCES[plan.target.kind](stored[language].take(rows), answers[ORIGINAL])
            probed = replace(probed, n=len(rows), contradicted=int(np.sum(now > 0)))
        yield probed


def answer_variants(target: Target, examples: Any, model: Predict, seed: str) -> Mapping[Variant, pa.Table]:
    """Return the outcomes of the examples in every variant of their text."""
    return {
        variant: PREDICTED[target.kind].run(target, changed_examples(examples, variant, seed), model)
        for variant in variants(compared_in(target.kind))
    }


def compare_answers(kind: str, answers: Mapping[Variant, pa.Table]) -> Mapping[Comparison, Singularity]:
    """Compare what each change does to the answers."""
    return {(_SIDE, change): _compare(answers, change, DISTANCES[kind]) for change in compared_in(kind)}


def _compare(
    answers: Mapping[Variant, pa.Table], change: str, distances: Callable[[pa.Table, pa.Table], Distances]
) -> Singularity:
    alone, in_context = pair(change)
    return singularity(
        distances(answers[ORIGINAL], answers[alone]), distances(answers[CONTEXT,], answers[in_context])
    )


def _labels(first: pa.Table, second: pa.Table) -> Distances:
    """Return 1 where the predicted labels differ (n,), otherwise 0."""
    return np.asarray(values_of(first["predicted"]) != values_of(second["predicted"]), np.float64)


def _spans(first: pa.Table, second: pa.Table) -> Distances:
    """Return 1 where the answers begin or end at another character (n,), otherwise 0."""
    differs = [values_of(first[name]) != values_of(second[name]) for name in ("start", "end")]
    return np.asarray(differs[0] | differs[1], np.float64)


def _tags(first: pa.Table, second: pa.Table) -> Distances:
    """Return the share of words with another tag (n,)."""
    rows = zip(first["tags"].to_pylist(), second["tags"].to_pylist(), strict=True)
    return np.array([np.mean([a != b for a, b in zip(*tags, strict=True)] or [0.0]) for tags in rows])


# How far the answers of each kind of head are apart, example by example.
DISTANCES: Mapping[str, Callable[[pa.Table, pa.Table], Distances]] = {
    "classification": _labels,
    "qa": _spans,
    "tagging": _tags,
}
