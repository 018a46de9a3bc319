"""The options by which an evaluation is split into jobs: over processes, and over machines."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.evaluation_queue import Subject, run_queue, show_scores
from harness.cli.progress import watch
from harness.errors import StiltboardError, WrongUsage, joined, naming_failures
from harness.records import Result
from harness.records.score_line import ScoreLine
from harness.verbosity import say

if TYPE_CHECKING:
    from harness.evaluation.isolated import Apart
    from harness.evaluation.run import Options
    from harness.jobs import EndedJob, Job, Listed, Shard


@dataclass(frozen=True)
class Spread:
    """How an evaluation is split: processes of this machine, and the share of all jobs that is done here."""

    workers: int | None
    shard: str | None
    cluster: Path | None = None

    @property
    def is_asked(self) -> bool:
        """Tell whether the evaluation is split at all."""
        return (
            self.shard is not None
            or self.cluster is not None
            or (self.workers is not None and self.workers > 1)
        )

    def run(
        self,
        subjects: Sequence[Subject],
        targets: Sequence[str],
        languages: Sequence[str],
        options: Options,
        isolation: Apart | None,
        show: Callable[[Sequence[ScoreLine]], str],
    ) -> list[Path]:
        """Evaluate, print the scores of what is on disk then, and return the folders of results.

        Split into jobs where that is asked, else one subject after the other. A job that fails does not stop
        the others; all failed ones are named at the end.
        """
        if not self.is_asked:
            return run_queue(subjects, targets, languages, options, isolation, show)
        if options.encoder is not None:
            raise WrongUsage("--encoder runs in this process", cure="leave out --jobs and --shard")
        prepared, errors = _prepared(subjects)
        listed = self._mine(prepared, targets, languages, options)
        jobs = []
        for folder in dict.fromkeys(job.folder for job in listed):
            try:
                jobs += _open([job for job in listed if job.folder == folder], languages, options, isolation)
            except StiltboardError as error:
                errors.append(error)
        say(f"{len(jobs)} of {len(listed)} jobs are open")
        ended: list[EndedJob] = []
        for one in self._run(jobs):
            ended.append(one)
            _say(one, len(ended), len(jobs))
        results = _results(listed, ended, options)
        errors += [one.error for one in ended if one.error is not None]
        return show_scores(results, options, show, joined(errors) if errors else None)

    def _mine(
        self, folders: Sequence[Path], targets: Sequence[str], languages: Sequence[str], options: Options
    ) -> list[Listed]:
        from harness.jobs import list_jobs

        with naming_failures("the jobs could not be listed"), watch("jobs") as reporter:
            listed = list_jobs(folders, targets, languages, options, reporter)
        if (shard := self._shard()) is None:
            return listed
        mine = [listed[number] for number in shard.share([job.cost for job in listed])]
        total = sum(job.cost for job in listed) or 1.0
        say(
            f"shard {shard.number}/{shard.count}: {len(mine)} of {len(listed)} jobs, "
            f"{100 * sum(job.cost for job in mine) / total:.1f} % of the work"
        )
        return mine

    def _shard(self) -> Shard | None:
        from harness.jobs import Shard

        if self.shard is None:
            return None
        return Shard.of_array(os.environ) if self.shard == "auto" else Shard.parse(self.shard)

    def _run(self, jobs: Sequence[Job]) -> Iterator[EndedJob]:
        """Yield each job as it ends: in a pool of processes, or one after the other in this one."""
        from harness.jobs import EndedJob, run_jobs
        from harness.jobs.running import dearest_first, local_pool
        from harness.jobs.worker import do_job
        from harness.models.device import gpu_numbers

        if self.cluster is not None:
            from harness.jobs.cluster import cluster_executors

            start = cluster_executors(self.cluster)
            yield from run_jobs(jobs, start) if jobs else ()
            return
        devices = gpu_numbers() if jobs else ()
        workers = min(self.workers or max(1, len(devices)), len(jobs))
        if workers > 1:
            yield from run_jobs(jobs, lambda: local_pool(workers, devices))
            return
        for job in dearest_first(jobs):
            with watch(job.folder.name) as reporter:
                reply = do_job(job, reporter)
            yield EndedJob.of(job, reply)


def job_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options to a command, which receives them as one argument, `spread`."""

    @wraps(command)
    def with_spread(*, jobs: int | None, shard: str | None, cluster: Path | None, **others: Any) -> None:
        if jobs is not None and cluster is not None:
            raise WrongUsage("--jobs is for this machine, --cluster for others", cure="one of the two")
        command(spread=Spread(jobs, shard, cluster), **others)

    for option in (
        click.option(
            "--cluster",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="Work on other machines: a Python file whose config() returns a Parsl configuration.",
        ),
        click.option(
            "--shard",
            metavar="I/N",
            help="Do only this share of the jobs, such as 3/16; auto takes it from a Slurm array job.",
        ),
        click.option(
            "--jobs",
            type=click.IntRange(min=1),
            help="Work on so many jobs at once, each in a process of its own, with GPUs on one each. "
            " [default: 1]",
        ),
    ):
        with_spread = option(with_spread)
    return with_spread


def _prepared(subjects: Sequence[Subject]) -> tuple[list[Path], list[StiltboardError]]:
    """Return the folders of the subjects, and the errors of those that have none."""
    folders, errors = [], list[StiltboardError]()
    for subject in subjects:
        try:
            with naming_failures(f"{subject.name} could not be evaluated"):
                folders.append(subject.prepare())
        except StiltboardError as error:
            if len(subjects) == 1:
                raise
            errors.append(error)
    return folders, errors


def _open(
    listed: Sequence[Listed], languages: Sequence[str], options: Options, isolation: Apart | None
) -> list[Job]:
    from harness.jobs import open_jobs

    name = listed[0].folder.name
    with naming_failures(f"{name} could not be evaluated"), watch(name) as reporter:
        return open_jobs(listed, languages, options, isolation, reporter)


def _say(ended: EndedJob, done: int, total: int) -> None:
    outcome = f"failed, see {ended.job.log}" if ended.error is not None else "done"
    say(f"{done} of {total}: {ended.job.name}: {outcome}")


def _results(
    listed: Sequence[Listed], ended: Sequence[EndedJob], options: Options
) -> list[tuple[Path, Result]]:
    """Return the results on disk of the jobs' targets; in a trial, which writes none, what jobs returned."""
    from harness.store import RESULTS_FOLDER, load_result

    if options.limit is not None:
        return [(one.job.folder, result) for one in ended for result in one.results]
    paths = dict.fromkeys(
        (job.folder, job.folder / RESULTS_FOLDER / f"{target}.yaml")
        for job in listed
        for target in job.targets
    )
    return [(folder, load_result(path)) for folder, path in paths if path.is_file()]
