"""The work on one checkpoint, in a folder of its own: training, scores, controls."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from experiments.reference.control_records import Drift, EarlyScores, SeedControls
from harness.cache import cache_folder
from harness.cli.progress import watch
from harness.evaluation.story import Options, evaluate
from harness.models.checkpoint import fetch, verify
from harness.records import Checkpoint, Result, Submission, TrainingRecipe
from harness.reporter import Reporter
from harness.store import SUBMISSION_FILE, load_submission, load_training, new_trained_submission
from harness.training.intermediate.story import (
    Trainee,
    TrainingOptions,
    kept_checkpoint,
    train,
    use_threads,
)

ALL: tuple[str, ...] = ()
TARGETS = {"tatoeba": ALL, "xquad_r": ALL, "bucc2018_dev": ("zh",)}
"""The targets, and their languages where not all have text in a folder of the official files."""
HEAD_TARGETS = ("xnli_from_dev", "udpos_dev", "panx_dev", "tydiqa")
"""Those of the table of tasks and targets besides: a head is trained on each checkpoint."""


@dataclass(frozen=True)
class Places:
    """The folders of data, of submissions, of work in progress and of controls."""

    data: Path
    submissions: Path
    work: Path
    controls: Path

    def of(self, slug: str) -> Path:
        """Return the folder in which a submission grows by a seed."""
        return self.work / slug


def work_on(
    recipe: TrainingRecipe, layers: int | None, seed: int, places: Places, heads: Sequence[str] = ()
) -> SeedControls:
    """Train and measure one checkpoint in `places.work`, and return its controls; a killed one goes on.

    It is scored on `TARGETS` in every layer and pooling, and on the targets of `heads`.
    """
    use_threads(1)
    start = next(start for start in recipe.start.checkpoints if start.layers == layers)
    trainee = Trainee(recipe, start, seed)
    folder, cache = places.of(trainee.slug), places.work / f"cache-{trainee.slug}"
    _take_over(places.submissions / trainee.slug, folder, seed)
    settings = Options(data=places.data, device="cpu", dtype="float32", cache=cache)
    seconds: dict[str, float] = {}
    with watch(f"{trainee.slug} seed {seed}") as reporter:
        trained = train(
            trainee, TrainingOptions(data=places.data, submissions=places.work, device="cpu"), reporter
        )
        seconds["training"] = trained.run.seconds
        target = folder / "checkpoints" / f"seed-{seed}"
        with _timed(seconds, "evaluation"):
            _evaluate(folder, replace(settings, sweep=True), reporter)
            for name in heads:
                evaluate(folder, [name], ALL, settings, reporter)
        with _timed(seconds, "drift"):
            untouched = fetch(start, folder, cache_folder() / "checkpoints")
            drift = Drift(untouched, recipe.encoding, places.data, places.work)
            moved = drift.of(verify(target, str(target)))
        with _timed(seconds, "early"):
            early = tuple(
                _early(kept_checkpoint(target, point.step), point.step, folder, settings, drift, reporter)
                for point in trained.curve
                if point.weights is not None
            )
    shutil.rmtree(cache, ignore_errors=True)
    return SeedControls(
        seed=seed,
        weights=trained.weights,
        drift=moved,
        early=early,
        seconds={name: round(value, 1) for name, value in seconds.items()},
    )


def measure_untouched(folder: Path, places: Places, *, sweep: bool) -> None:
    """Score an untouched encoder on the targets that it lacks; with `sweep` in every layer and pooling."""
    use_threads(1)
    cache = places.work / f"cache-{folder.name}"
    settings = Options(data=places.data, device="cpu", dtype="float32", cache=cache, sweep=sweep)
    with watch(folder.name) as reporter:
        _evaluate(folder, settings, reporter)
    shutil.rmtree(cache, ignore_errors=True)


def _take_over(published: Path, folder: Path, seed: int) -> None:
    """Copy the row so far into the folder of work, unless work on this seed is under way there.

    What a seed that failed left in the row is not kept: it has no weights.
    """
    known, here = load_training(published) if published.is_dir() else None, load_training(folder)
    seeds = {one.seed for one in known.seeds} if known is not None else set()
    trained_here = {one.seed for one in here.seeds} if here is not None else set()
    if _listed(folder) <= {*seeds, seed} and seeds <= trained_here:
        return
    (folder / SUBMISSION_FILE).unlink(missing_ok=True)
    if known is None:
        return
    names = [
        SUBMISSION_FILE,
        "training.yaml",
        *(f"results/{path.name}" for path in published.glob("results/*")),
    ]
    (folder / "results").mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copyfile(published / name, folder / name)


def _listed(folder: Path) -> set[int]:
    """Return the seeds that a row in work names."""
    if not (folder / SUBMISSION_FILE).is_file():
        return set()
    submission = load_submission(folder)
    assert isinstance(submission, Submission)
    return {checkpoint.seed for checkpoint in submission.checkpoints}


def _evaluate(folder: Path, settings: Options, reporter: Reporter) -> list[Result]:
    return [
        result
        for target, languages in TARGETS.items()
        for result in evaluate(folder, [target], languages, settings, reporter)
    ]


def _early(
    checkpoint: Path, step: int, row: Path, settings: Options, drift: Drift, reporter: Reporter
) -> EarlyScores:
    """Score the checkpoint after some steps as a submission of its own, which is not kept."""
    submission = load_submission(row)
    assert isinstance(submission, Submission)
    folder = row.with_name(f"{row.name}-{checkpoint.name}")
    source = Checkpoint(path=str(checkpoint.resolve()))
    new_trained_submission(folder, submission.model_copy(update={"checkpoints": (source,)}))
    results = _evaluate(folder, settings, reporter)
    moved = drift.of(verify(checkpoint, str(checkpoint)))
    shutil.rmtree(folder)
    return EarlyScores(
        step=step,
        weights=results[0].checkpoints[0].weights,
        drift=moved,
        scores={
            result.target: {language: score.score for language, score in result.checkpoints[0].scores.items()}
            for result in results
        },
    )


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[name] = time.perf_counter() - started
