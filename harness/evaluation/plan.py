"""Plan a run: which targets, in which languages, on which checkpoints, with which heads."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.catalog import TARGETS, find_target, is_own
from harness.catalog.finetuning import RECIPES, Recipe, recipe_for, recipe_text
from harness.catalog.lookup import language_named, split_names, split_targets, target_named
from harness.data import find_own_target, load_examples, refuse_inner_folder
from harness.data.examples import Examples
from harness.data.reading_notes import noting
from harness.errors import BadInput, Fault, Unreachable, Where, WrongUsage
from harness.evaluation.declared_code import describe_code
from harness.evaluation.gone_weights import as_recorded, gone_seeds
from harness.evaluation.precision import follow_stored
from harness.evaluation.run import Options, Run
from harness.models.checkpoint import CheckpointFiles, fetch
from harness.models.device import choose_device, choose_dtype
from harness.models.encoding_choice import choose_encoding
from harness.records import (
    Checkpoint,
    ReportedSubmission,
    SavedEncoding,
    Signature,
    Target,
    TextEncoding,
)
from harness.reporter import Reporter
from harness.store import RESULTS_FOLDER, find_results, load_submission

# Attributes of one checkpoint that are not used, of which a message lists so many.
_NAMED = 20


@dataclass(frozen=True)
class HeadPlan:
    """How predictions are made: `text` is the head's part of the signature, `recipe` trains it.

    `recipe` is None where the submission provides a fine-tuned head.
    """

    text: str
    recipe: Recipe | None = None


@dataclass(frozen=True)
class TargetPlan:
    """What a run does for one target: the text by language, and the checkpoints by seed.

    `unreadable` gives the reason for each language without text; `head` is None for targets without a head,
    and `text_encoding` for those with one. Only `seeds` are measured, or all where it is empty.
    """

    target: Target
    examples: Mapping[str, Examples]
    fingerprints: Mapping[str, str]
    unreadable: Mapping[str, str]
    checkpoints: Mapping[int, CheckpointFiles]
    head: HeadPlan | None = None
    text_encoding: TextEncoding | None = None
    seeds: tuple[int, ...] = ()

    @property
    def encoding(self) -> TextEncoding:
        """Return how the texts of a target without a head become vectors."""
        assert self.text_encoding is not None
        return self.text_encoding

    @property
    def signature(self) -> Signature:
        """Return the signature of what is measured."""
        if self.head is not None:
            return self.target.signature.predicted(self.head.text)
        return self.target.signature.encoded(self.encoding, roles=self.target.has_roles)

    @property
    def length_recipe(self) -> Recipe:
        """Return the recipe by which inputs are cut: the head's, or XTREME's for a submitted head."""
        return (self.head.recipe if self.head else None) or RECIPES["xtreme"][self.target.kind]

    def layer_of(self, files: CheckpointFiles) -> int:
        """Return the hidden state that is used; with a head always the last."""
        return files.layers if self.target.has_head else self.encoding.view.layer

    def unreadable_cells(self, seed: int) -> dict[tuple[int, str], str]:
        """Return the cells (seed, language) whose text could not be read, with the reason."""
        return {(seed, language): reason for language, reason in self.unreadable.items()}


@dataclass(frozen=True)
class Plan:
    """The plan of one evaluation: its targets, the checkpoints by seed, and what could not be read."""

    run: Run
    targets: tuple[TargetPlan, ...]
    checkpoints: Mapping[int, CheckpointFiles]
    unreadable: tuple[Fault, ...]

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
    return Plan(run, tuple(plans), checkpoints, tuple(unreadable))


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
    last = isinstance(encoding, SavedEncoding) or encoding.layer == "last"
    if len(depths) > 1 and last:
        raise BadInput(
            f"the checkpoints differ in depth, so that `layer: last` means {depths}",
            cure="one submission is one recipe at one size",
        )
    _refuse_equal_weights(checkpoints)
    return checkpoints


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
        seed: choose_encoding(run.submission.encoding, files, roles=target.has_roles)
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


# ---- text --------------------------------------------------------------------------------------


def load_targets(
    names: Sequence[str], languages: Sequence[str], run: Run
) -> tuple[list[TargetPlan], list[Fault]]:
    """Load the named targets; without names the user-provided ones, or else all of XTREME.

    Where results of former weights are measured again, all that have a result and whose text is given.
    """
    if run.options.data is not None:
        refuse_inner_folder(run.options.data)
    if run.options.stale and not names:
        stored = [path.stem for path in find_results(run.folder)]
        names = [name for name in stored if not is_own(name) or name in run.options.own]
    targets = [_find(name, run) for name in split_targets(names) or run.options.own] or _benchmark(run)
    languages = _read_languages(languages, targets, run)
    if not names and not run.options.own:  # of the whole benchmark, the targets that have them
        targets = [target for target in targets if not languages or set(languages) & set(target.languages)]
    for target in targets:
        for language in languages:
            if language not in target.languages and (names or len(targets) == 1):
                language_named(language, target.languages, target.name)  # raises
    plans: list[TargetPlan] = []
    faults: list[Fault] = []
    for target in targets:
        try:
            plans.append(_load_examples(target, languages, run))
        except BadInput as reason:
            faults.extend(reason.faults)
    if not plans:
        raise BadInput(faults)
    return plans, faults


def _read_languages(codes: Sequence[str], targets: Sequence[Target], run: Run) -> list[str]:
    """Return the languages of the targets that the codes mean; report each that is read as another."""
    known = list(dict.fromkeys(language for target in targets for language in target.languages))
    languages = []
    for code in split_names(codes):
        languages.append(language_named(code, known, targets[0].name if len(targets) == 1 else ""))
        if languages[-1] != code:
            run.reporter.report(f"language {code} is read as {languages[-1]}")
    return list(dict.fromkeys(languages))


def _benchmark(run: Run) -> list[Target]:
    """Return XTREME's targets; report those that are left out because the Hub lacks their text."""
    targets = [target.with_mining(run.options.mining) for target in TARGETS if target.in_xtreme]
    if run.options.data is None:
        for target in targets:
            if target.needs_data:
                run.reporter.report(
                    f"{target.name} is left out: the Hub does not have its text; "
                    f"--data DIR reads it from DIR/{target.name}"
                )
        targets = [target for target in targets if not target.needs_data]
    return targets


def _find(written: str, run: Run) -> Target:
    name = target_named(written, run.options.own)
    if name != written:
        run.reporter.report(f"target {written} is read as {name}")
    if is_own(name):
        if name not in run.options.own:
            kind, _, rest = name.partition(".")
            raise WrongUsage(f"no folder is given for the text of {name}", cure=f"--{kind} {rest}=DIR")
        return find_own_target(
            name,
            run.options.own[name],
            ignore_identical_ids=run.options.ignore_identical_ids,
            all_judged=run.options.all_judged,
        )
    target = find_target(name)
    if (retired := target.retired) is not None:
        instead = f"; {retired.superseded_by} replaces it" if retired.superseded_by else ""
        run.reporter.report(f"{name} was retired on {retired.date}: {retired.reason}{instead}")
    return target.with_mining(run.options.mining)


def _load_examples(target: Target, languages: Sequence[str], run: Run) -> TargetPlan:
    """Read a target's text; languages without text are `unreadable`. Raises BadInput if all are."""
    examples: dict[str, Examples] = {}
    fingerprints: dict[str, str] = {}
    unreadable: dict[str, str] = {}
    faults: list[Fault] = []
    for language in [language for language in target.languages if not languages or language in languages]:
        try:
            all_examples = load_examples(target, language, run.options.own.get(target.name, run.options.data))
        except Unreachable:
            raise
        except BadInput as reason:
            unreadable[language] = reason.faults[0].message
            faults.extend(reason.faults)
            run.reporter.report(f"{target.name} {language} is left out: {reason.faults[0]}")
        else:
            examples[language] = all_examples.first(run.options.limit) if run.options.limit else all_examples
            fingerprints[language] = all_examples.fingerprint
    if not examples:
        raise BadInput(faults)
    return TargetPlan(target, examples, fingerprints, unreadable, {}, seeds=run.options.seeds)
