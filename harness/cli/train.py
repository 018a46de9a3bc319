"""`stiltboard train`: train on intermediate tasks, and write checkpoints and their submissions."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import data_option, submissions_option
from harness.errors import MissingExtra, StiltboardError, joined
from harness.records import TrainedSeed, TrainingRecipe
from harness.store import load_recipe
from harness.verbosity import Verbosity, current_verbosity, verbosity, verbosity_options

if TYPE_CHECKING:
    from harness.training.intermediate.story import Trainee, TrainingOptions


@click.command(name="train")
@click.argument(
    "recipes", metavar="RECIPE…", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False)
)
@click.option(
    "--layers",
    "depths",
    multiple=True,
    type=int,
    metavar="N",
    help="Train only this depth of the recipe (repeatable).",
)
@click.option(
    "--seed",
    "seeds",
    multiple=True,
    type=int,
    metavar="N",
    help="Train only this seed of the recipe (repeatable).",
)
@data_option
@click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Trainings to run in parallel. Default: on a CPU cores divided by a recipe's threads, on a GPU 1.",
)
@click.option("--dry-run", is_flag=True, help="Print what would be trained; nothing is written.")
@verbosity_options
@submissions_option
def command(
    recipes: Sequence[Path],
    depths: Sequence[int],
    seeds: Sequence[int],
    data: Path | None,
    device: str,
    jobs: int | None,
    dry_run: bool,
    submissions: Path,
) -> None:
    """Train the encoders that recipes describe on intermediate tasks, and write a submission for each.

    Finished trainings are kept; an interrupted training continues from its last save.
    """
    loaded = [load_recipe(path) for path in recipes]
    try:
        from harness.training.intermediate.story import TrainingOptions, trainees
    except ModuleNotFoundError as missing:
        raise MissingExtra("train", "eval", str(missing.name)) from missing
    selected = [
        trainee
        for recipe in loaded
        for trainee in trainees(recipe)
        if (not depths or trainee.start.layers in depths) and (not seeds or trainee.seed in seeds)
    ]
    if dry_run:
        for trainee in selected:
            batches = trainee.recipe.batches
            languages = trainee.recipe.regime.value + (f", {batches.value} batches" if batches else "")
            click.echo(f"{trainee.slug} seed {trainee.seed}: {languages}, from {trainee.start.source}")
        click.echo(f"{len(selected)} trainings")
        return
    options = TrainingOptions(data=data, submissions=submissions, device=device)
    threads, parallel = _threads_and_jobs(loaded, jobs, len(selected), device)
    _train_all(selected, options, threads, parallel)


def _threads_and_jobs(
    recipes: Sequence[TrainingRecipe], jobs: int | None, trainings: int, device: str
) -> tuple[int, int]:
    """Return the threads of one training and the number of parallel trainings, by default one on a GPU."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    fixed = max((recipe.threads or 0 for recipe in recipes), default=0)
    if jobs is None:
        from harness.models.device import choose_device

        on_gpu = choose_device(device).startswith("cuda")
        jobs = 1 if on_gpu else max(1, cores // (fixed or 1))
    jobs = min(jobs, max(1, trainings))
    return max(1, cores // jobs), jobs


def _train_all(selected: Sequence[Trainee], options: TrainingOptions, threads: int, jobs: int) -> None:
    """Train in `jobs` processes, each of which takes one training after the other; a failure stops no other.

    The processes live as long as the command, so that each imports torch once.
    """
    errors: list[StiltboardError] = []
    if jobs == 1:
        for trainee in selected:
            _report(trainee, _attempt(trainee, options, trainee.recipe.threads or threads), errors)
    else:
        pool = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"))
        try:
            running: dict[Future[TrainedSeed | StiltboardError], Trainee] = {
                pool.submit(
                    _attempt_in_process,
                    trainee,
                    options,
                    trainee.recipe.threads or threads,
                    current_verbosity(),
                ): trainee
                for trainee in selected
            }
            while running:
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    _report(running.pop(future), future.result(), errors)
        finally:
            pool.shutdown(cancel_futures=True)
    if len(errors) == 1 == len(selected):
        raise errors[0]
    if errors:
        raise joined(errors, f"{len(errors)} of {len(selected)} trainings failed")


def _attempt_in_process(
    trainee: Trainee, options: TrainingOptions, threads: int, chosen: Verbosity
) -> TrainedSeed | StiltboardError:
    """Train one in another process, which shows and logs what the command does."""
    with verbosity(chosen):
        return _attempt(trainee, options, threads)


def _attempt(trainee: Trainee, options: TrainingOptions, threads: int) -> TrainedSeed | StiltboardError:
    """Train one; return an error instead of raising it, since the other trainings go on."""
    from harness.cli.progress import watch
    from harness.training.intermediate.story import train, use_threads

    use_threads(threads)
    try:
        with watch(f"{trainee.slug} seed {trainee.seed}") as reporter:
            return train(trainee, options, reporter)
    except StiltboardError as error:
        return error


def _report(trainee: Trainee, result: TrainedSeed | StiltboardError, errors: list[StiltboardError]) -> None:
    if isinstance(result, StiltboardError):
        errors.append(result)
        result.show()
        return
    scores = ", ".join(
        f"{task} {result.before[task]:.2f} → {score:.2f}" for task, score in result.after.items()
    )
    seconds = max(result.run.seconds, 0.1)
    spent = f"{result.run.seconds:,.0f} s, {100 * result.run.passes / seconds:.0f} % of them in passes"
    click.echo(f"{trainee.slug}  seed {trainee.seed}  dev {scores}  {spent}")
