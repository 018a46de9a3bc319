"""Check a submission's fields against each other and against the catalog.

A check yields an Inconsistency with a path; the store adds line and column.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from harness.catalog import BY_NAME, is_own, own_target
from harness.characters import shown
from harness.records import (
    AnySubmission,
    Encoding,
    ReportedScore,
    ReportedSubmission,
    SavedEncoding,
    Submission,
    Target,
)
from harness.records.encoding import TargetView
from harness.records.reported import LARGEST_SHARE
from harness.store.yaml.positions import Path, Plain
from harness.store.yaml.schema_errors import dotted


class Inconsistency(NamedTuple):
    """One disagreement within a file: at the value of `path`, or with `key` at the key itself."""

    path: Path
    message: str
    cure: str = ""
    key: bool = False


_PUBLISHED_TOLERANCE = 0.1  # points; papers round a mean and its parts to one decimal


def placeholders(value: Plain, path: Path = ()) -> Iterator[Inconsistency]:
    """Find the placeholders of `stiltboard new` that were not filled in."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from placeholders(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from placeholders(inner, (*path, index))
    elif re.fullmatch(r"<[^<>]+>", value):
        yield Inconsistency(
            path,
            f"{dotted(path)}: the placeholder {shown(value)} is still there",
            "replace it, angle brackets included",
        )


def conflicting_keys(value: Plain) -> Iterator[Inconsistency]:
    """Find keys of both a measured and a reported row, before the document is validated as either."""
    if isinstance(value, dict) and "checkpoints" in value and "reported" in value:
        message = (
            "checkpoints: found next to reported, but a row is either evaluated here or published elsewhere"
        )
        cure = "remove reported if there are weights to evaluate, else checkpoints; or write two submissions"
        yield Inconsistency(("checkpoints",), message, cure, key=True)


def submission_findings(submission: AnySubmission) -> Iterator[Inconsistency]:
    """Check a submission against the catalog."""
    if isinstance(submission, ReportedSubmission):
        yield from _reported_findings(submission)
    else:
        yield from _measured_findings(submission)


def _reported_findings(submission: ReportedSubmission) -> Iterator[Inconsistency]:
    """Check that every published number has a target, a name that the target knows, and a plausible size."""
    block: Path = ("reported", "scores")
    scores = submission.reported.scores
    if not scores:
        yield Inconsistency(
            block, "reported.scores: names no target", "for example `xnli: {means: {accuracy: 79.2}}`"
        )
    for name, score in scores.items():
        target = BY_NAME.get(name)
        if target is None:
            yield Inconsistency(
                (*block, name),
                f"reported.scores: unknown target {name!r}",
                f"one of: {', '.join(BY_NAME)}",
                key=True,
            )
        else:
            yield from _reported_names(score, target, (*block, name))
            yield from _reported_numbers(score, target, (*block, name))


def _reported_names(score: ReportedScore, target: Target, path: Path) -> Iterator[Inconsistency]:
    where = dotted(path)
    if not score.means and not score.languages:
        yield Inconsistency(
            path, f"{where}: contains no number", f"for example `means: {{{target.metric}: 79.2}}`"
        )
    known = (target.metric, *target.secondary, *target.quantities)
    for name in score.means:
        if name not in known and not score.differs:
            metric = f"{target.metric} (its score, {target.direction})"
            names = ", ".join((metric, *known[1:]))
            cure = f"one of: {names}; or describe under differs what was measured instead"
            yield Inconsistency(
                (*path, "means", name), f"{where}.means: {target.name} has no {name!r}", cure, key=True
            )
    for language in score.languages:
        if language not in target.languages:
            message = f"{where}.languages: {target.name} has no language {language!r}"
            yield Inconsistency(
                (*path, "languages", language), message, f"one of: {' '.join(target.languages)}", key=True
            )


def _reported_numbers(score: ReportedScore, target: Target, path: Path) -> Iterator[Inconsistency]:
    points: list[tuple[Path, float]] = [
        ((*path, "means", name), value)
        for name, value in score.means.items()
        if name not in target.quantities
    ]
    points += [((*path, "languages", language), value) for language, value in score.languages.items()]
    for point_path, value in points:
        if value > 100 or 0 < value < LARGEST_SHARE:
            message = f"{dotted(point_path)}: expected points from 0 to 100, found {value:g}"
            yield Inconsistency(point_path, message, "write 100 times the share, such as 79.2 for 0.792")
    derived = score.derived(target)
    stated = score.means.get(target.metric)
    if stated is not None and derived is not None and abs(stated - derived) > _PUBLISHED_TOLERANCE:
        mean_path = (*path, "means", target.metric)
        yield Inconsistency(
            mean_path,
            f"{dotted(mean_path)}: {stated:g} is not the mean of its parts, {derived:.2f}",
            "check both in the publication",
        )


def _measured_findings(submission: Submission) -> Iterator[Inconsistency]:
    """Check heads against the catalog, and the layer against checkpoints cut to their first layers."""
    with_head = [target.name for target in BY_NAME.values() if target.has_head]
    for block, targets in (("finetuning", submission.finetuning), ("finetuned", submission.finetuned)):
        for name in targets:
            if name not in with_head and not (is_own(name) and own_target(name, ()).has_head):
                reason = f"target {name!r} has no head" if name in BY_NAME else f"unknown target {name!r}"
                cure = f"targets with a head: {', '.join(with_head)}"
                yield Inconsistency((block, name), f"{block}: {reason}", cure, key=True)
    for name in submission.finetuning:
        if name in submission.finetuned:
            message = f"finetuning: a head for {name} is submitted under finetuned, so none is trained"
            yield Inconsistency(("finetuning", name), message, "remove one of the two", key=True)
    yield from _seeds(submission)
    yield from _own_code(submission)
    yield from _steps(submission)
    yield from _encoding_by_target(submission)
    yield from _layers(submission)


def _encoding_by_target(submission: Submission) -> Iterator[Inconsistency]:
    """Check that layers by target are of targets that compare vectors, and that a layer is stated at all."""
    block = "encoding_by_target"
    if submission.encoding_by_target and isinstance(submission.encoding, SavedEncoding):
        message = f"{block}: it replaces layer and pooling, which encoding does not state"
        yield Inconsistency((block,), message, "state layer and pooling in encoding, too")
    for name in submission.encoding_by_target:
        known = name in BY_NAME or is_own(name)
        if known and not (BY_NAME[name] if name in BY_NAME else own_target(name, ())).has_head:
            continue
        reason = f"target {name!r} has a head, which reads the last layer" if known else f"unknown {name!r}"
        without_head = [target.name for target in BY_NAME.values() if not target.has_head]
        cure = f"targets that compare vectors: {', '.join(without_head)}"
        yield Inconsistency((block, name), f"{block}: {reason}", cure, key=True)


def _layers(submission: Submission) -> Iterator[Inconsistency]:
    """Check that every declared layer exists, where the number of layers is declared."""
    views: list[tuple[Path, Encoding | TargetView]] = [
        (("encoding_by_target", name), view) for name, view in submission.encoding_by_target.items()
    ]
    if isinstance(submission.encoding, Encoding):
        views.insert(0, (("encoding",), submission.encoding))
    for key, view in views:
        for index, checkpoint in enumerate(submission.checkpoints):
            deepest = checkpoint.layers
            if deepest is not None and isinstance(view.layer, int) and view.layer > deepest:
                yield Inconsistency(
                    (*key, "layer"),
                    f"{dotted(key)}.layer: {view.layer} does not exist: checkpoints[{index}] has the hidden "
                    f"states 0 to {deepest}",
                    f"write last, or a number from 0 to {deepest}",
                )


def _seeds(submission: Submission) -> Iterator[Inconsistency]:
    """Check that no two checkpoints have one seed; without one, a checkpoint's seed is 0."""
    first: dict[int, int] = {}
    for index, checkpoint in enumerate(submission.checkpoints):
        if (earlier := first.setdefault(checkpoint.seed, index)) != index:
            yield Inconsistency(
                ("checkpoints", index, "seed"),
                f"checkpoints[{index}].seed: {checkpoint.seed} is the seed of checkpoints[{earlier}]",
                "give each checkpoint a seed of its own, such as 0, 1, 2; without the key it is 0",
            )


def _steps(submission: Submission) -> Iterator[Inconsistency]:
    """Check that the steps of a checkpoint differ from each other and from its own, and are no head's."""
    for index, checkpoint in enumerate(submission.checkpoints):
        place = f"checkpoints[{index}].steps"
        if checkpoint.steps and checkpoint.python is not None:
            message = f"{place}: an encoder in Python has no training whose steps are known"
            yield Inconsistency(("checkpoints", index, "steps"), message, "remove the key", key=True)
        steps = {checkpoint.step: "the step of the checkpoint itself"}
        sources = {checkpoint.source: "the checkpoint itself"}
        for number, saved in enumerate(checkpoint.steps):
            path: Path = ("checkpoints", index, "steps", number)
            source = saved.of_seed(checkpoint.seed).source
            if saved.step in steps:
                message = f"{place}[{number}].step: {saved.step} is {steps[saved.step]}"
                yield Inconsistency((*path, "step"), message, "name every step once")
            elif source in sources:
                message = f"{place}[{number}]: {shown(source)} is {sources[source]}"
                yield Inconsistency(path, message, "name every checkpoint once")
            steps[saved.step] = sources[source] = f"that of {place}[{number}]"
    for name, head in submission.finetuned.items():
        if head.steps:
            message = f"finetuned.{name}: found steps, which are for checkpoints of the encoder"
            yield Inconsistency(("finetuned", name, "steps"), message, "remove the key", key=True)


def _own_code(submission: Submission) -> Iterator[Inconsistency]:
    """Check that an encoder in Python is the only checkpoint, and that nothing is stated of its encoding."""
    codes = [
        index for index, checkpoint in enumerate(submission.checkpoints) if checkpoint.python is not None
    ]
    if codes and len(submission.checkpoints) > 1:
        yield Inconsistency(
            ("checkpoints", codes[0], "python"),
            "checkpoints: an encoder in Python is one checkpoint, with no others next to it",
            "make a submission of each",
        )
    if codes and submission.encoding != SavedEncoding():
        yield Inconsistency(
            ("encoding",),
            "encoding: an encoder in Python decides itself how texts are encoded",
            "remove the key",
        )
