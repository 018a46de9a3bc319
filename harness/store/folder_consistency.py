"""Check the files of a submission's folder against each other: each may be valid and contradict another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from harness.catalog import is_own, target_of
from harness.catalog.pins import former_texts, pinned
from harness.catalog.tasks import TASK_BY_NAME
from harness.characters import shown
from harness.records import (
    CheckpointScores,
    Result,
    SavedEncoding,
    StepCurve,
    Submission,
    Sweep,
    TextEncoding,
    Training,
    Verification,
    View,
    declared_view,
)
from harness.store.agreement import other_than_saved

# The widest published tolerance between two measurements of the same weights (docs/verification.md): points
# of a language, or as many examples.
_POINTS, _EXAMPLES = 1.0, 4


def training_contradictions(training: Training, submission: Submission) -> Iterator[str]:
    """Yield where the record of a training contradicts the submission.

    The submission may name more tasks, languages and examples where training did not start from its base.
    """
    recipe, declared = training.recipe, submission.intermediate
    slugs = {recipe.slug, *(recipe.slug.replace("{layers}", str(layers)) for layers in recipe.start.layers)}
    if not slugs & {training.submission, *submission.aliases}:
        yield f"the recipe is of {shown(recipe.slug)}, and not of {training.submission}"
    if recipe.base.id != submission.base.id:
        yield f"the base is {recipe.base.id}, but the submission declares {submission.base.id}"
    started_from_base = recipe.start.bundled is not None or recipe.start.hub == submission.base.id
    tasks = [share.task for share in recipe.tasks]
    for key, recorded, listed in (
        ("tasks", tasks, declared.tasks),
        ("languages", recipe.languages, declared.languages),
    ):
        yield from _lacking(key, recorded, listed)
        if started_from_base and (more := _without(listed, recorded)):
            yield f"{key}: {more} is not recorded here, but the submission declares it"
    examples = sum(task.examples for task in training.tasks if task.task in tasks)
    if declared.examples < examples or (started_from_base and declared.examples != examples):
        yield f"{examples:,} examples were trained on, but the submission declares {declared.examples:,}"
    if recipe.continued_mlm is not None and not declared.continued_mlm:
        yield "masked language modelling was continued, but the submission declares continued_mlm: false"
    texts = [*tasks, *([recipe.continued_mlm.text] if recipe.continued_mlm else [])]
    seen = [TASK_BY_NAME[text].seen for text in texts if text in TASK_BY_NAME]
    own = [text for text in texts if is_own(text)]
    yield from _lacking("trained_on", (*recipe.trained_on, *seen, *own), submission.trained_on)
    seeds = {checkpoint.seed for checkpoint in submission.checkpoints}
    for trained in training.seeds:
        if trained.seed not in seeds:
            yield f"seed {trained.seed} was trained, but the submission does not declare it"


def weights_contradictions(
    target: str, checkpoint: CheckpointScores, results: Mapping[str, Result], training: Training | None
) -> Iterator[str]:
    """Yield where the weights of a seed are others than its training or an earlier result of `results` has.

    The same weights have the same number of parameters. Targets with a submitted head are not for this.
    """
    for trained in training.seeds if training else ():
        if trained.seed == checkpoint.seed and trained.weights != checkpoint.weights:
            yield f"seed {checkpoint.seed} has other weights than training.yaml records"
    for name, other in _before(target, results):
        for scored in other.checkpoints:
            if scored.seed != checkpoint.seed:
                continue
            if scored.weights != checkpoint.weights:
                yield f"seed {checkpoint.seed} has other weights than in the result on {name}"
            elif scored.parameters != checkpoint.parameters:
                yield f"seed {checkpoint.seed} has another size than in the result on {name}"


def sweep_contradictions(sweep: Sweep, submission: Submission, result: Result | None) -> Iterator[str]:
    """Yield where a sweep of layers contradicts the submission, the official text, or the target's result."""
    target = target_of(sweep)
    former = target.is_former(sweep.signature)  # a sweep stays where its result is measured or scored again
    yield from _other_encoding(sweep, submission, None if former else result)
    corrected = former_texts(target.name, sweep.data)
    for language, digest in sweep.data.items():
        official = pinned(target.name, language) or digest
        expected = result.data.get(language, official) if result else official
        if digest != expected and language not in corrected:
            yield f"data.{language}: the text is not that of the result, or not the official one"
    declared = {checkpoint.seed for checkpoint in submission.checkpoints}
    measured = {checkpoint.seed: checkpoint for checkpoint in result.checkpoints} if result else {}
    for swept in sweep.checkpoints:
        if swept.seed not in declared:
            yield f"seed {swept.seed} is not declared by the submission"
        scored = measured.get(swept.seed)
        if scored is None:
            continue
        if scored.weights != swept.weights:
            yield f"seed {swept.seed} has other weights than in the result"
            continue
        assert result is not None
        scored_view = declared_view(submission.encoding_for(sweep.target), scored.layer, result.signature)
        for view in swept.views:
            if View(view.layer, view.pooling) == scored_view and not former:
                scores = {name: score for name, score in view.scores.items() if name not in corrected}
                yield from _other_scores(swept.seed, scores, scored)


def curve_contradictions(curve: StepCurve, submission: Submission, result: Result | None) -> Iterator[str]:
    """Yield where a curve over steps contradicts the submission, or the target's result."""
    if result is None:
        yield f"there is no result on {curve.target}, of whose training these are steps"
        return
    # As a sweep, a curve stays where its result is measured or scored again.
    if curve.signature != result.signature and not target_of(curve).is_former(curve.signature):
        yield "the signature is not that of the result"
    corrected = former_texts(curve.target, curve.data)
    for language, digest in curve.data.items():
        if result.data.get(language, digest) != digest and language not in corrected:
            yield f"data.{language}: the text is not that of the result"
    listed = {
        (checkpoint.seed, saved.step) for checkpoint in submission.checkpoints for saved in checkpoint.steps
    }
    measured = {checkpoint.seed: checkpoint for checkpoint in result.checkpoints}
    for checkpoint in curve.checkpoints:
        scored = measured.get(checkpoint.seed)
        for step in checkpoint.steps:
            if (checkpoint.seed, step.step) not in listed:
                yield f"step {step.step} is not among the steps of seed {checkpoint.seed} in submission.yaml"
            if scored is not None and scored.weights == step.weights:
                yield f"step {step.step} has the weights of seed {checkpoint.seed} itself"


def _other_encoding(sweep: Sweep, submission: Submission, result: Result | None) -> Iterator[str]:
    """Yield where a sweep's signature is not that of the submission's encoding and the result's protocol."""
    target = target_of(sweep)
    if isinstance(submission.encoding, SavedEncoding):
        yield from other_than_saved(sweep.signature, submission.encoding)
        if result and sweep.signature != result.signature.of_all_views:
            yield "the signature is not that of the result"
        return
    former = target.is_former(sweep.signature)
    protocol = sweep.signature.protocol if former else target.signature
    protocol = result.signature.protocol if result else protocol
    stated = TextEncoding.stated(submission.encoding, 0)
    if sweep.signature != protocol.encoded(stated, roles=target.has_roles).of_all_views:
        yield "the signature is not that of the submission's encoding"


def _other_scores(seed: int, scores: Mapping[str, float], scored: CheckpointScores) -> Iterator[str]:
    for language, score in scores.items():
        stated = scored.scores.get(language)
        if stated and abs(stated.score - score) > max(_POINTS, 100 * _EXAMPLES / stated.n):
            scores_of_view = f"{score:.2f} here and {stated.score:.2f} in the result"
            yield f"seed {seed} in {language}: the declared view has {scores_of_view}"


def verification_contradictions(verification: Verification, results: Mapping[str, Result]) -> Iterator[str]:
    """Yield each check of a target without a result, and each that agrees beyond its tolerance."""
    for check in verification.results:
        if check.target not in results:
            yield f"there is no result on {check.target}, which was verified"
        if check.agrees and check.largest > check.allowed:
            difference = f"the largest difference {check.largest:g} is beyond {check.allowed:g}"
            yield f"the result on {check.target} agrees, but {difference}"


def _before(target: str, results: Mapping[str, Result]) -> Iterable[tuple[str, Result]]:
    """Return the results that are listed before that of a target, so that a disagreement is named once."""
    names = list(results)
    return [(name, results[name]) for name in names[: names.index(target)]]


def _lacking(key: str, recorded: Iterable[str], declared: Iterable[str]) -> Iterator[str]:
    if lacking := _without(recorded, declared):
        yield f"{key}: {lacking} is recorded here, but the submission lacks it"


def _without(values: Iterable[str], others: Iterable[str]) -> str:
    """Return the values that are not among others, for a message."""
    known = set(others)
    return ", ".join(shown(value) for value in dict.fromkeys(values) if value not in known)
