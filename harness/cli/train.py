"""`stiltboard train`: intermediate-task training → checkpoints and scaffolded submissions."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import data_option, submissions_option
from harness.errors import CheckFailed, MissingExtra, StiltboardError
from harness.records import TrainedSeed, TrainingRecipe
from harness.store import load_recipe

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
    help="Only this depth of the recipe's (repeatable).",
)
@click.option(
    "--seed",
    "seeds",
    multiple=True,
    type=int,
    metavar="N",
    help="Only this seed of the recipe's (repeatable).",
)
@data_option
@click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Trainings side by side. Default: one a core that a recipe's threads leave.",
)
@click.option("--dry-run", is_flag=True, help="Print what would be trained; nothing is written.")
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
    """Train encoders on intermediate tasks as recipes say, and write a submission for each.

    What is trained already stays; an interrupted training goes on where it last saved.
    """
    loaded = [load_recipe(path) for path in recipes]
    try:
        from harness.training.intermediate.story import TrainingOptions, trainees
    except ModuleNotFoundError as missing:
        raise MissingExtra("train", "eval", str(missing.name)) from missing
    every = [trainee for recipe in loaded for trainee in trainees(recipe)]
    chosen = [
        one
        for one in every
        if (not depths or one.start.layers in depths) and (not seeds or one.seed in seeds)
    ]
    if dry_run:
        for one in chosen:
            click.echo(f"{one.slug} seed {one.seed}: {one.recipe.regime.value}, from {one.start.source}")
        click.echo(f"{len(chosen)} trainings")
        return
    options = TrainingOptions(data=data, submissions=submissions, device=device)
    threads, side_by_side = _shared_out(loaded, jobs, len(chosen), device)
    _train_all(chosen, options, threads, side_by_side)


def _shared_out(
    recipes: Sequence[TrainingRecipe], jobs: int | None, trainings: int, device: str
) -> tuple[int, int]:
    """Return how many threads one training uses and how many run side by side: on a CPU all cores are used, a GPU takes one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    fixed = max((recipe.threads or 0 for recipe in recipes), default=0)
    if jobs is None:
        from harness.models.device import choose_device

        on_gpu = choose_device(device).startswith("cuda")
        jobs = 1 if on_gpu else max(1, cores // (fixed or 1))
    jobs = min(jobs, max(1, trainings))
    return max(1, cores // jobs), jobs


def _train_all(chosen: Sequence[Trainee], options: TrainingOptions, threads: int, jobs: int) -> None:
    """Train side by side, in processes that live as long as the command; one that fails does not end the others.

    Each process takes the next training when it has ended one, so that torch is imported once a process.
    """
    errors: list[StiltboardError] = []
    if jobs == 1:
        for one in chosen:
            _report(one, _attempt(one, options, one.recipe.threads or threads), errors)
    else:
        pool = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"))
        try:
            running: dict[Future[TrainedSeed | StiltboardError], Trainee] = {
                pool.submit(_attempt, one, options, one.recipe.threads or threads): one for one in chosen
            }
            while running:
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    _report(running.pop(future), future.result(), errors)
        finally:
            pool.shutdown(cancel_futures=True)
    if len(errors) == 1 == len(chosen):
        raise errors[0]
    if errors:
        raise CheckFailed(f"{len(errors)} of {len(chosen)} trainings failed")


def _attempt(trainee: Trainee, options: TrainingOptions, threads: int) -> TrainedSeed | StiltboardError:
    """Train one, in whichever process; what is wrong with it is returned, since the others go on."""
    from harness.cli.progress import watch
    from harness.training.intermediate.story import train, use_threads

    use_threads(threads)
    try:
        with watch(f"{trainee.slug} seed {trainee.seed}") as reporter:
            return train(trainee, options, reporter)
    except StiltboardError as error:
        return error


def _report(trainee: Trainee, found: TrainedSeed | StiltboardError, errors: list[StiltboardError]) -> None:
    if isinstance(found, StiltboardError):
        errors.append(found)
        found.show()
        return
    scores = ", ".join(
        f"{task} {found.before[task]:.2f} → {score:.2f}" for task, score in found.after.items()
    )
    spent = f"{found.run.seconds:,.0f} s, {100 * found.run.passes / max(found.run.seconds, 0.1):.0f} % of them in passes"
    click.echo(f"{trainee.slug}  seed {trainee.seed}  dev {scores}  {spent}")
