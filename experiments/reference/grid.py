"""Run the second reference experiment, one checkpoint after the other; finished ones are kept and skipped.

    python -m experiments.reference.grid --data DIR --stage a [--until HH:MM] [--dry-run] [--commit]

A checkpoint is trained, scored on every target and in every layer and pooling, and its controls are measured;
then its weights are deleted. Only then its submission gains a seed: an interrupted run leaves `submissions/`
as it was, and the same command goes on where it stopped. Another machine goes on from the repository alone.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from types import FrameType

from experiments.reference.checkpoint_work import (
    HEAD_TARGETS,
    TARGETS,
    Places,
    measure_untouched,
    work_on,
)
from experiments.reference.control_records import SeedControls, add_controls, load_controls
from harness.errors import StiltboardError
from harness.store import load_recipe

HERE = Path(__file__).parent
STAGES: Mapping[str, tuple[str, ...]] = {
    "a": ("qa-english", "qa-crosslingual"),
    "b": ("qa-monolingual", "qa-mixed", "qa-hybrid", "triples-english", "triples-crosslingual"),
    "c": (
        "distilled-english",
        "distilled-crosslingual",
        "distilled-deep-english",
        "distilled-deep-crosslingual",
    ),
    "d": (
        "table-nli-english",
        "table-nli-multilingual",
        "table-sts-english",
        "table-sts-multilingual",
        "table-qa-english",
        "table-qa-multilingual",
        "table-qa-sts-english",
        "table-qa-sts-multilingual",
        "table-qa-mlm-english",
        "table-qa-mlm-multilingual",
        "table-tagging-english",
    ),
}
"""The recipes of each stage; depths and seeds are theirs."""
UNTOUCHED = "untouched"
"""The stage that scores the untouched encoders on the targets that they lack, the deepest in every layer."""
DEPTHS = (2, 4, 6, 8, 12)

_STOPPED = 75  # sysexits: try again


@dataclass(frozen=True)
class Unit:
    """One checkpoint: a recipe at one depth with one seed, or without a recipe an untouched encoder."""

    recipe: Path | None
    slug: str
    layers: int
    seed: int = 0
    heads: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return the name that is printed."""
        return f"{self.slug} seed {self.seed}" if self.recipe is not None else self.slug


def units(stage: str) -> list[Unit]:
    """Return the units of a stage in balanced parts: one seed of all depths and recipes, then the next."""
    if stage == UNTOUCHED:
        return [Unit(None, f"me5-small-l{layers}", layers) for layers in DEPTHS]
    ordered: list[tuple[tuple[int, int, int], Unit]] = []
    for number, name in enumerate(STAGES[stage]):
        path = HERE / f"{name}.yaml"
        recipe = load_recipe(path)
        for turn, seed in enumerate(recipe.seeds):
            for layers in recipe.start.layers:
                slug = recipe.slug.replace("{layers}", str(layers))
                unit = Unit(path, slug, layers, seed, HEAD_TARGETS if stage == "d" else ())
                ordered.append(((turn, layers, number), unit))
    return [unit for _, unit in sorted(ordered, key=lambda item: item[0])]


def is_done(unit: Unit, places: Places) -> bool:
    """Tell whether a unit's controls, written last, are on record; of an untouched encoder its scores."""
    if unit.recipe is None:
        wanted = [f"{target}.yaml" for target in TARGETS]
        wanted += [f"{target}.layers.yaml" for target in TARGETS] if unit.layers == max(DEPTHS) else []
        return all((places.submissions / unit.slug / "results" / name).is_file() for name in wanted)
    return any(seed.seed == unit.seed for seed in load_controls(places.controls, unit.slug))


def work(unit: Unit, places: Places) -> SeedControls | None:
    """Do the work of a unit, in a process of its own."""
    if unit.recipe is None:
        measure_untouched(places.submissions / unit.slug, places, sweep=unit.layers == max(DEPTHS))
        return None
    recipe = load_recipe(unit.recipe)
    known = {seed.seed for seed in load_controls(places.controls, unit.slug)}
    # The row states the seeds that it has.
    seeds = tuple(seed for seed in recipe.seeds if seed in known or seed == unit.seed)
    return work_on(recipe.model_copy(update={"seeds": seeds}), unit.layers, unit.seed, places, unit.heads)


def publish(unit: Unit, measured: SeedControls, places: Places) -> list[Path]:
    """Move what a unit measured into the submissions and the controls, and return the paths that changed."""
    source, target = places.of(unit.slug), places.submissions / unit.slug
    (target / "results").mkdir(parents=True, exist_ok=True)
    names = [
        "submission.yaml",
        "training.yaml",
        *(f"results/{p.name}" for p in (source / "results").iterdir()),
    ]
    for name in names:
        shutil.copyfile(source / name, target / f"{name}.new")
    for name in names:
        (target / f"{name}.new").replace(target / name)
    path = add_controls(places.controls, unit.slug, measured)
    shutil.rmtree(source)
    return [target, path]


def commit(paths: Sequence[Path], subject: str) -> None:
    """Commit these paths alone; a failure is printed, the files stay."""
    names = [str(path) for path in paths]
    for command in (["git", "add", "--", *names], ["git", "commit", "-q", "-m", subject, "--", *names]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            print(f"not committed: {done.stderr.strip() or done.stdout.strip()}", flush=True)


class _Stop(Exception):
    """The run is asked to stop: by a signal, or by the clock."""


def _ask_to_stop(_number: int, _frame: FrameType | None) -> None:
    raise _Stop


def run(todo: Sequence[Unit], places: Places, jobs: int, until: datetime | None, *, commits: bool) -> int:
    """Work on the units in parallel processes until all are done or the run is asked to stop."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _ask_to_stop)
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_ignore_interrupts)
    queue, running, failed = list(todo), dict[Future[SeedControls | None], Unit](), 0
    try:
        while queue or running:
            busy = {unit.slug for unit in running.values()}
            for unit in [unit for unit in queue if unit.slug not in busy][: jobs - len(running)]:
                queue.remove(unit)
                print(f"{_clock()} {unit.name}: begun", flush=True)
                running[pool.submit(work, unit, places)] = unit
            left = None if until is None else (until - datetime.now().astimezone()).total_seconds()
            if left is not None and left <= 0:
                raise _Stop
            for future in wait(running, timeout=left, return_when=FIRST_COMPLETED).done:
                unit = running.pop(future)
                if isinstance(error := future.exception(), StiltboardError):  # the others go on
                    print(f"{_clock()} {unit.name}: failed: {error}", flush=True)
                    failed = 1
                else:
                    _finish(unit, future.result(), places, commits=commits)
    except _Stop:
        print(f"{_clock()} stopped; the same command goes on", flush=True)
        return _STOPPED
    finally:
        for process in (pool._processes or {}).values():
            process.terminate()
        pool.shutdown(wait=True, cancel_futures=True)
    return failed


def _ignore_interrupts() -> None:
    """Leave Ctrl-C to the parent, which ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _finish(unit: Unit, measured: SeedControls | None, places: Places, *, commits: bool) -> None:
    """Publish a unit as a whole: a request to stop waits until that is done."""
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT))
    try:
        if measured is None:
            paths, subject = [places.submissions / unit.slug], f"Score {unit.slug} on more targets"
        else:
            paths, subject = publish(unit, measured, places), f"Add seed {unit.seed} of {unit.slug}"
        if commits:
            commit(paths, subject)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    spent = measured.seconds.items() if measured is not None else ()
    print(
        f"{_clock()} {unit.name}: done", *(f"{name} {seconds:,.0f} s" for name, seconds in spent), flush=True
    )


def _clock() -> str:
    return time.strftime("%H:%M:%S")


def main() -> int:
    """Parse the options, and run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the official files")
    parser.add_argument(
        "--stage", action="append", choices=[*STAGES, UNTOUCHED], help="repeatable; default: all, in order"
    )
    parser.add_argument("--submissions", type=Path, default=Path("submissions"))
    parser.add_argument(
        "--work", type=Path, default=Path("build/grid"), help="weights and vectors, for a while"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--until", metavar="HH:MM", help="stop at this time")
    parser.add_argument("--commit", action="store_true", help="commit each finished checkpoint")
    parser.add_argument("--dry-run", action="store_true", help="print what is done and what is left")
    options = parser.parse_args()
    places = Places(options.data, options.submissions, options.work, HERE / "controls")
    planned = [unit for stage in options.stage or [*STAGES, UNTOUCHED] for unit in units(stage)]
    todo = [unit for unit in planned if not is_done(unit, places)]
    if options.dry_run:
        for unit in planned:
            print(f"{'left' if unit in todo else 'done'}  {unit.name}")
        print(f"{len(todo)} of {len(planned)} checkpoints are left")
        return 0
    # One thread each: two trainings at once on two cores are faster than one after the other on both.
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    until = None
    if options.until:
        hour, minute = map(int, options.until.split(":"))
        until = datetime.now().astimezone().replace(hour=hour, minute=minute, second=0)
    return run(todo, places, options.jobs, until, commits=options.commit)


if __name__ == "__main__":
    sys.exit(main())
