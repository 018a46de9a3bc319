"""Measure how jobs are handed out: the same bytes, busy workers, memory of the submitting process.

    python benchmarks/jobs.py equal [--submissions 8] [--layers 2] [--languages fi,de]
    python benchmarks/jobs.py busy [--workers 64] [--jobs 1000] [--seconds 5]
    python benchmarks/jobs.py memory [--jobs 10000]

`equal` evaluates copies of the bundled encoder on JupyterLab's text, each with another prefix, so that none
finds vectors of another: one after the other on all cores, by two Parsl workers of one core each, and by
`--jobs 2`; it compares the bytes of results and the times from start to end. `busy` hands jobs that only
sleep to Parsl workers of this machine: of the time from when every worker had begun a job to when the last
job was begun, the share that the workers slept. `memory` hands out jobs that do nothing, as long as real
ones, and prints the resident memory of the process before and meanwhile.

Expected: sleeping workers wait for nothing but the way of a job through two queues, some milliseconds of five
seconds, so over 99 %. A job is about 2 kB of text, twice in memory (its object, and the text in the queue):
10,000 take below 100 MB.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from pathlib import Path

from harness.evaluation.run import Options
from harness.jobs.cluster import cluster_executors
from harness.jobs.job_record import EvaluationJob
from harness.jobs.running import run_jobs
from harness.models.checkpoint import fetch
from harness.records import Checkpoint

CLUSTER = Path(__file__).parents[1] / "docs/clusters/local.py"
SUBMISSION = """schema: 1
title: Copy {number}
family: multilingual-e5
base: {{id: intfloat/multilingual-e5-small}}
intermediate: {{regime: none}}
encoding: {{layer: {layer}, pooling: mean, prefix: "copy {number}: "}}
checkpoints: [{{seed: 0, bundled: multilingual-e5-small, layers: {layers}}}]
submitters: [{{name: The benchmark}}]
license: MIT
"""


def workers_of_parsl(count: int, folder: Path) -> Callable[[], Executor]:
    """Return what starts so many workers of one core, by the file for this machine."""
    os.environ |= {"WORKERS": str(count), "PARSL_RUN_DIR": str(folder / "parsl")}
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    return cluster_executors(CLUSTER)


# ---- equal -------------------------------------------------------------------------------------


def equal(submissions: int, layers: int, languages: str) -> None:
    """Compare two Parsl workers with one run after the other: bytes and seconds."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        slugs = [f"copy-{number}" for number in range(submissions)]
        for number, slug in enumerate(slugs):
            folder = root / "submissions" / slug
            folder.mkdir(parents=True)
            layer = 1 + number % layers
            text = SUBMISSION.format(number=number, layer=layer, layers=layers)
            (folder / "submission.yaml").write_text(text)
        options = ["-t", "jupyterlab", "--dtype", "float32"]
        options += [word for language in languages.split(",") for word in ("-l", language)]
        ways = {
            "one after the other": [],
            "two Parsl workers": ["--cluster", str(CLUSTER)],
            "two processes": ["--jobs", "2"],
        }
        digests = {}
        for way, more in ways.items():
            shutil.rmtree(root / "cache", ignore_errors=True)
            for slug in slugs:
                shutil.rmtree(root / "submissions" / slug / "results", ignore_errors=True)
            seconds = _evaluate(root, [*slugs, *options, *more])
            digests[way] = _digest(root / "submissions")
            print(f"{way:20}  {seconds:7.1f} s  {digests[way]}")
        print("same bytes" if len(set(digests.values())) == 1 else "OTHER BYTES")


def _evaluate(root: Path, arguments: list[str]) -> float:
    environment = os.environ | {
        "STILTBOARD_CACHE": str(root / "cache"),
        "WORKERS": "2",
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
    if "--cluster" not in arguments:
        environment.pop("OMP_NUM_THREADS", None)
    code = "from harness.cli.main import main; main()"
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", code, "evaluate", *arguments],
        cwd=root,
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - started


def _digest(submissions: Path) -> str:
    """Return a digest of all results without the block of their runs, and of all outcomes."""
    digest = hashlib.sha256()
    for path in sorted(submissions.glob("*/results/*")):
        data = path.read_bytes()
        digest.update(data.partition(b"\nruns:")[0] if path.suffix == ".yaml" else data)
    return digest.hexdigest()[:16]


# ---- busy, memory ------------------------------------------------------------------------------


def jobs(count: int, folder: Path, seconds: float) -> Iterator[EvaluationJob]:
    """Yield jobs as long as real ones, which name a checkpoint and twelve targets in forty languages."""
    cache = folder / "checkpoints"
    files = fetch(Checkpoint(seed=0, bundled="multilingual-e5-small", layers=2), folder, cache)
    options = Options(seeds=(0,), cache=folder, fetched={files.source: files})
    for number in range(count):
        yield EvaluationJob(
            name=f"{seconds} {number}",
            targets=tuple(f"target_{target}" for target in range(12)),
            cost=1.0,
            log=folder / f"{number}.log",
            folder=folder,
            languages=tuple(f"l{language:02}" for language in range(40)),
            options=options,
        )


def sleep(text: str) -> str:
    """Sleep as a job's name says, and leave when; it is sent to the workers as it is written here."""
    import json  # noqa: PLC0415
    import os  # noqa: PLC0415
    import time  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    job = json.loads(text)
    seconds, number = job["name"].split()
    began = time.time()
    if float(seconds):
        time.sleep(float(seconds))
        spent = f"{os.getpid()} {began} {time.time()}"
        (Path(job["folder"]) / f"{number}.slept").write_text(spent)
    return "{}"


def busy(workers: int, count: int, seconds: float) -> None:
    """Print the share of the time in which so many workers slept."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        listed = list(jobs(count, folder, seconds))
        started = time.perf_counter()
        ended = list(run_jobs(listed, workers_of_parsl(workers, folder), None, sleep))
        total = time.perf_counter() - started
        assert all(one.error is None for one in ended)
        slept = sorted(
            (float(began), float(ends), worker)
            for worker, began, ends in (path.read_text().split() for path in folder.glob("*.slept"))
        )
    first: dict[str, float] = {}
    for began, _, worker in slept:
        first.setdefault(worker, began)
    opens, closes = max(first.values()), slept[-1][0]
    inside = sum(max(0.0, min(ends, closes) - max(began, opens)) for began, ends, _ in slept)
    share = inside / (len(first) * (closes - opens))
    print(
        f"{len(first)} workers, {count} jobs of {seconds:g} s: busy {100 * share:.1f} % of the "
        f"{closes - opens:.1f} s from when all were registered to the last begin; {total:.1f} s in all, "
        f"{count * seconds / workers:.1f} s at least"
    )


def memory(count: int) -> None:
    """Print the peak of this process's memory before and after so many jobs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        list(jobs(1, folder, 0))  # unpacks the encoder
        before = _resident()
        listed = list(jobs(count, folder, 0))
        made = most = _resident()
        size = len(listed[0].to_json())
        started = time.perf_counter()
        for number, ended in enumerate(run_jobs(listed, workers_of_parsl(2, folder), None, sleep)):
            assert ended.error is None
            most = max(most, _resident()) if number % 50 == 0 else most
        print(
            f"{count:,} jobs of {size:,} characters: {before:.0f} MB with all libraries, {made:.0f} MB with "
            f"the jobs, {most:.0f} MB while they ran; {time.perf_counter() - started:.0f} s"
        )


def _resident() -> float:
    """Return this process's resident memory in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    """Run one of the measurements."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    ways = parser.add_subparsers(required=True)
    way = ways.add_parser("equal")
    way.add_argument("--submissions", type=int, default=8)
    way.add_argument("--layers", type=int, default=2)
    way.add_argument("--languages", default="fi,de")
    way.set_defaults(measure=equal)
    way = ways.add_parser("busy")
    way.add_argument("--workers", type=int, default=64)
    way.add_argument("--jobs", dest="count", type=int, default=1000)
    way.add_argument("--seconds", type=float, default=5.0)
    way.set_defaults(measure=busy)
    way = ways.add_parser("memory")
    way.add_argument("--jobs", dest="count", type=int, default=10_000)
    way.set_defaults(measure=memory)
    arguments = vars(parser.parse_args())
    arguments.pop("measure")(**arguments)


if __name__ == "__main__":
    main()
