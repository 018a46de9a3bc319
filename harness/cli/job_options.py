"""The options by which work is split into jobs: over processes, and over machines."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial, wraps
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
    from harness.jobs.job_list import Listed
    from harness.jobs.job_record import AnyJob, EvaluationJob
    from harness.jobs.running import EndedJob
    from harness.jobs.shards import Shard


@dataclass(frozen=True)
class Spread:
    """How an evaluation is split: processes of this machine, and the share of all jobs that is done here."""

    workers: int | None
    shard: str | None
    cluster: Path | None = None

    def is_asked(self, options: Options) -> bool:
        """Tell whether the evaluation is split at all: by an option, or over several GPUs."""
        if self.shard is not None or self.cluster is not None:
            return True
        own_code = options.encoder is not None and self.workers is None
        return not own_code and workers_here(self.workers, options.device)[0] > 1

    def shares(self, options: Options, needed: int) -> str:
        """Return in a line what each worker has of this machine; `needed` are the bytes that a job takes."""
        workers, devices = workers_here(self.workers, options.device)
        return share_line(workers, devices, needed)

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
        if not self.is_asked(options):
            return run_queue(subjects, targets, languages, options, isolation, show)
        if options.encoder is not None:
            raise WrongUsage("--encoder runs in this process", cure="leave out --jobs and --shard")
        prepared, errors = _prepared(subjects)
        listed = self._mine(prepared, targets, languages, options)
        jobs: list[EvaluationJob] = []
        for folder in dict.fromkeys(job.folder for job in listed):
            try:
                jobs += _open([job for job in listed if job.folder == folder], languages, options, isolation)
            except StiltboardError as error:
                errors.append(error)
        say(f"{len(jobs)} of {len(listed)} jobs are open")
        ended: list[EndedJob] = []
        for one in self._run(jobs, options):
            ended.append(one)
        results = _results(listed, ended, options)
        errors += [one.error for one in ended if one.error is not None]
        return show_scores(results, options, show, joined(errors) if errors else None)

    def _mine(
        self, folders: Sequence[Path], targets: Sequence[str], languages: Sequence[str], options: Options
    ) -> list[Listed]:
        from harness.jobs.job_list import list_jobs, share

        with naming_failures("the jobs could not be listed"), watch("jobs") as reporter:
            listed = list_jobs(folders, targets, languages, options, reporter)
        if (shard := self._shard()) is None:
            return listed
        mine = share(listed, shard)
        total = sum(job.cost for job in listed) or 1.0
        say(
            f"shard {shard.number}/{shard.count}: {len(mine)} of {len(listed)} jobs, "
            f"{100 * sum(job.cost for job in mine) / total:.1f} % of the work"
        )
        return mine

    def _shard(self) -> Shard | None:
        from harness.jobs.shards import Shard

        if self.shard is None:
            return None
        return Shard.of_array(os.environ) if self.shard == "auto" else Shard.parse(self.shard)

    def _run(self, jobs: Sequence[EvaluationJob], options: Options) -> Iterator[EndedJob]:
        """Yield each job as it ends: of a cluster, in a pool of processes, or one after the other here."""
        if self.cluster is None:
            workers, devices = workers_here(self.workers, options.device)
            yield from run_here("evaluate", jobs, workers, devices)
        elif jobs:
            from harness.jobs.cluster import cluster_executors

            yield from _run_by("evaluate", jobs, cluster_executors(self.cluster))


def workers_here(asked: int | None, device: str) -> tuple[int, tuple[str, ...]]:
    """Return the number of workers of this machine, by default one for each GPU, and the GPUs."""
    from harness.models.device import gpu_numbers

    devices = gpu_numbers() if device in ("auto", "cuda") else ()
    return asked or max(1, len(devices)), devices


def share_line(workers: int, devices: Sequence[str], needed: int = 0) -> str:
    """Return in a line what each of so many workers has of this machine, and whether that is enough."""
    from harness.jobs.running import share_of_cores, usable_cores

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    gpu = f", one of {len(devices)} GPUs" if devices else ""
    line = (
        f"{workers} {'worker' if workers == 1 else 'workers, each'}: "
        f"{share_of_cores(workers)} of {usable_cores()} cores{gpu}, "
        f"{memory / workers / 1e9:.1f} of {memory / 1e9:.1f} GB of memory"
    )
    if needed * workers > memory:
        line += f"; a job takes {needed / 1e9:.1f} GB, --jobs {max(1, memory // needed)} have enough"
    return line


def run_here(
    command: str,
    jobs: Sequence[AnyJob],
    workers: int,
    devices: Sequence[str] = (),
    *,
    threads: int = 0,
) -> Iterator[EndedJob]:
    """Yield each job as it ends: in a pool of processes, or one after the other in this one."""
    from harness.jobs.running import local_pool

    workers = min(workers, len(jobs))
    if workers > 1:
        pool = partial(local_pool, workers, devices, threads=threads)
        yield from _run_by(command, jobs, pool)
    elif jobs:
        yield from _run_in_turn(command, jobs)


def _run_in_turn(command: str, jobs: Sequence[AnyJob]) -> Iterator[EndedJob]:
    """Yield each job as it ends in this process."""
    from harness.jobs.run_folder import JobsRun
    from harness.jobs.running import EndedJob, dearest_first, without_head
    from harness.jobs.worker import do_job

    run = JobsRun.new(command, len(jobs), sum(job.cost for job in jobs))
    untrained: set[str] = set()
    with run.kept_on_disk():
        for job in dearest_first(jobs):
            if job.head and job.head in untrained:
                ended = without_head(job)
            else:
                with watch(job.name.partition(":")[0]) as reporter:
                    ended = EndedJob(job, do_job(replace(job, run=run.folder), reporter))
            if ended.reply.untrained:
                untrained.add(job.head)
            run.note(job.name, job.log, job.cost, failed=ended.error is not None)
            if len(jobs) > 1:
                _say(ended, run.state.done, len(jobs))
            yield ended


def _run_by(
    command: str, jobs: Sequence[AnyJob], make_executor: Callable[[], Executor]
) -> Iterator[EndedJob]:
    """Yield each job as an executor ends it, and show on the way how far all are."""
    from harness.cli.jobs_progress import shown
    from harness.jobs.run_folder import JobsRun
    from harness.jobs.running import run_jobs

    run = JobsRun.new(command, len(jobs), sum(job.cost for job in jobs))
    with shown(run):
        for ended in run_jobs(jobs, make_executor, run):
            if ended.was_stopped:
                continue
            job = ended.job
            run.note(job.name, job.log, job.cost, failed=ended.error is not None)
            _say(ended, run.state.done, len(jobs))
            yield ended


def job_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options to a command, which receives them as one argument, `spread`."""

    @wraps(command)
    def with_spread(
        *, jobs: int | None, shard: str | None, cluster: Path | None, status: bool, **others: Any
    ) -> None:
        if status:
            from harness.cli.jobs_progress import print_runs

            print_runs(as_json=others["as_json"])
            return
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
            "--status",
            is_flag=True,
            help="Print how far runs of jobs are, also those of other terminals, and do nothing else.",
        ),
        jobs_option,
    ):
        with_spread = option(with_spread)
    return with_spread


jobs_option = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Work on so many jobs at once, each in a process of its own with its share of the cores, or with "
    "a GPU. Default: one for each GPU, on a CPU 1.",
)


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
) -> list[EvaluationJob]:
    from harness.jobs.job_list import open_jobs

    name = listed[0].folder.name
    with naming_failures(f"{name} could not be evaluated"), watch(name) as reporter:
        return open_jobs(listed, languages, options, isolation, reporter)


def _say(ended: EndedJob, done: int, total: int) -> None:
    log = f", see {ended.job.log}" if ended.job.log.is_file() else ""  # jobs of this process have none
    outcome = f"failed{log}" if ended.error is not None else "done"
    say(f"{done} of {total}: {ended.job.name}: {outcome}")


def _results(
    listed: Sequence[Listed], ended: Sequence[EndedJob], options: Options
) -> list[tuple[Path, Result]]:
    """Return the results on disk of the jobs' targets; in a trial, which writes none, what jobs returned."""
    from harness.store import RESULTS_FOLDER, load_result

    if options.limit is not None:
        folders = {job.name: job.folder for job in listed}
        return [(folders[one.job.name], result) for one in ended for result in one.reply.results]
    paths = dict.fromkeys(
        (job.folder, job.folder / RESULTS_FOLDER / f"{target}.yaml")
        for job in listed
        for target in job.targets
    )
    return [(folder, load_result(path)) for folder, path in paths if path.is_file()]
