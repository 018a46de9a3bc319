"""Check the parts of a result, a sweep and a curve against each other and against the catalog."""

from __future__ import annotations

from collections.abc import Iterator

from harness.catalog import BY_NAME, is_known, is_own, target_of
from harness.characters import shown
from harness.records import Head, Pooling, Result, Score, StepCurve, Sweep, Target
from harness.store.consistency import Inconsistency
from harness.store.yaml.positions import Path

_TOLERANCE = 0.01  # points; a score is written with four decimals, and so is each of its parts


def result_findings(result: Result) -> Iterator[Inconsistency]:
    """Check that a result's target, metric and languages are known, and its score is their mean."""
    if not is_known(result.target):
        yield Inconsistency(
            ("target",), f"target: unknown target {result.target!r}", f"one of: {', '.join(BY_NAME)}"
        )
        return
    target = _as_measured(target_of(result), result)
    if result.metric != target.metric:
        yield Inconsistency(("metric",), f"metric: expected {target.metric}, found {shown(result.metric)}")
    if result.outcomes.file != f"{target.name}.parquet":
        yield Inconsistency(
            ("outcomes", "file"),
            f"outcomes.file: expected {target.name}.parquet, found {shown(result.outcomes.file)}",
        )
    yield from _checkpoints(result)
    yield from _languages(result, target)
    yield from _intervals(result)
    yield from _score(result, target)
    yield from _runs(result)


def _as_measured(target: Target, result: Result) -> Target:
    """Return a target with the metric and the languages that it had when the result was measured."""
    if target.is_former(result.signature):  # the catalog no longer says what that version measured
        languages = tuple(dict.fromkeys((*result.languages, *result.data)))
        return target.model_copy(update={"metric": result.metric, "languages": languages})
    added = target.not_required(result.last_run.date if result.last_run else "")
    earlier = tuple(language for language in target.languages if language not in added)
    return target.model_copy(update={"languages": earlier}) if result.of == len(earlier) else target


def _runs(result: Result) -> Iterator[Inconsistency]:
    """Check that where there are several runs, each scored cell is of exactly one of them."""
    scored = {(c.seed, language) for c in result.checkpoints for language in c.scores}
    measured = [
        (int(seed), language)
        for run in result.runs
        for seed, languages in run.cells.items()
        for language in languages
    ]
    if len(result.runs) < 2 and not measured:
        return
    if len(measured) != len(set(measured)) or set(measured) != scored:
        odd = [cell for cell in measured if measured.count(cell) > 1 or cell not in scored]
        seed, language = min(odd or scored - set(measured))
        message = f"runs: the score of seed {seed} in {language!r} must be of exactly one run"
        yield Inconsistency(("runs",), message, key=True)


def _checkpoints(result: Result) -> Iterator[Inconsistency]:
    """Check that seeds differ, in number and in weights, and that all are of one size."""
    if not result.checkpoints:
        yield Inconsistency(("checkpoints",), "checkpoints: names no seed", key=True)
    scored = [checkpoint for checkpoint in result.checkpoints if checkpoint.scores]
    seeds: dict[int, int] = {}
    weights: dict[str, int] = {}
    for index, checkpoint in enumerate(result.checkpoints):
        path: Path = ("checkpoints", index)
        yield from _repeated_seed(checkpoint.seed, index, seeds)
        earlier = weights.setdefault(checkpoint.weights, checkpoint.seed)
        if earlier != checkpoint.seed:
            message = f"seed {checkpoint.seed} has the same weights as seed {earlier}"
            yield Inconsistency((*path, "weights"), message, key=True)
        size = checkpoint.parameters
        known = size.total > 0 or result.signature.own_code is not None  # code has no file to count in
        if not 0 <= size.body <= size.total or not known:
            message = f"cannot have {size.total:,} parameters, {size.body:,} of them outside the embeddings"
            yield Inconsistency((*path, "parameters"), f"seed {checkpoint.seed} {message}", key=True)
        elif checkpoint.scores and size != scored[0].parameters:
            message = (
                f"is of another size than seed {scored[0].seed}; the seeds of a submission are of one size"
            )
            yield Inconsistency((*path, "parameters"), f"seed {checkpoint.seed} {message}", key=True)
        if checkpoint.head is not None and not _is_possible(checkpoint.head):
            message = "neither trained on any text here nor submitted without a training"
            yield Inconsistency(
                (*path, "head"), f"the head of seed {checkpoint.seed} was {message}", key=True
            )


def _is_possible(head: Head) -> bool:
    """Tell whether a head has all numbers of a training, none of them 0, or none."""
    numbers = (head.training, head.examples, head.steps, head.dev)
    return all(value is None for value in numbers) or (
        None not in numbers and bool(head.examples) and bool(head.steps)
    )


def _repeated_seed(seed: int, index: int, first: dict[int, int]) -> Iterator[Inconsistency]:
    """Report a seed of a list of checkpoints that an earlier one has; `first` is updated."""
    if seed in first:
        message = f"seed {seed} is listed twice, in checkpoints[{first[seed]}] and checkpoints[{index}]"
        yield Inconsistency(("checkpoints", index, "seed"), message, key=True)
    first.setdefault(seed, index)


def sweep_findings(sweep: Sweep) -> Iterator[Inconsistency]:
    """Check that a sweep's seeds differ, and so do the views of each."""
    first: dict[int, int] = {}
    for index, checkpoint in enumerate(sweep.checkpoints):
        yield from _repeated_seed(checkpoint.seed, index, first)
        views: set[tuple[int, Pooling]] = set()
        for number, view in enumerate(checkpoint.views):
            if (view.layer, view.pooling) in views:
                message = f"h{view.layer}.{view.pooling} of seed {checkpoint.seed} is listed twice"
                yield Inconsistency(("checkpoints", index, "views", number), message, key=True)
            views.add((view.layer, view.pooling))


def curve_findings(curve: StepCurve) -> Iterator[Inconsistency]:
    """Check that a curve's seeds differ, and so do steps and weights of each."""
    first: dict[int, int] = {}
    for index, checkpoint in enumerate(curve.checkpoints):
        yield from _repeated_seed(checkpoint.seed, index, first)
        weights: dict[str, int] = {}
        steps: set[int] = set()
        for number, scored in enumerate(checkpoint.steps):
            path: Path = ("checkpoints", index, "steps", number)
            if scored.step in steps:
                message = f"step {scored.step} of seed {checkpoint.seed} is listed twice"
                yield Inconsistency((*path, "step"), message, key=True)
            steps.add(scored.step)
            if (earlier := weights.setdefault(scored.weights, scored.step)) != scored.step:
                message = f"step {scored.step} has the same weights as step {earlier}"
                yield Inconsistency((*path, "weights"), message, key=True)


def _languages(result: Result, target: Target) -> Iterator[Inconsistency]:
    for index, checkpoint in enumerate(result.checkpoints):
        path: Path = ("checkpoints", index)
        for block, languages in (("scores", checkpoint.scores), ("failed", checkpoint.failed)):
            for language in languages:
                if language not in target.languages:
                    yield Inconsistency(
                        (*path, block, language), f"{target.name} has no language {language!r}", key=True
                    )
        for language in checkpoint.scores.keys() - result.data.keys():
            message = f"no fingerprint of the text in {language!r}, which was scored"
            yield Inconsistency((*path, "scores", language), message, key=True)
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
    # For user-provided text and former protocols only the result knows the number of languages.
    complete = complete and len(languages) == result.of
    known = not is_own(target.name) and not target.is_former(result.signature)
    if result.of != len(languages) and known:
        yield Inconsistency(("of",), f"of: {target.name} has {len(languages)} languages, found {result.of}")
    measured = [c.scores.keys() & languages - c.failed.keys() for c in result.checkpoints]
    if result.measured != len(set.intersection(*measured) if measured else ()):
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
