"""One target of one submission while it is measured, cell by cell, and the result that its cells make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harness.catalog.finetuning import RECIPES, Recipe
from harness.data.examples import Examples
from harness.data.training_text import TrainingText
from harness.errors import BadInput
from harness.models.checkpoint import CheckpointFiles
from harness.records import CheckpointScores, Encoding, Head, Outcomes, Result, Score, Signature, Target
from harness.scoring.statistics.multilevel import Claim, Claims, Sample, score_claims
from harness.scoring.tables import TABLES, units

# The store puts the real file's name, digest and length in its place when it writes.
UNWRITTEN = Outcomes(file="none.parquet", sha256="0" * 64, rows=0)


def resolve_layer(encoding: Encoding, files: CheckpointFiles) -> int:
    """Return the index into the hidden states that `layer` means for this checkpoint."""
    return files.layers if encoding.layer == "last" else encoding.layer


@dataclass
class Cells:
    """Per (seed, language) the outcomes, one row per example, or why there are none.

    `examples` holds the text that this run may measure, `unreadable` why a language has none, `fingerprints` also those of
    languages that only an earlier run measured. A target with a head has its signature's part on it in `how`, the `recipe` that
    trains it (None where the submission brings it), the `training` text, and per seed the head that predicted.
    """

    target: Target
    encoding: Encoding
    how: str = ""
    recipe: Recipe | None = None
    training: TrainingText | None = None
    heads: dict[int, Head] = field(default_factory=dict)
    examples: dict[str, Examples] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    fingerprints: dict[str, str] = field(default_factory=dict)
    opened: dict[int, CheckpointFiles] = field(default_factory=dict)
    outcomes: dict[tuple[int, str], pa.Table] = field(default_factory=dict)
    failed: dict[tuple[int, str], str] = field(default_factory=dict)

    @property
    def signature(self) -> Signature:
        """Return the signature of what these cells measure."""
        if self.target.has_head:
            return self.target.signature.predicted(self.how)
        return self.target.signature.encoded(self.encoding, resolve_layer(self.encoding, next(iter(self.opened.values()))))

    @property
    def lengths(self) -> Recipe:
        """Return the recipe that says how inputs are cut; a head that was submitted reads what XTREME's recipe would."""
        return self.recipe or RECIPES["xtreme"][self.target.kind]

    def unfinished(self, seed: int) -> list[str]:
        """Return the languages that this run may measure and has not."""
        return [language for language in self.examples if (seed, language) not in self.outcomes]

    def take_over(self, result: Result, table: pa.Table, *, measured_again: bool = False) -> None:
        """Keep every cell of an earlier result that stands on the same weights and the same text.

        With `measured_again` only what this run leaves alone is kept. Why a language that this run leaves alone failed is
        kept too.
        """
        for checkpoint in result.checkpoints:
            files = self.opened.get(checkpoint.seed)
            if files is None or files.digest != checkpoint.weights:
                continue
            for language in set(checkpoint.failed) - set(self.examples) - set(self.unreadable):
                self.failed[checkpoint.seed, language] = checkpoint.failed[language]
            for language in checkpoint.scores:
                if measured_again and language in self.examples:
                    continue
                cell = (checkpoint.seed, language)
                same_text = self.fingerprints.setdefault(language, result.data[language]) == result.data[language]
                if same_text and cell not in self.outcomes:
                    if checkpoint.head is not None:
                        self.use_head(checkpoint.seed, checkpoint.head)
                    rows = table.filter(pc.and_(pc.equal(table["seed"], checkpoint.seed), pc.equal(table["language"], language)))
                    self.outcomes[cell] = rows.drop_columns(["seed", "language"]).combine_chunks()

    def use_head(self, seed: int, head: Head) -> None:
        """Name the head that predicts; refuse to mix two in one result, as those of two machines without a common cache."""
        before = self.heads.setdefault(seed, head)
        if before.digest != head.digest:
            raise BadInput(
                f"{self.target.name}, seed {seed}: what is there was predicted by the head {before.digest}, now it is {head.digest}",
                cure="the two are not mixed; --overwrite without -l predicts all languages with the head that is there now",
            )

    def result(self, slug: str, run: Mapping[str, Any]) -> Result:
        """Return the result; it has a score only when every language of the target was measured on every seed."""
        target = self.target
        checkpoints = tuple(self._checkpoint_scores(seed, files) for seed, files in self.opened.items())
        measured = [language for language in target.languages if all(language in c.scores for c in checkpoints)]
        complete = len(measured) == len(target.languages)
        claims = self._claims() if complete and checkpoints else None
        known = {language for _, language in self.outcomes}
        return Result(
            schema_=1,
            submission=slug,
            target=target.name,
            signature=self.signature,
            metric=target.metric,
            score=round(float(np.mean([[c.scores[language].score for c in checkpoints] for language in measured])), 4)
            if complete
            else None,
            interval=_points(claims.these) if claims else None,
            general_interval=_points(claims.general) if claims and claims.general else None,
            measured=len(measured),
            of=len(target.languages),
            checkpoints=checkpoints,
            data={language: self.fingerprints[language] for language in target.languages if language in known},
            outcomes=UNWRITTEN,
            run=run,
        )

    def _claims(self) -> Claims:
        """Return what the score allows to say."""
        languages = [units(self.target, [self.outcomes[seed, language] for seed in self.opened]) for language in self.target.languages]
        return score_claims(Sample(languages, self.target.parallel))

    def _checkpoint_scores(self, seed: int, files: CheckpointFiles) -> CheckpointScores:
        scores: dict[str, Score] = {}
        failed: dict[str, str] = {}
        for language in self.target.languages:
            if (seed, language) in self.outcomes:
                scores[language] = TABLES[self.target.kind].score(self.target, self.outcomes[seed, language])
            elif (seed, language) in self.failed:
                failed[language] = self.failed[seed, language][:500]
        return CheckpointScores(
            seed=seed,
            source=files.source,
            weights=files.digest,
            parameters=files.parameters,
            layer=files.layers if self.target.has_head else resolve_layer(self.encoding, files),
            head=self.heads.get(seed),
            scores=scores,
            failed=failed,
        )

    def table(self) -> pa.Table:
        """Return the outcomes: one row per (seed, language, example), in the submission's and the catalog's order."""
        parts = [
            _rows(seed, language, self.outcomes[seed, language])
            for seed in self.opened
            for language in self.target.languages
            if (seed, language) in self.outcomes
        ]
        return pa.concat_tables(parts) if parts else pa.table({})


def _points(claim: Claim) -> tuple[float, float]:
    low, high = (round(100 * min(max(bound, 0.0), 1.0), 4) for bound in claim.interval)
    return low, high


def _rows(seed: int, language: str, outcomes: pa.Table) -> pa.Table:
    n = outcomes.num_rows
    cell = pa.table({"seed": pa.array(np.full(n, seed, np.int32)), "language": pa.array([language] * n, pa.string())})
    return pa.table([*cell.columns, *outcomes.columns], names=[*cell.column_names, *outcomes.column_names])
