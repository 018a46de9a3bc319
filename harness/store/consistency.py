"""Check what no single field can say: a submission against the catalog, a result against itself.

Each check yields findings by path; the store gives them lines and columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from harness.catalog import BY_NAME, target_named
from harness.characters import shown
from harness.records import AnySubmission, ReportedScore, ReportedSubmission, Result, Score, Submission, Target
from harness.records.reported import LARGEST_SHARE
from harness.store.yaml.positions import Path, Plain
from harness.store.yaml.schema_errors import dotted


class Finding(NamedTuple):
    """One disagreement: at a value, or at the key itself."""

    path: Path
    message: str
    cure: str = ""
    key: bool = False


_TOLERANCE = 0.01  # points; a score is written with four decimals, and so is each of its parts
_PUBLISHED_TOLERANCE = 0.1  # points; papers round a mean and its parts to one decimal


def placeholders(value: Plain, path: Path = ()) -> Iterator[Finding]:
    """Find what `stiltboard new` left for people to fill in."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from placeholders(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from placeholders(inner, (*path, index))
    elif re.fullmatch(r"<[^<>]+>", value):
        yield Finding(path, f"{dotted(path)}: the placeholder {shown(value)} is still there", "replace it, angle brackets included")


def clash(value: Plain) -> Iterator[Finding]:
    """Find what makes a row both a measured and a reported one, before either is typed."""
    if isinstance(value, dict) and "checkpoints" in value and "reported" in value:
        message = "checkpoints: stands beside reported, but a row is either evaluated here or published elsewhere"
        cure = "remove reported where there are weights to evaluate, else checkpoints; two rows can hold both"
        yield Finding(("checkpoints",), message, cure, key=True)


def submission_findings(submission: AnySubmission) -> Iterator[Finding]:
    """Check a submission against the catalog."""
    if isinstance(submission, ReportedSubmission):
        yield from _reported_findings(submission)
    else:
        yield from _measured_findings(submission)


def _reported_findings(submission: ReportedSubmission) -> Iterator[Finding]:
    """Check that every published number has a target, a name that the target knows, and a plausible size."""
    at: Path = ("reported", "scores")
    scores = submission.reported.scores
    if not scores:
        yield Finding(at, "reported.scores: names no target", "write such as `xnli: {means: {accuracy: 79.2}}`")
    for name, found in scores.items():
        target = BY_NAME.get(name)
        if target is None:
            yield Finding((*at, name), f"reported.scores: unknown target {name!r}", f"one of: {', '.join(BY_NAME)}", key=True)
        else:
            yield from _reported_names(found, target, (*at, name))
            yield from _reported_numbers(found, target, (*at, name))


def _reported_names(found: ReportedScore, target: Target, at: Path) -> Iterator[Finding]:
    where = dotted(at)
    if not found.means and not found.languages:
        yield Finding(at, f"{where}: holds no number", f"write such as `means: {{{target.metric}: 79.2}}`")
    known = (target.metric, *target.secondary, *target.quantities)
    for name in found.means:
        if name not in known and not found.differs:
            own = f"{target.metric} (its score, {target.direction})"
            cure = f"one of: {', '.join((own, *known[1:]))}; or say under differs what was measured in its place"
            yield Finding((*at, "means", name), f"{where}.means: {target.name} has no {name!r}", cure, key=True)
    for language in found.languages:
        if language not in target.languages:
            message = f"{where}.languages: {target.name} has no language {language!r}"
            yield Finding((*at, "languages", language), message, f"one of: {' '.join(target.languages)}", key=True)


def _reported_numbers(found: ReportedScore, target: Target, at: Path) -> Iterator[Finding]:
    named: list[tuple[Path, float]] = [(("means", name), value) for name, value in found.means.items() if name not in target.quantities]
    named += [(("languages", language), value) for language, value in found.languages.items()]
    for path, value in named:
        if value > 100 or 0 < value < LARGEST_SHARE:
            message = f"{dotted((*at, *path))}: expected points from 0 to 100, found {value:g}"
            yield Finding((*at, *path), message, "write 100 times the share, such as 79.2 for 0.792")
    derived = found.derived(target)
    stated = found.means.get(target.metric)
    if stated is not None and derived is not None and abs(stated - derived) > _PUBLISHED_TOLERANCE:
        path = (*at, "means", target.metric)
        yield Finding(path, f"{dotted(path)}: {stated:g} is not the mean of its parts, {derived:.2f}", "look both up again")


def _measured_findings(submission: Submission) -> Iterator[Finding]:
    """Check heads against the catalog, and the layer against checkpoints that are cut."""
    heads = [target.name for target in BY_NAME.values() if target.has_head]
    for block, named in (("finetuning", submission.finetuning), ("finetuned", submission.finetuned)):
        for name in named:
            if name not in heads:
                known = f"target {name!r} takes no head" if name in BY_NAME else f"unknown target {name!r}"
                yield Finding((block, name), f"{block}: {known}", f"targets that take one: {', '.join(heads)}", key=True)
    for name in submission.finetuning:
        if name in submission.finetuned:
            message = f"finetuning: {name} brings its own head under finetuned, so that nothing is trained"
            yield Finding(("finetuning", name), message, "remove one of the two", key=True)
    layer = submission.encoding.layer
    for index, checkpoint in enumerate(submission.checkpoints):
        if checkpoint.layers is not None and isinstance(layer, int) and layer > checkpoint.layers:
            yield Finding(
                ("encoding", "layer"),
                f"encoding.layer: {layer} does not exist: checkpoints[{index}] has the hidden states 0 to {checkpoint.layers}",
                f"write last, or a number from 0 to {checkpoint.layers}",
            )


def result_findings(result: Result) -> Iterator[Finding]:
    """Check that a result's target is known, its parts are in the catalog, and its score is their mean."""
    target = target_named(result.target, tuple(result.data) + tuple(name for name in result.languages if name not in result.data))
    if target is None:
        yield Finding(("target",), f"target: unknown target {result.target!r}", f"one of: {', '.join(BY_NAME)}")
        return
    if result.metric != target.metric:
        yield Finding(("metric",), f"metric: expected {target.metric}, found {shown(result.metric)}")
    if result.outcomes.file != f"{target.name}.parquet":
        yield Finding(("outcomes", "file"), f"outcomes.file: expected {target.name}.parquet, found {shown(result.outcomes.file)}")
    yield from _languages(result, target)
    yield from _intervals(result)
    yield from _score(result, target)


def _languages(result: Result, target: Target) -> Iterator[Finding]:
    for index, checkpoint in enumerate(result.checkpoints):
        at: Path = ("checkpoints", index)
        for block, languages in (("scores", checkpoint.scores), ("failed", checkpoint.failed)):
            for language in languages:
                if language not in target.languages:
                    yield Finding((*at, block, language), f"{target.name} has no language {language!r}", key=True)
        for language in checkpoint.scores.keys() & checkpoint.failed.keys():
            yield Finding((*at, "failed", language), f"{language!r} stands among the scores and among the failed", key=True)
    for language in result.data:
        if language not in target.languages:
            yield Finding(("data", language), f"{target.name} has no language {language!r}", key=True)


def _intervals(result: Result) -> Iterator[Finding]:
    for name, bounds in (("interval", result.interval), ("general_interval", result.general_interval)):
        if bounds is None:
            continue
        if result.score is None:
            yield Finding((name,), f"{name}: {list(bounds)} stands without a score", key=True)
        elif not bounds[0] - _TOLERANCE <= result.score <= bounds[1] + _TOLERANCE:
            yield Finding((name,), f"{name}: {list(bounds)} does not hold the score {result.score}")
    for index, checkpoint in enumerate(result.checkpoints):
        for language, score in checkpoint.scores.items():
            if not _ordered(score):
                path: Path = ("checkpoints", index, "scores", language, "interval")
                yield Finding(path, f"the interval {list(score.interval)} of {language!r} does not hold its score {score.score}")


def _ordered(score: Score) -> bool:
    low, high = score.interval
    return low - _TOLERANCE <= score.score <= high + _TOLERANCE


def _score(result: Result, target: Target) -> Iterator[Finding]:
    """Check that the score is the unweighted mean over languages of the mean over seeds, and stands only for the whole target."""
    every = set(target.languages)
    whole = bool(result.checkpoints) and all(set(c.scores) == every and not c.failed for c in result.checkpoints)
    # Of somebody's own text only the result knows how many languages there are.
    whole = whole and len(every) == result.of
    if whole != (result.measured == result.of):
        yield Finding(("measured",), f"measured: {result.measured} of {result.of} does not agree with the languages measured")
    if result.score is None:
        if whole:
            yield Finding(("score",), "score: missing, although every language was measured on every checkpoint")
        return
    if not whole:
        yield Finding(("score",), f"score: {result.score} stands although not every language was measured on every checkpoint")
        return
    means = [sum(c.scores[language].score for c in result.checkpoints) / len(result.checkpoints) for language in target.languages]
    mean = sum(means) / len(means)
    if abs(mean - result.score) > _TOLERANCE:
        yield Finding(("score",), f"score: {result.score} is not the mean of its parts, {mean:.4f}")
