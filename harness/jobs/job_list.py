"""List the jobs of an evaluation: all of them, from what is declared, and which of them are open."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.evaluation.isolated import Apart
from harness.evaluation.plan import Plan, make_plan, open_run
from harness.evaluation.resume import Resumed, resume
from harness.evaluation.run import Options, Run
from harness.evaluation.target_plan import TargetPlan
from harness.evaluation.target_texts import load_targets
from harness.jobs.costs import encoder_cost, text_cost
from harness.jobs.job_record import EvaluationJob
from harness.jobs.shards import Shard
from harness.reporter import Reporter


@dataclass(frozen=True)
class Listed:
    """A job before it is known whether anything is left of it. Empty `seeds` are all, in one piece.

    `head` names what a head is trained on, for jobs that train one.
    """

    folder: Path
    seeds: tuple[int, ...]
    targets: tuple[str, ...]
    cost: float
    head: str = ""

    @property
    def shared(self) -> str:
        """Return a name of the head, equal for the jobs that predict with the same one; empty without."""
        return f"{self.folder.resolve()} {self.seeds} {self.head}" if self.head else ""

    @property
    def name(self) -> str:
        """Return the name that is printed."""
        seeds = "".join(f" seed {seed}" for seed in self.seeds)
        return f"{self.folder.name}{seeds}: {', '.join(self.targets)}"


def list_jobs(
    folders: Sequence[Path],
    targets: Sequence[str],
    languages: Sequence[str],
    options: Options,
    reporter: Reporter,
) -> list[Listed]:
    """Return all jobs of submissions, finished or not: the same list and costs on every machine.

    A job is a checkpoint over all targets that share its passes, or one target with a head on one seed. Only
    text and configurations are read. Raises what `evaluate` raises for submissions and text.
    """
    texts: list[TargetPlan] | None = None
    jobs: list[Listed] = []
    for folder in folders:
        run = open_run(folder, options, reporter)
        if texts is None or options.stale:  # whose targets are those of the folder's results
            texts, _ = load_targets(targets, languages, run)  # what cannot be read is named by the job
        jobs += _of_submission(texts, run)
    return jobs


def share(listed: Sequence[Listed], shard: Shard) -> list[Listed]:
    """Return the jobs of a shard, in their order; those that share a head are in the same one."""
    units: dict[object, list[int]] = {}
    for number, job in enumerate(listed):
        units.setdefault(job.shared or number, []).append(number)
    numbers = list(units.values())
    costs = [sum(listed[number].cost for number in unit) for unit in numbers]
    mine = {number for unit in shard.share(costs) for number in numbers[unit]}
    return [job for number, job in enumerate(listed) if number in mine]


def _of_submission(texts: Sequence[TargetPlan], run: Run) -> Iterator[Listed]:
    """Yield the jobs of one submission."""
    submission = run.submission
    checkpoints = {checkpoint.seed: checkpoint for checkpoint in submission.checkpoints}
    costs = {seed: encoder_cost(checkpoint, run.folder) for seed, checkpoint in checkpoints.items()}
    heads: set[str] = set()
    for group in _groups(texts):
        target = group[0].target
        own = submission.finetuned.get(target.name) if target.has_head else None
        head = f"{target.kind} {target.training}" if target.has_head and own is None else ""
        characters = sum(text_cost(text, trains=bool(head) and head not in heads) for text in group)
        heads.add(head)
        seeds = (own.seed,) if own is not None else tuple(checkpoints)
        named = tuple(text.target.name for text in group)
        if own is not None or in_one_piece(run.options):
            total = sum(costs.get(seed, max(costs.values())) for seed in seeds)
            yield Listed(run.folder, (), named, total * characters, head)
        else:
            for seed in seeds:
                yield Listed(run.folder, (seed,), named, costs[seed] * characters, head)


def _groups(texts: Sequence[TargetPlan]) -> list[list[TargetPlan]]:
    """Return the targets that share passes, and each target with a head by itself."""
    shared = [text for text in texts if not text.target.has_head]
    return ([shared] if shared else []) + [[text] for text in texts if text.target.has_head]


def in_one_piece(options: Options) -> bool:
    """Tell whether a result is measured as a whole: where nothing on disk is kept, seeds cannot be merged."""
    return options.overwrite or options.stale or options.untrusted or options.limit is not None


def open_jobs(
    listed: Sequence[Listed],
    languages: Sequence[str],
    options: Options,
    isolation: Apart | None,
    reporter: Reporter,
) -> list[EvaluationJob]:
    """Return those jobs of one submission that are not finished; checkpoints are fetched and verified here.

    Raises what `evaluate` raises before it encodes.
    """
    targets = list(dict.fromkeys(target for job in listed for target in job.targets))
    plan = make_plan(listed[0].folder, targets, languages, options, reporter)
    # Faults are named by the job that meets them; in a sandbox no score on disk counts.
    resumed = (
        {} if isolation is not None and isolation.sandbox else {one.name: one for one in resume(plan)[0]}
    )
    jobs = [job for job in listed if _is_open(job, plan, resumed)]
    fetched = {files.source: files for files in plan.opened}
    logs = plan.run.cache / "jobs"
    return [
        EvaluationJob(
            name=job.name,
            folder=job.folder,
            targets=job.targets,
            languages=tuple(languages),
            options=replace(
                options,
                seeds=job.seeds,
                cache=plan.run.cache,
                device=plan.run.device,
                dtype=plan.run.dtype,
                fetched=fetched,
            ),
            cost=job.cost,
            log=logs / f"{log_name(job.folder.resolve(), job.seeds, job.targets)}.log",
            isolation=isolation,
            head=job.shared,
        )
        for job in jobs
    ]


def _is_open(job: Listed, plan: Plan, resumed: Mapping[str, Resumed]) -> bool:
    """Tell whether a job measures anything; layers, steps and what faults stop are left to the job."""
    options = plan.run.options
    if options.sweep or options.steps or any(target not in resumed for target in job.targets):
        return True
    seeds = job.seeds or tuple(plan.checkpoints)
    return any(
        resumed[target].plan.unreadable or resumed[target].unfinished(seed)
        for target in job.targets
        for seed in seeds
    )


def log_name(folder: Path, seeds: Sequence[int], targets: Sequence[str]) -> str:
    """Return a name for the log of a job: the same for the same job."""
    words = [folder.name, *map(str, seeds), *targets]
    digest = hashlib.sha256("\n".join([str(folder), *words]).encode()).hexdigest()[:8]
    return f"{folder.name}-{digest}"
