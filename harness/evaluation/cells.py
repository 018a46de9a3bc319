"""What was measured of one target, cell by cell, and the result and table made from its cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from harness.errors import BadInput
from harness.evaluation.target_plan import TargetPlan
from harness.models.checkpoint import CheckpointFiles
from harness.records import CheckpointScores, EvaluationRun, Head, Outcomes, Result, Score, joined_runs
from harness.records.result import INTERVAL_METHOD
from harness.scoring.recalculation import intervals
from harness.scoring.tables import TABLES

# A placeholder: the store replaces it with the real file's name, digest and length when it writes.
UNWRITTEN = Outcomes(file="none.parquet", sha256="0" * 64, rows=0)
_LONGEST_REASON = 500
Cell = tuple[int, str]  # seed, language


@dataclass(frozen=True)
class Measured:
    """The outcomes of each cell, one row per example, or the reason why there are none.

    `heads` holds the head of each seed, where a head predicted; `fingerprints` the digest of the text of each
    measured language. `runs` holds the run of every cell that was measured before this run.
    """

    outcomes: Mapping[Cell, pa.Table] = field(default_factory=dict)
    failed: Mapping[Cell, str] = field(default_factory=dict)
    heads: Mapping[int, Head] = field(default_factory=dict)
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    runs: Mapping[Cell, EvaluationRun] = field(default_factory=dict)

    def over(self, earlier: Measured) -> Measured:
        """Return the union of both; of a cell that both have, this one's.

        Earlier cells of another text are dropped. Raises BadInput where another head predicted the remaining
        earlier cells of a seed, as on two machines without a common cache: heads are never mixed in one
        result.
        """
        fingerprints = {**earlier.fingerprints, **self.fingerprints}
        retained = {
            cell: rows
            for cell, rows in earlier.outcomes.items()
            if cell not in self.outcomes and fingerprints[cell[1]] == earlier.fingerprints[cell[1]]
        }
        for seed in {seed for seed, _ in retained}:
            old, new = earlier.heads.get(seed), self.heads.get(seed)
            if old is not None and new is not None and old.digest != new.digest:
                raise BadInput(
                    f"seed {seed}: the stored outcomes were predicted by the head {old.digest}, now it is "
                    f"{new.digest}: the two are not mixed",
                    cure="--overwrite without -l to predict all languages with the head of this run",
                )
        return Measured(
            {**retained, **self.outcomes},
            {**earlier.failed, **self.failed},
            {**earlier.heads, **self.heads},
            fingerprints,
            {cell: run for cell, run in earlier.runs.items() if cell in retained} | dict(self.runs),
        )

    def unfinished(self, plan: TargetPlan, seed: int) -> list[str]:
        """Return the languages of a plan that have no outcomes on a seed that it measures."""
        if plan.seeds and seed not in plan.seeds:
            return []
        return [language for language in plan.examples if (seed, language) not in self.outcomes]


def make_result(plan: TargetPlan, measured: Measured, slug: str, run: EvaluationRun) -> Result:
    """Return the result; its score is None unless every language was measured on every seed.

    `run` is the run of all cells that were not measured before it.
    """
    target = plan.target
    checkpoints = tuple(
        _checkpoint_scores(plan, measured, seed, files) for seed, files in plan.checkpoints.items()
    )
    languages = [language for language in target.languages if all(language in c.scores for c in checkpoints)]
    complete = len(languages) == len(target.languages)
    bounds = intervals(target, measured.outcomes, list(plan.checkpoints)) if complete and checkpoints else {}
    measured_languages = {language for _, language in measured.outcomes}
    means = [[checkpoint.scores[language].score for checkpoint in checkpoints] for language in languages]
    return Result(
        schema_=2,
        submission=slug,
        target=target.name,
        signature=plan.signature,
        metric=target.metric,
        score=round(float(np.mean(means)), 4) if complete else None,
        interval=bounds.get("interval"),
        general_interval=bounds.get("general_interval"),
        interval_method=INTERVAL_METHOD,
        measured=len(languages),
        of=len(target.languages),
        checkpoints=checkpoints,
        data={
            language: measured.fingerprints[language]
            for language in target.languages
            if language in measured_languages
        },
        outcomes=UNWRITTEN,
        runs=_runs(measured, run),
    )


def _runs(measured: Measured, current: EvaluationRun) -> tuple[EvaluationRun, ...]:
    """Return the runs of all cells, each with its cells unless it is the only one."""
    cells: dict[str, dict[str, tuple[str, ...]]] = {}
    by_text: dict[str, EvaluationRun] = {}
    for seed, language in sorted(measured.outcomes):
        run = measured.runs.get((seed, language), current)
        text = run.model_dump_json()
        by_text[text] = run
        languages = cells.setdefault(text, {})
        languages[str(seed)] = (*languages.get(str(seed), ()), language)
    runs = joined_runs(run.model_copy(update={"cells": cells[text]}) for text, run in by_text.items())
    return tuple(run.model_copy(update={"cells": {}}) for run in runs) if len(runs) == 1 else runs


def make_table(plan: TargetPlan, measured: Measured) -> pa.Table:
    """Return the outcomes, one row per (seed, language, example).

    Seeds are in the submission's order, languages in the catalog's.
    """
    parts = [
        _rows(seed, language, measured.outcomes[seed, language])
        for seed in plan.checkpoints
        for language in plan.target.languages
        if (seed, language) in measured.outcomes
    ]
    return pa.concat_tables(parts) if parts else pa.table({})


def _checkpoint_scores(
    plan: TargetPlan, measured: Measured, seed: int, files: CheckpointFiles
) -> CheckpointScores:
    scores: dict[str, Score] = {}
    failed: dict[str, str] = {}
    for language in plan.target.languages:
        if (seed, language) in measured.outcomes:
            scores[language] = TABLES[plan.target.kind].score(plan.target, measured.outcomes[seed, language])
        elif (seed, language) in measured.failed:
            failed[language] = measured.failed[seed, language][:_LONGEST_REASON]
    return CheckpointScores(
        seed=seed,
        source=files.source,
        weights=files.digest,
        parameters=files.parameters,
        layer=plan.layer_of(files),
        head=measured.heads.get(seed),
        scores=scores,
        failed=failed,
    )


def _rows(seed: int, language: str, outcomes: pa.Table) -> pa.Table:
    n = outcomes.num_rows
    cell = pa.table(
        {"seed": pa.array(np.full(n, seed, np.int32)), "language": pa.array([language] * n, pa.string())}
    )
    return pa.table([*cell.columns, *outcomes.columns], names=[*cell.column_names, *outcomes.column_names])
