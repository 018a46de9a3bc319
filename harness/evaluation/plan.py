"""Find out what a run has to do: which cells, on which checkpoints, and what earlier runs finished."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.catalog import TARGETS, find_target, is_own, own_target
from harness.catalog.finetuning import recipe_for, recipe_text
from harness.data import load_examples, own_languages
from harness.data.training_text import load_training
from harness.errors import BadInput, Fault, Unreachable, WrongUsage
from harness.evaluation.cells import Cells, resolve_layer
from harness.evaluation.resume import keep_finished
from harness.evaluation.run import Options, Run
from harness.models.checkpoint import CheckpointFiles, fetch
from harness.models.device import choose_device, choose_dtype
from harness.observer import Observer
from harness.records import Checkpoint, ReportedSubmission, Target
from harness.store import load_submission


def _open_run(folder: Path, options: Options, observer: Observer) -> Run:
    """Read the submission and choose where to compute."""
    submission = load_submission(folder)
    if isinstance(submission, ReportedSubmission):
        raise BadInput(
            f"{folder.resolve().name} holds numbers that others reported ({submission.reported.source}): there is no checkpoint "
            "to evaluate",
            cure="evaluate a submission with checkpoints; stiltboard new SLUG scaffolds one",
        )
    device = choose_device(options.device)
    return Run(folder, submission, options, observer, device, choose_dtype(options.dtype, device))


def _fetch(checkpoint: Checkpoint, run: Run) -> CheckpointFiles:
    return run.options.fetched.get(checkpoint.source) or fetch(checkpoint, run.folder, run.cache / "checkpoints")


def _fetch_all(run: Run) -> dict[int, CheckpointFiles]:
    """Fetch every seed's checkpoint before the first is measured: what is missing shows at once."""
    opened = {checkpoint.seed: _fetch(checkpoint, run) for checkpoint in run.submission.checkpoints}
    layers = sorted({resolve_layer(run.submission.encoding, files) for files in opened.values()})
    if len(layers) > 1:
        raise BadInput(
            f"the checkpoints differ in depth, so that `layer: last` means {layers}", cure="one submission is one recipe at one size"
        )
    return opened


@dataclass(frozen=True)
class Work:
    """What one evaluation has to do: a target's cells each, the checkpoints by seed, and what could not be read."""

    run: Run
    cells: tuple[Cells, ...]
    checkpoints: Mapping[int, CheckpointFiles]
    unreadable: tuple[Fault, ...]

    @property
    def embedded(self) -> tuple[Cells, ...]:
        """Return the cells of targets that compare vectors."""
        return tuple(cells for cells in self.cells if not cells.target.has_head)

    @property
    def headed(self) -> tuple[Cells, ...]:
        """Return the cells of targets that a head predicts."""
        return tuple(cells for cells in self.cells if cells.target.has_head)


def open_work(folder: Path, targets: Sequence[str], languages: Sequence[str], options: Options, observer: Observer) -> Work:
    """Read the submission, the text and what earlier runs finished, and fetch the checkpoints."""
    run = _open_run(folder, options, observer)
    loaded, unreadable = _load_targets(targets, languages, run)
    opened = _fetch_all(run)
    work = []
    for cells in loaded:
        try:
            _open_cells(cells, opened, run)
        except BadInput as reason:
            if len(loaded) == 1:
                raise
            unreadable.extend(reason.faults)
        else:
            work.append(cells)
    if not work:
        raise BadInput(unreadable)
    return Work(run, tuple(work), opened, tuple(unreadable))


def _open_cells(cells: Cells, opened: Mapping[int, CheckpointFiles], run: Run) -> None:
    """Give a target its checkpoints and what an earlier run finished, and the English text where a head has to be trained."""
    name = cells.target.name
    if cells.target.has_head and (own := run.submission.finetuned.get(name)) is not None:
        cells.opened[own.seed], cells.how = _fetch(own, run), "own"
    else:
        cells.opened.update(opened)
    if cells.target.has_head and not cells.how:
        asked = run.submission.finetuning.get(name)
        width = next(iter(opened.values())).width
        cells.recipe, cells.how = recipe_for(cells.target, asked, width), recipe_text(asked)
    keep_finished(cells, run, run.observer)
    if cells.recipe is not None and any(cells.unfinished(seed) for seed in cells.opened):
        cells.training = load_training(cells.target, run.options.data)
        if limit := run.options.limit:  # a trial
            cells.recipe = cells.recipe.model_copy(update={"epochs": 1})
            cells.training = cells.training.first(limit)


# ---- examples ----------------------------------------------------------------------------------


def _load_targets(names: Sequence[str], languages: Sequence[str], run: Run) -> tuple[list[Cells], list[Fault]]:
    """Load the named targets; without a name the run's own ones, or else all of XTREME (what stands outside it is named)."""
    targets = [_find(name, run) for name in dict.fromkeys([*names] or [*run.options.own])] or _benchmark(languages, run)
    for target in targets:
        for language in languages:
            if language not in target.languages and (names or len(targets) == 1):
                raise WrongUsage(f"target {target.name} has no language {language!r}", cure=f"one of: {' '.join(target.languages)}")
    work: list[Cells] = []
    faults: list[Fault] = []
    for target in targets:
        try:
            work.append(_load_examples(target, languages, run))
        except BadInput as reason:
            faults.extend(reason.faults)
    if not work:
        raise BadInput(faults)
    return work, faults


def _benchmark(languages: Sequence[str], run: Run) -> list[Target]:
    """Return the targets of XTREME that have one of the languages; say which are left out because the Hub does not have their text."""
    targets = [target.with_mining(run.options.mining) for target in TARGETS if target.in_xtreme]
    if run.options.data is None:
        for target in targets:
            if target.needs_data:
                run.observer.say(f"{target.name} is left out: the Hub does not have its text; --data DIR reads it from DIR/{target.name}")
        targets = [target for target in targets if not target.needs_data]
    known = [language for target in targets for language in target.languages]
    if unknown := [language for language in languages if language not in known]:
        raise WrongUsage(f"no target has the language {unknown[0]!r}", cure=f"one of: {' '.join(dict.fromkeys(known))}")
    return [target for target in targets if not languages or set(languages) & set(target.languages)]


def _find(name: str, run: Run) -> Target:
    if is_own(name):
        if name not in run.options.own:
            kind, _, rest = name.partition(".")
            raise WrongUsage(f"where the text of {name} lies is not said", cure=f"--{kind} {rest}=DIR")
        return own_target(name, own_languages(name, run.options.own[name]))
    return find_target(name).with_mining(run.options.mining)


def _load_examples(target: Target, languages: Sequence[str], run: Run) -> Cells:
    cells = Cells(target, run.submission.encoding)
    faults: list[Fault] = []
    for language in [language for language in target.languages if not languages or language in languages]:
        try:
            examples = load_examples(target, language, run.options.own.get(target.name, run.options.data))
        except Unreachable:
            raise
        except BadInput as reason:
            cells.unreadable[language] = reason.faults[0].message
            faults.extend(reason.faults)
        else:
            cells.examples[language] = examples.first(run.options.limit) if run.options.limit else examples
            cells.fingerprints[language] = examples.fingerprint
    if not cells.examples:
        raise BadInput(faults)
    return cells


# ---- what is there already ---------------------------------------------------------------------
