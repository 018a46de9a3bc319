"""Check what no single field can say: a submission against the catalog, a result against itself and against its submission.

Checks within a file yield what they find by path; the store gives that lines and columns.
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
    """One disagreement within a file: at a value, or at the key itself."""

    path: Path
    message: str
    cure: str = ""
    key: bool = False


_TOLERANCE = 0.01  # points; a score is written with four decimals, and so is each of its parts
_PUBLISHED_TOLERANCE = 0.1  # points; papers round a mean and its parts to one decimal


def placeholders(value: Plain, path: Path = ()) -> Iterator[Inconsistency]:
    """Find what `stiltboard new` left for people to fill in."""
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


def clash(value: Plain) -> Iterator[Inconsistency]:
    """Find what makes a row both a measured and a reported one, before either is typed."""
    if isinstance(value, dict) and "checkpoints" in value and "reported" in value:
        message = (
            "checkpoints: stands beside reported, but a row is either evaluated here or published elsewhere"
        )
        cure = "remove reported where there are weights to evaluate, else checkpoints; two rows can hold both"
        yield Inconsistency(("checkpoints",), message, cure, key=True)


def submission_findings(submission: AnySubmission) -> Iterator[Inconsistency]:
    """Check a submission against the catalog."""
    if isinstance(submission, ReportedSubmission):
        yield from _reported_findings(submission)
    else:
        yield from _measured_findings(submission)


def _reported_findings(submission: ReportedSubmission) -> Iterator[Inconsistency]:
    """Check that every published number has a target, a name that the target knows, and a plausible size."""
    at: Path = ("reported", "scores")
    scores = submission.reported.scores
    if not scores:
        yield Inconsistency(
            at, "reported.scores: names no target", "write such as `xnli: {means: {accuracy: 79.2}}`"
        )
    for name, found in scores.items():
        target = BY_NAME.get(name)
        if target is None:
            yield Inconsistency(
                (*at, name),
                f"reported.scores: unknown target {name!r}",
                f"one of: {', '.join(BY_NAME)}",
                key=True,
            )
        else:
            yield from _reported_names(found, target, (*at, name))
            yield from _reported_numbers(found, target, (*at, name))


def _reported_names(found: ReportedScore, target: Target, at: Path) -> Iterator[Inconsistency]:
    where = dotted(at)
    if not found.means and not found.languages:
        yield Inconsistency(
            at, f"{where}: holds no number", f"write such as `means: {{{target.metric}: 79.2}}`"
        )
    known = (target.metric, *target.secondary, *target.quantities)
    for name in found.means:
        if name not in known and not found.differs:
            own = f"{target.metric} (its score, {target.direction})"
            cure = (
                f"one of: {', '.join((own, *known[1:]))}; or say under differs what was measured in its place"
            )
            yield Inconsistency(
                (*at, "means", name), f"{where}.means: {target.name} has no {name!r}", cure, key=True
            )
    for language in found.languages:
        if language not in target.languages:
            message = f"{where}.languages: {target.name} has no language {language!r}"
            yield Inconsistency(
                (*at, "languages", language), message, f"one of: {' '.join(target.languages)}", key=True
            )


def _reported_numbers(found: ReportedScore, target: Target, at: Path) -> Iterator[Inconsistency]:
    named: list[tuple[Path, float]] = [
        (("means", name), value) for name, value in found.means.items() if name not in target.quantities
    ]
    named += [(("languages", language), value) for language, value in found.languages.items()]
    for path, value in named:
        if value > 100 or 0 < value < LARGEST_SHARE:
            message = f"{dotted((*at, *path))}: expected points from 0 to 100, found {value:g}"
            yield Inconsistency((*at, *path), message, "write 100 times the share, such as 79.2 for 0.792")
    derived = found.derived(target)
    stated = found.means.get(target.metric)
    if stated is not None and derived is not None and abs(stated - derived) > _PUBLISHED_TOLERANCE:
        path = (*at, "means", target.metric)
        yield Inconsistency(
            path,
            f"{dotted(path)}: {stated:g} is not the mean of its parts, {derived:.2f}",
            "look both up again",
        )


def _measured_findings(submission: Submission) -> Iterator[Inconsistency]:
    """Check heads against the catalog, and the layer against checkpoints that are cut."""
    heads = [target.name for target in BY_NAME.values() if target.has_head]
    for block, named in (("finetuning", submission.finetuning), ("finetuned", submission.finetuned)):
        for name in named:
            if name not in heads:
                known = f"target {name!r} takes no head" if name in BY_NAME else f"unknown target {name!r}"
                yield Inconsistency(
                    (block, name), f"{block}: {known}", f"targets that take one: {', '.join(heads)}", key=True
                )
    for name in submission.finetuning:
        if name in submission.finetuned:
            message = f"finetuning: {name} brings its own head under finetuned, so that nothing is trained"
            yield Inconsistency(("finetuning", name), message, "remove one of the two", key=True)
    layer = submission.encoding.layer
    for index, checkpoint in enumerate(submission.checkpoints):
        if checkpoint.layers is not None and isinstance(layer, int) and layer > checkpoint.layers:
            yield Inconsistency(
                ("encoding", "layer"),
                f"encoding.layer: {layer} does not exist: checkpoints[{index}] has the hidden states 0 to {checkpoint.layers}",
                f"write last, or a number from 0 to {checkpoint.layers}",
            )


def result_findings(result: Result) -> Iterator[Inconsistency]:
    """Check that a result's target is known, its parts are in the catalog, and its score is their mean."""
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
        at: Path = ("checkpoints", index)
        for block, languages in (("scores", checkpoint.scores), ("failed", checkpoint.failed)):
            for language in languages:
                if language not in target.languages:
                    yield Inconsistency(
                        (*at, block, language), f"{target.name} has no language {language!r}", key=True
                    )
        for language in checkpoint.scores.keys() & checkpoint.failed.keys():
            yield Inconsistency(
                (*at, "failed", language),
                f"{language!r} stands among the scores and among the failed",
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
            yield Inconsistency((name,), f"{name}: {list(bounds)} stands without a score", key=True)
        elif not bounds[0] - _TOLERANCE <= result.score <= bounds[1] + _TOLERANCE:
            yield Inconsistency((name,), f"{name}: {list(bounds)} does not hold the score {result.score}")
    for index, checkpoint in enumerate(result.checkpoints):
        for language, score in checkpoint.scores.items():
            if not _ordered(score):
                path: Path = ("checkpoints", index, "scores", language, "interval")
                yield Inconsistency(
                    path,
                    f"the interval {list(score.interval)} of {language!r} does not hold its score {score.score}",
                )


def _ordered(score: Score) -> bool:
    low, high = score.interval
    return low - _TOLERANCE <= score.score <= high + _TOLERANCE


def _score(result: Result, target: Target) -> Iterator[Inconsistency]:
    """Check that the score is the unweighted mean over languages of the mean over seeds, and stands only for the whole target."""
    every = set(target.languages)
    whole = bool(result.checkpoints) and all(
        set(c.scores) == every and not c.failed for c in result.checkpoints
    )
    # Of somebody's own text only the result knows how many languages there are.
    whole = whole and len(every) == result.of
    if whole != (result.measured == result.of):
        yield Inconsistency(
            ("measured",),
            f"measured: {result.measured} of {result.of} does not agree with the languages measured",
        )
    if result.score is None:
        if whole:
            yield Inconsistency(
                ("score",), "score: missing, although every language was measured on every checkpoint"
            )
        return
    if not whole:
        yield Inconsistency(
            ("score",),
            f"score: {result.score} stands although not every language was measured on every checkpoint",
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
    """Say where a result is not of what its submission describes: other or fewer seeds, other weights, another encoding or head."""
    target = target_of(result)
    declared = checkpoints_of(submission, target)
    # An evaluation names every seed from its first write on, so that only a choice among them leaves one out.
    if lacking := [seed for seed in declared if seed not in {scored.seed for scored in result.checkpoints}]:
        yield f"lacks {'seed' if len(lacking) == 1 else 'seeds'} {' '.join(map(str, lacking))}, which the submission declares"
    for scored in result.checkpoints:
        checkpoint = declared.get(scored.seed)
        if checkpoint is None:
            yield f"seed {scored.seed} is none of the submission's"
        elif checkpoint.source != scored.source:
            yield f"seed {scored.seed} is {shown(scored.source)}, the submission declares {shown(checkpoint.source)}"
    expected = _declared_signatures(result, submission, target)
    for signature in expected:
        if lacking_parts := [part for part in signature.parts if part not in result.signature.parts]:
            yield f"the signature lacks {', '.join(map(shown, lacking_parts))}, which the submission declares"
    layer = submission.encoding.layer
    for scored in result.checkpoints if not target.has_head else ():
        if layer not in ("last", scored.layer):
            yield f"seed {scored.seed} was read off at layer {scored.layer}, the submission declares {layer}"


def _declared_signatures(result: Result, submission: Submission, target: Target) -> set[Signature]:
    """Return the signature that the submission's encoding or head gives, by the layers that the result names."""
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
    """Return by seed what is measured: the submission's checkpoints, or the one that brings a target's head."""
    brought = submission.finetuned.get(target.name) if target.has_head else None
    return {checkpoint.seed: checkpoint for checkpoint in ([brought] if brought else submission.checkpoints)}


def other_text(result: Result) -> Iterator[str]:
    """Say where the text is not the official set's, by fingerprint or by number of examples, or is not named at all."""
    target = target_of(result)
    pinned = FINGERPRINTS.get(target.name, {})
    for language, digest in result.data.items():
        if language in pinned and digest != f"sha256:{pinned[language]}":
            yield f"data.{language}: the text has the fingerprint {digest}, the official set has sha256:{pinned[language]}"
    for checkpoint in result.checkpoints:
        for language, score in checkpoint.scores.items():
            size = target.sizes.get(language, score.n)
            if score.n != size:
                yield f"seed {checkpoint.seed} in {language}: is of {score.n:,} {target.unit}, the official set has {size:,}"
            if language not in result.data:
                yield f"names no fingerprint of the text in {language!r}"


def unpinned_text(result: Result) -> str:
    """Say of which languages nobody can tell whether the text is the official set's; empty where of none."""
    free = [language for language in result.data if language not in FINGERPRINTS.get(result.target, {})]
    if free and is_own(result.target):
        return "is of somebody's own text, of which no fingerprint is pinned"
    return f"no fingerprint is pinned for {len(free)} of {len(result.data)} languages" if free else ""
