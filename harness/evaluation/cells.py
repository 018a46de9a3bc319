"""What was measured of one target, cell by cell, and the result that its cells make: values, each made by one function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from harness.errors import BadInput
from harness.evaluation.plan import TargetPlan
from harness.models.checkpoint import CheckpointFiles
from harness.records import CheckpointScores, Head, Outcomes, Result, Score
from harness.scoring.statistics.multilevel import Claim, Claims, Sample, score_claims
from harness.scoring.tables import TABLES, units

# The store puts the real file's name, digest and length in its place when it writes.
UNWRITTEN = Outcomes(file="none.parquet", sha256="0" * 64, rows=0)
_LONGEST_REASON = 500
Cell = tuple[int, str]  # seed, language


@dataclass(frozen=True)
class Measured:
    """Per cell the outcomes, one row per example, or why there are none; the head of each seed, where one predicted.

    `fingerprints` name the text of every language that was measured.
    """

    outcomes: Mapping[Cell, pa.Table] = field(default_factory=dict)
    failed: Mapping[Cell, str] = field(default_factory=dict)
    heads: Mapping[int, Head] = field(default_factory=dict)
    fingerprints: Mapping[str, str] = field(default_factory=dict)

    def over(self, earlier: Measured) -> Measured:
        """Return both, of a cell that both have the one that is here.

        A cell of another text is not kept. Raises BadInput where another head predicted what would be kept:
        two are never mixed in one result, as those of two machines without a common cache.
        """
        fingerprints = {**earlier.fingerprints, **self.fingerprints}
        kept = {
            cell: rows
            for cell, rows in earlier.outcomes.items()
            if cell not in self.outcomes and fingerprints[cell[1]] == earlier.fingerprints[cell[1]]
        }
        for seed in {seed for seed, _ in kept}:
            before, now = earlier.heads.get(seed), self.heads.get(seed)
            if before is not None and now is not None and before.digest != now.digest:
                raise BadInput(
                    f"seed {seed}: what is there was predicted by the head {before.digest}, now it is {now.digest}",
                    cure="the two are not mixed; --overwrite without -l predicts all languages with the head that is there now",
                )
        return Measured(
            {**kept, **self.outcomes},
            {**earlier.failed, **self.failed},
            {**earlier.heads, **self.heads},
            fingerprints,
        )

    def unfinished(self, plan: TargetPlan, seed: int) -> list[str]:
        """Return the languages that a run may measure and has not."""
        return [language for language in plan.examples if (seed, language) not in self.outcomes]


def make_result(plan: TargetPlan, measured: Measured, slug: str, run: Mapping[str, Any]) -> Result:
    """Return the result; it has a score only when every language of the target was measured on every seed."""
    target = plan.target
    checkpoints = tuple(
        _checkpoint_scores(plan, measured, seed, files) for seed, files in plan.checkpoints.items()
    )
    languages = [language for language in target.languages if all(language in c.scores for c in checkpoints)]
    complete = len(languages) == len(target.languages)
    claims = _claims(plan, measured) if complete and checkpoints else None
    known = {language for _, language in measured.outcomes}
    means = [[checkpoint.scores[language].score for checkpoint in checkpoints] for language in languages]
    return Result(
        schema_=1,
        submission=slug,
        target=target.name,
        signature=plan.signature,
        metric=target.metric,
        score=round(float(np.mean(means)), 4) if complete else None,
        interval=_points(claims.these) if claims else None,
        general_interval=_points(claims.general) if claims and claims.general else None,
        measured=len(languages),
        of=len(target.languages),
        checkpoints=checkpoints,
        data={
            language: measured.fingerprints[language] for language in target.languages if language in known
        },
        outcomes=UNWRITTEN,
        run=run,
    )


def make_table(plan: TargetPlan, measured: Measured) -> pa.Table:
    """Return the outcomes: one row per (seed, language, example), in the submission's and the catalog's order."""
    parts = [
        _rows(seed, language, measured.outcomes[seed, language])
        for seed in plan.checkpoints
        for language in plan.target.languages
        if (seed, language) in measured.outcomes
    ]
    return pa.concat_tables(parts) if parts else pa.table({})


def _claims(plan: TargetPlan, measured: Measured) -> Claims:
    """Return what the score allows to say."""
    target = plan.target
    languages = [
        units(target, [measured.outcomes[seed, language] for seed in plan.checkpoints])
        for language in target.languages
    ]
    return score_claims(Sample(languages, target.parallel))


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


def _points(claim: Claim) -> tuple[float, float]:
    low, high = (round(100 * min(max(bound, 0.0), 1.0), 4) for bound in claim.interval)
    return low, high


def _rows(seed: int, language: str, outcomes: pa.Table) -> pa.Table:
    n = outcomes.num_rows
    cell = pa.table(
        {"seed": pa.array(np.full(n, seed, np.int32)), "language": pa.array([language] * n, pa.string())}
    )
    return pa.table([*cell.columns, *outcomes.columns], names=[*cell.column_names, *outcomes.column_names])
