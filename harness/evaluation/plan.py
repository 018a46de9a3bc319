"""Plan a run: which targets, in which languages, on which checkpoints, with which heads."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.catalog.finetuning import recipe_for, recipe_text
from harness.data.reading_notes import noting
from harness.errors import BadInput, Fault, Where, WrongUsage
from harness.evaluation.declared_code import describe_code
from harness.evaluation.gone_weights import as_recorded, gone_seeds, gone_steps
from harness.evaluation.precision import follow_stored
from harness.evaluation.run import Options, Run
from harness.evaluation.target_plan import HeadPlan, TargetPlan
from harness.evaluation.target_texts import load_targets
from harness.models.checkpoint import CheckpointFiles, fetch
from harness.models.device import choose_device, choose_dtype
from harness.models.encoding_choice import choose_encoding
from harness.records import (
    Checkpoint,
    ReportedSubmission,
    SavedEncoding,
    Target,
    TextEncoding,
)
from harness.reporter import Reporter
from harness.store import RESULTS_FOLDER, load_submission

# Attributes of one checkpoint that are not used, of which a message lists so many.
_NAMED = 20


@dataclass(frozen=True)
class Plan:
    """The plan of one evaluation: its targets, the checkpoints by seed, and what could not be read.

    `steps` are the other checkpoints of each seed's training, by seed and step, where they are measured too.
    """

    run: Run
    targets: tuple[TargetPlan, ...]
    checkpoints: Mapping[int, CheckpointFiles]
    unreadable: tuple[Fault, ...]
    steps: Mapping[tuple[int, int], CheckpointFiles] = field(default_factory=dict)

    @property
    def opened(self) -> tuple[CheckpointFiles, ...]:
        """Return all checkpoints that a run opens; of a head that is submitted, its own."""
        return (
            *(files for plan in self.targets for files in plan.checkpoints.values()),
            *self.steps.values(),
        )

    @property
    def embedded(self) -> tuple[TargetPlan, ...]:
        """Return the targets that are scored by comparing vectors."""
        return tuple(plan for plan in self.targets if not plan.target.has_head)

    @property
    def predicted(self) -> tuple[TargetPlan, ...]:
        """Return the targets that are predicted by a head."""
        return tuple(plan for plan in self.targets if plan.target.has_head)


def make_plan(
    folder: Path, targets: Sequence[str], languages: Sequence[str], options: Options, reporter: Reporter
) -> Plan:
    """Read the submission and the text, and fetch the checkpoints.

    Raises BadInput when the submission, its checkpoints or all of the text cannot be read, and WrongUsage for
    an unknown target or language.
    """
    run = open_run(folder, options, reporter)
    if not options.limit:
        _refuse_unwritable(run)
    with noting(reporter.report):
        texts, unreadable = load_targets(targets, languages, run)
    run = follow_stored(run, {text.target.name: text.examples for text in texts})
    checkpoints = _fetch_all(run)
    steps = _fetch_steps(run, checkpoints) if options.steps else {}
    plans = []
    for text in texts:
        try:
            plans.append(with_checkpoints(text, checkpoints, run))
        except BadInput as reason:
            if len(texts) == 1:
                raise
            unreadable.extend(reason.faults)
    if not plans:
        raise BadInput(unreadable)
    return Plan(run, tuple(plans), checkpoints, tuple(unreadable), steps)


def open_run(folder: Path, options: Options, reporter: Reporter) -> Run:
    """Read the submission, and choose the device and the dtype."""
    submission = load_submission(folder)
    if isinstance(submission, ReportedSubmission):
        raise BadInput(
            f"{folder.resolve().name} holds numbers that others reported ({submission.reported.source}): "
            "there is no checkpoint to evaluate",
            cure="evaluate a submission with checkpoints; stiltboard new SLUG scaffolds one",
        )
    if options.encoder is not None and submission.checkpoints[0].python is None:
        raise WrongUsage(
            f"{folder.resolve().name} is measured by its weights, not by an encoder in Python",
            cure="evaluate the two one after the other",
        )
    if submission.checkpoints[0].python is not None:  # what it runs on is its own business
        return Run(folder, submission, options, reporter, "cpu", "float32")
    device = choose_device(options.device)
    return Run(folder, submission, options, reporter, device, choose_dtype(options.dtype, device))


def _refuse_unwritable(run: Run) -> None:
    """Refuse folders that the run will write to and may not, before hours of encoding are lost."""
    copy = "evaluate a copy of the submission"
    for folder, other in (
        (run.folder, copy),
        (run.folder / RESULTS_FOLDER, copy),
        (run.cache, "name another cache with STILTBOARD_CACHE"),
    ):
        existing = next(path for path in (folder, *folder.resolve().parents) if path.exists())
        if not existing.is_dir():
            raise BadInput("is a file, not a folder", where=Where(str(existing)), cure=other)
        if not os.access(existing, os.W_OK | os.X_OK):
            raise BadInput(
                "this user may not write into the folder",
                where=Where(str(existing)),
                cure=f"as its owner: chmod u+wx {shlex.quote(str(existing))}; or {other}",
            )


# ---- checkpoints -------------------------------------------------------------------------------


def _fetch(checkpoint: Checkpoint, run: Run) -> CheckpointFiles:
    if (fetched := run.options.fetched.get(checkpoint.source)) is not None:
        return fetched
    if checkpoint.python is not None:
        return describe_code(checkpoint, run)
    files = fetch(checkpoint, run.folder, run.cache / "checkpoints")
    if files.left_out:
        shown = "; ".join(map(str, files.left_out[:_NAMED]))
        more = f"; and {len(files.left_out) - _NAMED} more" if len(files.left_out) > _NAMED else ""
        run.reporter.report(f"{files.source}: not used: {shown}{more}")
    return files


def _fetch_all(run: Run) -> dict[int, CheckpointFiles]:
    """Fetch every seed's checkpoint before the first is measured, so that a missing one fails at once.

    Where some weights are here, seeds that a result has need none: their scores are kept.
    """
    declared, gone = run.submission.checkpoints, gone_seeds(run)
    here = {
        checkpoint.seed: _fetch(checkpoint, run) for checkpoint in declared if checkpoint.seed not in gone
    }
    checkpoints = {
        checkpoint.seed: here[checkpoint.seed]
        if checkpoint.seed in here
        else as_recorded(checkpoint, gone, next(iter(here.values())))
        for checkpoint in declared
    }
    if gone:
        run.reporter.report(
            f"the weights of seed {', '.join(map(str, gone))} are gone: their scores are kept"
        )
    depths = sorted({files.layers for files in checkpoints.values()})
    encoding = run.submission.encoding
    views = [encoding, *run.submission.encoding_by_target.values()]
    last = any(isinstance(view, SavedEncoding) or view.layer == "last" for view in views)
    if len(depths) > 1 and last:
        raise BadInput(
            f"the checkpoints differ in depth, so that `layer: last` means {depths}",
            cure="one submission is one recipe at one size",
        )
    _refuse_equal_weights(checkpoints)
    return checkpoints


def _fetch_steps(
    run: Run, checkpoints: Mapping[int, CheckpointFiles]
) -> dict[tuple[int, int], CheckpointFiles]:
    """Fetch the other checkpoints of each seed's training, by seed and step, without those that are gone."""
    gone = gone_steps(run)
    steps: dict[tuple[int, int], CheckpointFiles] = {}
    for checkpoint in run.submission.checkpoints:
        seed = checkpoint.seed
        for saved in checkpoint.steps:
            if (seed, saved.step) in gone:
                continue
            files = steps[seed, saved.step] = _fetch(saved.of_seed(seed), run)
            if files.digest == checkpoints[seed].digest:
                raise BadInput(
                    f"step {saved.step} ({files.source}) has the weights of seed {seed} itself",
                    cure=f"remove it from the steps of seed {seed}",
                )
    if gone:
        names = ", ".join(f"step {step} of seed {seed}" for seed, step in gone)
        run.reporter.report(f"the weights of {names} are gone: their scores are kept")
    if not steps and not gone:
        run.reporter.report(f"{run.slug} lists no steps at its checkpoints")
    return steps


def _refuse_equal_weights(checkpoints: Mapping[int, CheckpointFiles]) -> None:
    """Refuse one checkpoint as two seeds, whose scores would be taken for a variation between seeds."""
    seeds: dict[str, int] = {}
    for seed, files in checkpoints.items():
        if (earlier := seeds.setdefault(files.digest, seed)) != seed:
            raise BadInput(
                f"seed {seed} ({files.source}) has the same weights as seed {earlier} "
                f"({checkpoints[earlier].source})",
                cure="name each checkpoint once: a seed is a training of its own",
            )


def _encoding_for(target: Target, checkpoints: Mapping[int, CheckpointFiles], run: Run) -> TextEncoding:
    """Return how the texts of a target become vectors, the same on every seed."""
    if own_code := run.submission.checkpoints[0].own_code:
        return TextEncoding.of_code(own_code)
    chosen = {
        seed: choose_encoding(run.submission.encoding_for(target.name), files, roles=target.has_roles)
        for seed, files in checkpoints.items()
    }
    (first, encoding), *others = chosen.items()
    for seed, other in others:
        if other != encoding:
            raise BadInput(
                f"the folders of seed {first} and seed {seed} say different things of how a text is read",
                cure="one submission is one recipe at one size",
            )
    return encoding


def with_checkpoints(plan: TargetPlan, checkpoints: Mapping[int, CheckpointFiles], run: Run) -> TargetPlan:
    """Add the checkpoints that the target is measured on, and its head."""
    if not plan.target.has_head:
        return replace(
            plan, checkpoints=checkpoints, text_encoding=_encoding_for(plan.target, checkpoints, run)
        )
    name = plan.target.name
    if run.submission.checkpoints[0].python is not None:
        raise BadInput(
            f"{name} needs a head that is fine-tuned on English, and an encoder in Python is not trained",
            cure="evaluate it on targets that compare vectors, such as tatoeba",
        )
    if (finetuned := run.submission.finetuned.get(name)) is not None:
        return replace(plan, checkpoints={finetuned.seed: _fetch(finetuned, run)}, head=HeadPlan("own"))
    submission_recipe = run.submission.finetuning.get(name)
    recipe = recipe_for(plan.target, submission_recipe, next(iter(checkpoints.values())).width)
    if run.options.limit:  # a trial
        recipe = recipe.model_copy(update={"epochs": 1})
    return replace(plan, checkpoints=checkpoints, head=HeadPlan(recipe_text(submission_recipe), recipe))
