"""`stiltboard train`: train on intermediate tasks, and write checkpoints and their submissions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.job_options import jobs_option, run_here, share_line, workers_here
from harness.cli.options import data_option, submissions_option
from harness.errors import MissingExtra, StiltboardError, joined
from harness.records import TrainedSeed, TrainingRecipe
from harness.store import load_recipe
from harness.verbosity import verbosity_options

if TYPE_CHECKING:
    from harness.jobs.job_record import TrainingJob
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
@jobs_option
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
    threads, workers, devices = _threads_and_workers(loaded, jobs, len(selected), device)
    if dry_run:
        for trainee in selected:
            batches = trainee.recipe.batches
            languages = trainee.recipe.regime.value + (f", {batches.value} batches" if batches else "")
            click.echo(f"{trainee.slug} seed {trainee.seed}: {languages}, from {trainee.start.source}")
        click.echo(f"{len(selected)} training{'s' if len(selected) != 1 else ''}")
        click.echo(share_line(workers, devices))
        return
    options = TrainingOptions(data=data, submissions=submissions, device=device)
    errors: list[StiltboardError] = []
    listed = [_job(trainee, options, trainee.recipe.threads or threads) for trainee in selected]
    for ended in run_here("train", listed, workers, devices, threads=threads):
        if ended.error is not None:
            errors.append(ended.error)
            ended.error.show()
        elif (trained := ended.reply.trained) is not None:
            _report(ended.job.name, trained)
    if len(errors) == 1 == len(selected):
        raise errors[0]
    if errors:
        raise joined(errors, f"{len(errors)} of {len(selected)} trainings failed")


def _threads_and_workers(
    recipes: Sequence[TrainingRecipe], asked: int | None, trainings: int, device: str
) -> tuple[int, int, tuple[str, ...]]:
    """Return the threads of one training, the number of workers, and their GPUs.

    On a CPU there are by default as many as there are cores for the threads of the recipes.
    """
    from harness.jobs.running import share_of_cores

    workers, devices = workers_here(asked, device)
    fixed = max((recipe.threads or 0 for recipe in recipes), default=0)
    if asked is None and not devices and fixed:
        workers = share_of_cores(fixed)
    workers = min(workers, max(1, trainings))
    return share_of_cores(workers), workers, devices


def _job(trainee: Trainee, options: TrainingOptions, threads: int) -> TrainingJob:
    from harness.cache import cache_folder
    from harness.jobs.job_record import TrainingJob

    name = f"{trainee.slug} seed {trainee.seed}"
    return TrainingJob(
        name=name,
        targets=tuple(share.task for share in trainee.recipe.tasks),
        cost=float(trainee.start.layers or 1),
        log=cache_folder() / "jobs" / f"train-{trainee.slug}-{trainee.seed}.log",
        trainee=trainee,
        options=options,
        threads=threads,
    )


def _report(name: str, trained: TrainedSeed) -> None:
    scores = ", ".join(
        f"{task} {trained.before[task]:.2f} → {score:.2f}" for task, score in trained.after.items()
    )
    seconds = max(trained.run.seconds, 0.1)
    spent = f"{trained.run.seconds:,.0f} s, {100 * trained.run.passes / seconds:.0f} % of them in passes"
    slug, _, seed = name.partition(" seed ")
    click.echo(f"{slug}  seed {seed}  dev {scores}  {spent}")
