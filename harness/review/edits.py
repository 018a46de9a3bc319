"""List what a pull request changes in a merged submission besides adding results, one line for each value."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from harness.records import Record, Result
from harness.review.history import is_extended, superseded
from harness.review.submission_at import SubmissionAt
from harness.review.verdict import Reason, question, refusal
from harness.store.file_tree import RESULTS_FOLDER
from harness.store.side_files import STEP_CURVES, SWEEPS, SideFile
from harness.store.submissions import SUBMISSION_FILE
from harness.store.training import TRAINING_FILE

_ASK = "a maintainer decides whether the earlier results are still of this submission"
_MOST_LINES = 20
# The fields that tell the items of a list apart; any other list is one value.
_LABELS = (("seed",), ("task",), ("layer", "pooling"), ("step",))
# What was measured again has another date and machine, which is no edit.
_MEASUREMENT = {"run", "runs"}
_ANYWHERE = frozenset({"*"})


def edits(before: SubmissionAt, after: SubmissionAt, folder: str) -> Iterator[Reason]:
    """Ask a maintainer about what changes in a submission besides new results, checkpoints and reasons."""
    if before.submission is not None and after.submission is not None:
        old, new = (_values(record, {"supersedes"}) for record in (before.submission, after.submission))
        lines = _changes("", old, new, growing=frozenset({"checkpoints"}))
        yield from _questions(f"{folder}/{SUBMISSION_FILE}", lines)
    yield from _training_edits(before, after, f"{folder}/{TRAINING_FILE}")
    yield from _side_edits(SWEEPS, before.sweeps, after.sweeps, folder)
    yield from _side_edits(STEP_CURVES, before.curves, after.curves, folder)
    reasons = superseded(after.submission)
    for target, result in before.results.items():
        if target in after.results and (target, result.outcomes.sha256) not in reasons:
            yield from _result_edits(before, after, target, f"{folder}/{RESULTS_FOLDER}/{target}.yaml")


def _side_edits(
    kind: SideFile[Any], before: Mapping[str, Record], after: Mapping[str, Record], folder: str
) -> Iterator[Reason]:
    for target in before.keys() & after.keys():
        old, new = (_values(records[target], _MEASUREMENT) for records in (before, after))
        yield from _questions(f"{folder}/{kind.name(target)}", _changes("", old, new, growing=_ANYWHERE))


def _training_edits(before: SubmissionAt, after: SubmissionAt, file: str) -> Iterator[Reason]:
    if after.training is None:
        return
    if before.training is None:
        yield question("edited", file, "a record of the training is new", _ASK)
        return
    old, new = (_values(record, set()) for record in (before.training, after.training))
    yield from _questions(file, _changes("", old, new, growing=frozenset({"seeds"})))


def _result_edits(before: SubmissionAt, after: SubmissionAt, target: str, file: str) -> Iterator[Reason]:
    """List what changes in a result whose outcomes stay; the size of the same weights cannot change."""
    old, new = before.results[target], after.results[target]
    sizes = {checkpoint.weights: checkpoint.parameters for checkpoint in old.checkpoints}
    for checkpoint in new.checkpoints:
        size = sizes.get(checkpoint.weights, checkpoint.parameters)
        if size != checkpoint.parameters:
            numbers = f"{checkpoint.parameters.total:,} parameters, and had {size.total:,}"
            cure = "the same weights have the same size; evaluate again"
            yield refusal("edited", file, f"seed {checkpoint.seed} has {numbers}", cure)
    if is_extended(target, before, after):
        yield from _questions(file, _changes("", _measured(old, new), _measured(new, new), growing=_ANYWHERE))


def _measured(result: Result, after: Result) -> dict[str, Any]:
    """Return what stays in a result to which languages and seeds are added.

    Means and intervals over all of them are included if none is added. A failure is not, where the language
    is measured afterwards.
    """
    values = _values(result, {*_MEASUREMENT, "outcomes", "measured", "of"})
    scored = {checkpoint.seed: checkpoint.scores for checkpoint in after.checkpoints}
    for checkpoint in result.checkpoints:
        of_seed = values["checkpoints"][f"seed {checkpoint.seed}"]
        del of_seed["parameters"]
        of_seed["failed"] = {
            language: reason
            for language, reason in checkpoint.failed.items()
            if language not in scored.get(checkpoint.seed, {})
        }
    if result.outcomes.rows != after.outcomes.rows:
        for key in ("score", "interval", "general_interval"):
            values[key] = None
    return values


def _questions(file: str, lines: Iterator[str]) -> Iterator[Reason]:
    listed = list(lines)
    yield from (question("edited", file, line, _ASK) for line in listed[:_MOST_LINES])
    if len(listed) > _MOST_LINES:
        yield question("edited", file, f"and {len(listed) - _MOST_LINES:,} more values", _ASK)


def _changes(path: str, old: Any, new: Any, growing: frozenset[str]) -> Iterator[str]:
    """Yield a line for each value that changes, with its path; new entries of `growing` mappings are none."""
    if old == new:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        may_grow = bool(growing & {path, "*"})
        for key in dict.fromkeys((*old, *new)):
            inner = f"{path}[{key}]" if " " in key else f"{path}.{key}".lstrip(".")
            if key not in old or (may_grow and old[key] is None):
                if not may_grow:
                    yield f"{inner}: {_shortened(new[key])} is new"
            elif key not in new:
                yield f"{inner}: {_shortened(old[key])} is gone"
            else:
                yield from _changes(inner, old[key], new[key], growing)
    elif _is_list_of_text(old) and _is_list_of_text(new) and set(old) != set(new):
        yield from (f"{path}: {_shortened(item)} is gone" for item in old if item not in new)
        yield from (f"{path}: {_shortened(item)} is new" for item in new if item not in old)
    else:
        yield f"{path}: {_shortened(old)} becomes {_shortened(new)}"


def _is_list_of_text(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _values(record: Record, excluded: set[str]) -> dict[str, Any]:
    """Return a record as nested mappings, in which lists of labelled items are mappings too."""
    fields: dict[str, Any] = _labelled(record.model_dump(mode="json", exclude=excluded))
    return fields


def _labelled(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _labelled(inner) for key, inner in value.items()}
    if not isinstance(value, list):
        return value
    for fields in _LABELS:
        if value and all(isinstance(item, Mapping) and item.keys() >= set(fields) for item in value):
            return {" ".join((fields[0], *(str(item[f]) for f in fields))): _labelled(item) for item in value}
    return value


def _shortened(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:79]}…"
