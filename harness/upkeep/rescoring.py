"""Compute the scores of a stored result again, from its outcomes, by the target's protocol of today."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harness.catalog import target_of
from harness.errors import BadInput, Where
from harness.records import CheckpointScores, Result, Score, Signature, Target
from harness.records.result import INTERVAL_METHOD
from harness.scoring.outcomes import cells, runs, values_of
from harness.scoring.recalculation import intervals
from harness.scoring.tables import TABLES
from harness.store import load_outcomes, load_result, result_digest, results_lock, write_result
from harness.store.file_tree import RESULTS_FOLDER
from harness.store.results import result_text, rewrite_result
from harness.store.supersession import joined_reason, supersede
from harness.store.verification import digest_of, move_checks

# Fractions are computed in double precision; a column that differs by less is the same one.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Rescored:
    """A result before and after; `outcomes` is the new table where columns in it follow from others."""

    before: Result
    after: Result
    outcomes: pa.Table | None = None

    @property
    def text(self) -> str:
        """Return what changed, in one line."""
        if self.before.signature != self.after.signature:
            old, new = self.before.signature.version, self.after.signature.version
            return f"protocol v{old} → v{new}, score {_shown(self.before.score)} → {_shown(self.after.score)}"
        return f"added {', '.join(sorted(_names(self.after) - _names(self.before)))}"


def rescore(folder: Path, target: str, date: str, *, write: bool = True) -> Rescored | None:
    """Score a submission's result on a target again and write it; None where nothing would change.

    Scores that were added to the target later are added, and everything else stays, marks of verification
    included. A result by an earlier version of the protocol is replaced by one of today's, on the same
    weights and text; that is recorded under `supersedes`, with `date`, and its marks stay with the earlier
    numbers. Raises BadInput, saying why, where the outcomes do not suffice.
    """
    path = folder / RESULTS_FOLDER / f"{target}.yaml"
    with results_lock(folder):
        result = load_result(path)
        found = target_of(result)
        if not found.is_former(result.signature) and not missing_scores(found, result):
            return None
        rescored = rescored_from(result, load_outcomes(path, result), path)
        if rescored is None or not write:
            return rescored
        if rescored.after.signature != result.signature:
            changes = found.changes_since(result.signature.version)
            reasons = (f"protocol v{change.version}: {change.reason}" for change in changes)
            supersede(folder, target, joined_reason(reasons), date)
        else:  # before the result, so that after an interruption the same command completes both
            move_checks(folder, {(target, result_digest(path)): digest_of(result_text(rescored.after))})
        if rescored.outcomes is None:
            rewrite_result(folder, rescored.after)
        else:
            write_result(folder, rescored.after, rescored.outcomes)
    return rescored


def missing_scores(target: Target, result: Result) -> list[str]:
    """Return the secondary scores, and the quantities added later, that a language of a result lacks."""
    scores = [score for checkpoint in result.checkpoints for score in checkpoint.scores.values()]
    quantities = [name for name in target.quantities if name in target.added]
    return [name for name in target.secondary if not all(name in score.secondary for score in scores)] + [
        name for name in quantities if not all(name in score.quantities for score in scores)
    ]


def rescored_from(result: Result, outcomes: pa.Table, path: Path) -> Rescored | None:
    """Return a result scored again from its outcomes; None where that changes nothing.

    Raises BadInput where the outcomes do not suffice; `path` names the result in its message.
    """
    target = target_of(result)
    if result.signature.mining is not None:
        target = target.with_mining(result.signature.mining)
    former = target.is_former(result.signature)
    _refuse_other_measurement(target, result, path)
    if not any(checkpoint.scores for checkpoint in result.checkpoints):
        return None
    table = _with_derived_columns(target, outcomes) if former else outcomes
    rows = {cell: part.drop_columns(["seed", "language"]) for cell, part in cells(table).items()}
    scores = {cell: TABLES[target.kind].score(target, part) for cell, part in rows.items()}
    stated = frozenset[str]() if former else _names(result)
    if lacking := [name for name in _lacking(target, scores.values()) if name not in stated]:
        raise BadInput(
            f"the outcomes do not hold what {', '.join(lacking)} is computed from",
            where=Where(str(path)),
            cure=_measure_again(result),
        )
    checkpoints = tuple(_scored(checkpoint, scores, replaced=former) for checkpoint in result.checkpoints)
    after = result.model_copy(update={"checkpoints": checkpoints})
    if former:
        after = _by_todays_protocol(target, after, rows)
    return None if after == result else Rescored(result, after, None if table is outcomes else table)


def _refuse_other_measurement(target: Target, result: Result, path: Path) -> None:
    """Raise BadInput where a version of the protocol since the result's needs another measurement."""
    if not target.is_former(result.signature):
        return
    changes = target.changes_since(result.signature.version)
    reasons = [
        f"protocol v{change.version} of {change.date} ({change.reason})"
        for change in changes
        if not change.rescores
    ]
    if len(changes) < target.version - result.signature.version:
        reasons.append(f"protocol v{target.version}")
    if gone := [language for language in result.languages if language not in target.languages]:
        reasons.append(f"the protocol of today, which has no {' '.join(gone)}")
    if reasons:
        raise BadInput(
            f"cannot be scored by {'; '.join(reasons)} from its outcomes: it was measured by "
            f"v{result.signature.version}",
            where=Where(str(path)),
            cure=_measure_again(result),
        )


def _measure_again(result: Result) -> str:
    return f"stiltboard evaluate {result.submission} -t {result.target} --overwrite"


def _lacking(target: Target, scores: Collection[Score]) -> list[str]:
    """Return the secondary scores of a target that its outcomes do not give in some language."""
    return [name for name in target.secondary if not all(name in score.secondary for score in scores)]


def _scored(
    checkpoint: CheckpointScores, scores: Mapping[tuple[int, str], Score], *, replaced: bool
) -> CheckpointScores:
    """Return a checkpoint with new scores: in place of the old ones, or only those that it lacks."""
    return checkpoint.model_copy(
        update={
            "scores": {
                language: scores[checkpoint.seed, language]
                if replaced
                else _extended(score, scores[checkpoint.seed, language])
                for language, score in checkpoint.scores.items()
            }
        }
    )


def _extended(stated: Score, counted: Score) -> Score:
    """Return a language's stated scores with the recounted ones that it lacks."""
    pairs = {
        language: {**counted.pairs.get(language, {}), **scores} for language, scores in stated.pairs.items()
    }
    return stated.model_copy(
        update={
            "secondary": {**counted.secondary, **stated.secondary},
            "quantities": {**counted.quantities, **stated.quantities},
            "pairs": pairs,
        }
    )


def _by_todays_protocol(target: Target, result: Result, rows: Mapping[tuple[int, str], pa.Table]) -> Result:
    """Return a result whose languages were scored again with signature, mean and intervals of today."""
    languages = [
        language
        for language in target.languages
        if all(language in checkpoint.scores for checkpoint in result.checkpoints)
    ]
    complete = len(languages) == len(target.languages)
    means = [
        [checkpoint.scores[language].score for checkpoint in result.checkpoints] for language in languages
    ]
    seeds = [checkpoint.seed for checkpoint in result.checkpoints]
    bounds = intervals(target, rows, seeds) if complete else {}
    return result.model_copy(
        update={
            "signature": _signature_of_today(target, result.signature),
            "metric": target.metric,
            "score": round(float(np.mean(means)), 4) if complete else None,
            "interval": bounds.get("interval"),
            "general_interval": bounds.get("general_interval"),
            "interval_method": INTERVAL_METHOD,
            "measured": len(languages),
            "of": len(target.languages),
        }
    )


def _signature_of_today(target: Target, measured: Signature) -> Signature:
    """Return the protocol's part of today with the encoding, or the head, of a result."""
    return replace(
        target.signature,
        view=measured.view,
        prefix=measured.prefix,
        max_length=measured.max_length,
        head=measured.head,
    )


def _with_derived_columns(target: Target, outcomes: pa.Table) -> pa.Table:
    """Return outcomes with the columns that follow from others computed again; the same if all agree."""
    table = outcomes
    for name, values in TABLES[target.kind].derived(outcomes, runs(outcomes)).items():
        if _differs(values_of(outcomes[name]), values):
            place = table.column_names.index(name)
            column = pa.array(values, table.schema.field(name).type)
            table = table.set_column(place, table.schema.field(name), column)
    return table


def _differs(stated: NDArray[Any], computed: NDArray[Any]) -> bool:
    return bool((np.abs(stated.astype(np.float64) - computed.astype(np.float64)) > _ROUNDING).any())


def _names(result: Result) -> Set[str]:
    """Return the names of all numbers besides the headline score."""
    names: set[str] = set()
    for checkpoint in result.checkpoints:
        for score in checkpoint.scores.values():
            inner: Sequence[Mapping[str, float]] = list(score.pairs.values())
            names |= {*score.secondary, *score.quantities, *(name for pair in inner for name in pair)}
    return names


def _shown(score: float | None) -> str:
    return "–" if score is None else f"{score:.2f}"
