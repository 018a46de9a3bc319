"""Rows checkpoint by checkpoint, as formats need them that know one model and no seeds; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.records import Checkpoint, Encoding, Result, Submission, Target
from site_gen.board.whole import WholeRow


@dataclass(frozen=True)
class MeasuredCheckpoint:
    """A checkpoint of a row with its results, each of this checkpoint alone, by target.

    `model` is its name on the Hub, or `stiltboard/SLUG` for one that is not there; `revision` the commit, or
    the digest of its weights in as many digits. `layer` is None where the last layer is read.
    """

    slug: str
    submission: Submission
    declared: Checkpoint
    model: str
    revision: str
    layer: int | None
    results: Mapping[str, tuple[Target, Result]]

    @property
    def on_hub(self) -> bool:
        """Tell whether the model is on the Hub."""
        return self.declared.hub is not None


def measured_checkpoints(row: WholeRow) -> Iterator[MeasuredCheckpoint]:
    """Yield the checkpoints of a row that have a result; rows that maintainers object to have none."""
    if any(cell.trust.notices for cell in row.cells.values()):
        return
    for declared in row.submission.checkpoints:
        results, weights = {}, ""
        for name, cell in row.cells.items():
            own = [scored for scored in cell.result.checkpoints if scored.seed == declared.seed]
            if own and own[0].scores:
                results[name] = (cell.target, cell.result.model_copy(update={"checkpoints": tuple(own)}))
                weights = own[0].weights
        if results:
            encoding = row.submission.encoding
            yield MeasuredCheckpoint(
                row.slug,
                row.submission,
                declared,
                declared.hub or f"stiltboard/{row.slug}",
                declared.revision or weights.removeprefix("sha256:")[:40],
                encoding.layer if isinstance(encoding, Encoding) and encoding.layer != "last" else None,
                results,
            )


def complete_score(target: Target, result: Result) -> float | None:
    """Return the mean over all languages of a result of one checkpoint, in points; None while one lacks."""
    (checkpoint,) = result.checkpoints
    if any(language not in checkpoint.scores for language in target.languages):
        return None
    return sum(checkpoint.scores[language].score for language in target.languages) / len(target.languages)
