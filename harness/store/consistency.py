"""Check consistency across fields: submission and catalog, a result's parts, result and submission.

Checks within one file yield an Inconsistency with a path; the store adds line and column.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from harness.catalog import BY_NAME, is_known, is_own, target_of
from harness.catalog.finetuning import recipe_text
from harness.catalog.fingerprints import FINGERPRINTS
from harness.characters import shown
from harness.records import (
    AnySubmission,
    Checkpoint,
    ReportedScore,
    ReportedSubmission,
    Result,
    Score,
    Signature,
    Submission,
    Target,
)
from harness.records.reported import LARGEST_SHARE
from harness.store.yaml.positions import Path, Plain
from harness.store.yaml.schema_errors import dotted


class Inconsistency(NamedTuple):
    """One disagreement within a file: at the value of `path`, or with `key` at the key itself."""

    path: Path
    message: str
    cure: str = ""
    key: bool = False


_TOLERANCE = 0.01  # points; a score is written with four decimals, and so is each of its parts
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
            if name not in with_head:
                reason = f"target {name!r} has no head" if name in BY_NAME else f"unknown target {name!r}"
                cure = f"targets with a head: {', '.join(with_head)}"
                yield Inconsistency((block, name), f"{block}: {reason}", cure, key=True)
    for name in submission.finetuning:
        if name in submission.finetuned:
            message = f"finetuning: a head for {name} is submitted under finetuned, so none is trained"
            yield Inconsistency(("finetuning", name), message, "remove one of the two", key=True)
    layer = submission.encoding.layer
    for index, checkpoint in enumerate(submission.checkpoints):
        if checkpoint.layers is not None and isinstance(layer, int) and layer > checkpoint.layers:
            yield Inconsistency(
                ("encoding", "layer"),
                f"encoding.layer: {layer} does not exist: checkpoints[{index}] has the hidden states 0 to "
                f"{checkpoint.layers}",
                f"write last, or a number from 0 to {checkpoint.layers}",
            )


def result_findings(result: Result) -> Iterator[Inconsistency]:
    """Check that a result's target, metric and languages are known, and its score is their mean."""
    if not is_known(result.target):
        yield Inconsistency(
            ("target",), f"target: unknown target {result.target!r}", f"one of: {', '.join(BY_NAME)}"
        )
        return
    target = target_of(result)
    if result.metric != target.metric:
        yield Inconsistency(("metric",), f"metric: expected {target.metric}, found {shown(result.metric)}")
    if result.outcomes.file != f"{target.name}.parquet":
        yield Inconsistency(
            ("outcomes", "file"),
            f"outcomes.file: expected {target.name}.parquet, found {shown(result.outcomes.file)}",
        )
    yield from _languages(result, target)
    yield from _intervals(result)
    yield from _score(result, target)


def _languages(result: Result, target: Target) -> Iterator[Inconsistency]:
    for index, checkpoint in enumerate(result.checkpoints):
        path: Path = ("checkpoints", index)
        for block, languages in (("scores", checkpoint.scores), ("failed", checkpoint.failed)):
            for language in languages:
                if language not in target.languages:
                    yield Inconsistency(
                        (*path, block, language), f"{target.name} has no language {language!r}", key=True
                    )
        for language in checkpoint.scores.keys() & checkpoint.failed.keys():
            yield Inconsistency(
                (*path, "failed", language),
                f"{language!r} is listed both under scores and under failed",
                key=True,
            )
    for language in result.data:
        if language not in target.languages:
            yield Inconsistency(("data", language), f"{target.name} has no language {language!r}", key=True)


def _intervals(result: Result) -> Iterator[Inconsistency]:
    for name, bounds in (("interval", result.interval), ("general_interval", result.general_interval)):
        if bounds is None:
            continue
        if result.score is None:
            yield Inconsistency((name,), f"{name}: {list(bounds)} is given without a score", key=True)
        elif not bounds[0] - _TOLERANCE <= result.score <= bounds[1] + _TOLERANCE:
            yield Inconsistency((name,), f"{name}: {list(bounds)} does not contain the score {result.score}")
    for index, checkpoint in enumerate(result.checkpoints):
        for language, score in checkpoint.scores.items():
            if not _ordered(score):
                path: Path = ("checkpoints", index, "scores", language, "interval")
                yield Inconsistency(
                    path,
                    f"the interval {list(score.interval)} of {language!r} does not contain its score "
                    f"{score.score}",
                )


def _ordered(score: Score) -> bool:
    low, high = score.interval
    return low - _TOLERANCE <= score.score <= high + _TOLERANCE


def _score(result: Result, target: Target) -> Iterator[Inconsistency]:
    """Check that a score covers all languages, and is the mean over them of the mean over seeds."""
    languages = set(target.languages)
    complete = bool(result.checkpoints) and all(
        set(c.scores) == languages and not c.failed for c in result.checkpoints
    )
    # For user-provided text only the result knows the number of languages.
    complete = complete and len(languages) == result.of
    if complete != (result.measured == result.of):
        yield Inconsistency(
            ("measured",),
            f"measured: {result.measured} of {result.of} does not agree with the languages measured",
        )
    if result.score is None:
        if complete:
            yield Inconsistency(
                ("score",), "score: missing, although every language was measured on every checkpoint"
            )
        return
    if not complete:
        yield Inconsistency(
            ("score",),
            f"score: {result.score} is given although not every language was measured on every checkpoint",
        )
        return
    means = [
        sum(c.scores[language].score for c in result.checkpoints) / len(result.checkpoints)
        for language in target.languages
    ]
    mean = sum(means) / len(means)
    if abs(mean - result.score) > _TOLERANCE:
        yield Inconsistency(("score",), f"score: {result.score} is not the mean of its parts, {mean:.4f}")


# ---- a result against its submission and the pinned text -----------------------------------------


def other_recipe(result: Result, submission: Submission) -> Iterator[str]:
    """Yield where a result deviates from its submission: in seeds, weights, encoding or head."""
    target = target_of(result)
    declared = checkpoints_of(submission, target)
    # An evaluation writes every seed from the start, so a missing seed was removed by selection.
    if missing := [seed for seed in declared if seed not in {scored.seed for scored in result.checkpoints}]:
        seeds = f"{'seed' if len(missing) == 1 else 'seeds'} {' '.join(map(str, missing))}"
        yield f"lacks {seeds}, which the submission declares"
    for scored in result.checkpoints:
        checkpoint = declared.get(scored.seed)
        if checkpoint is None:
            yield f"seed {scored.seed} is not declared by the submission"
        elif checkpoint.source != scored.source:
            yield (
                f"seed {scored.seed} is {shown(scored.source)}, but the submission declares "
                f"{shown(checkpoint.source)}"
            )
    expected = _declared_signatures(result, submission, target)
    for signature in expected:
        if missing_parts := [part for part in signature.parts if part not in result.signature.parts]:
            yield f"the signature lacks {', '.join(map(shown, missing_parts))}, which the submission declares"
    layer = submission.encoding.layer
    for scored in result.checkpoints if not target.has_head else ():
        if layer not in ("last", scored.layer):
            yield f"seed {scored.seed} was read at layer {scored.layer}, but the submission declares {layer}"


def _declared_signatures(result: Result, submission: Submission, target: Target) -> set[Signature]:
    """Return the signatures that the submission declares, one per layer in the result."""
    if target.has_head:
        head = (
            "own"
            if target.name in submission.finetuned
            else recipe_text(submission.finetuning.get(target.name))
        )
        return {result.signature.protocol.predicted(head)}
    return {
        result.signature.protocol.encoded(submission.encoding, scored.layer) for scored in result.checkpoints
    }


def checkpoints_of(submission: Submission, target: Target) -> dict[int, Checkpoint]:
    """Return the measured checkpoints by seed: the submission's, or the one with a submitted head."""
    with_head = submission.finetuned.get(target.name) if target.has_head else None
    checkpoints = [with_head] if with_head else submission.checkpoints
    return {checkpoint.seed: checkpoint for checkpoint in checkpoints}


def other_text(result: Result) -> Iterator[str]:
    """Yield where fingerprint or number of examples differ from the official set's, or are missing."""
    target = target_of(result)
    pinned = FINGERPRINTS.get(target.name, {})
    for language, digest in result.data.items():
        if language in pinned and digest != f"sha256:{pinned[language]}":
            yield (
                f"data.{language}: the text has the fingerprint {digest}, "
                f"the official set has sha256:{pinned[language]}"
            )
    for checkpoint in result.checkpoints:
        for language, score in checkpoint.scores.items():
            size = target.sizes.get(language, score.n)
            if score.n != size:
                yield (
                    f"seed {checkpoint.seed} in {language}: has {score.n:,} {target.unit}, "
                    f"the official set has {size:,}"
                )
            if language not in result.data:
                yield f"names no fingerprint of the text in {language!r}"


def unpinned_text(result: Result) -> str:
    """Describe the text that no pinned fingerprint can check; empty if all of it can be checked."""
    unpinned = [language for language in result.data if language not in FINGERPRINTS.get(result.target, {})]
    if unpinned and is_own(result.target):
        return "is on user-provided text, for which no fingerprint is pinned"
    return f"no fingerprint is pinned for {len(unpinned)} of {len(result.data)} languages" if unpinned else ""
