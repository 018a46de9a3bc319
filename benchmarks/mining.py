"""Find the nearest neighbours of both directions with stiltboard and with faiss, and print a table.

    python benchmarks/mining.py [--data DIR] [--size 100000] [--rounds 3] [--seeded] [--scaling]
    [--approximate]

The peers of bitext mining (LASER, XTREME) build a faiss IndexFlatIP of one side and search it with the other,
then the same in the other direction. Each measurement is a separate process on the same two files of vectors
with the same number of threads; the contenders alternate. The time includes loading the files and searching
both directions. Memory is the peak of the resident set above its size after the imports. The vectors are
those of mining_vectors.py.

Expected at 100,000 x 100,000 x 384: one pass is 2 * 10^10 * 384 = 7.7 TFLOP; faiss makes two, 15.4. At the
140 GFLOP/s that two threads reach that is 55 s and 110 s. Each vector has 1,536 bytes: 154 MB per side; faiss
holds both and a copy of one.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import faiss
import numpy as np
import torch
from numpy.typing import NDArray

from harness.kinds.search.margins import match
from harness.kinds.search.nearest import Neighbours, mutual_neighbours
from harness.kinds.search.panels import Indices, Vectors
from harness.records import Margin
from harness.scoring.metrics.precision_recall import precision_recall

NEIGHBOURS = 4
# A float64 product is larger than another only where it exceeds it by more than rounding.
ROUNDING = 1e-12


def write_vectors(data: Path | None, size: int, folder: Path) -> str:
    """Let mining_vectors.py write both sides into the folder, and return their description."""
    script = Path(__file__).with_name("mining_vectors.py")
    command = [sys.executable, str(script), "--folder", str(folder), "--size", str(size)]
    if data:
        command += ["--data", str(data)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1]


def resident_bytes() -> int:
    """Return the bytes of this process that are in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def peak_bytes() -> int:
    """Return the largest number of bytes of this process that have been in memory."""
    # Not ru_maxrss, which starts at the size of the parent process.
    high_water = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    assert high_water is not None
    return int(high_water[1]) * 1024


def stiltboard(folder: Path) -> tuple[Indices, Indices]:
    """Search both directions over memory-mapped files."""
    x, y = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in "xy")
    forward, backward = mutual_neighbours(x, y, NEIGHBOURS)
    return forward.indices, backward.indices


def faiss_twice(folder: Path) -> tuple[Indices, Indices]:
    """Search as LASER and XTREME do: an index of each side, searched with the other side."""
    x, y = (np.load(folder / f"{name}.npy") for name in "xy")
    neighbours = []
    for queries, pool in ((x, y), (y, x)):
        index = faiss.IndexFlatIP(pool.shape[1])
        index.add(pool)
        neighbours.append(index.search(queries, NEIGHBOURS)[1])
    return neighbours[0], neighbours[1]


CONTENDERS = {"stiltboard": stiltboard, "faiss, twice": faiss_twice}


def worker(name: str, folder: Path) -> None:
    """Measure one contender and print the figures as JSON."""
    faiss.omp_set_num_threads(torch.get_num_threads())
    torch.randn(64, 64) @ torch.randn(64, 64)
    before, start = resident_bytes(), time.perf_counter()
    forward, backward = CONTENDERS[name](folder)
    seconds, used = time.perf_counter() - start, peak_bytes() - before
    np.savez(folder / f"{name}.npz", forward=forward, backward=backward)
    print(json.dumps({"seconds": seconds, "bytes": used}))


def measure(name: str, folder: Path) -> dict[str, float]:
    """Run one measurement in a separate process, which writes the neighbours into the folder."""
    command = [sys.executable, __file__, "--worker", name, "--folder", str(folder)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    figures: dict[str, float] = json.loads(output.splitlines()[-1])
    return figures


def count_differences(folder: Path) -> tuple[int, int]:
    """Return how many neighbours differ, and how many of faiss's have a larger exact product.

    Exact products are compared with ours of the same rank.
    """
    x, y = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in "xy")
    ours, theirs = (np.load(folder / f"{name}.npz") for name in CONTENDERS)
    differ = better = 0
    for direction, queries, pool in (("forward", x, y), ("backward", y, x)):
        unequal = ours[direction] != theirs[direction]
        differ += int(np.sum(unequal))
        for row in np.flatnonzero(unequal.any(axis=1)):
            our_products, their_products = (
                np.sort(pool[indices[direction][row]].astype(float) @ queries[row].astype(float))
                for indices in (ours, theirs)
            )
            better += int(np.sum(their_products > our_products + ROUNDING))
    return differ, better


def print_table(data: Path | None, size: int, rounds: int) -> None:
    """Measure both contenders in turn, and print one table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        description = write_vectors(data, size, folder)
        runs: dict[str, list[dict[str, float]]] = {}
        for _ in range(rounds):
            for contender in CONTENDERS:
                runs.setdefault(contender, []).append(measure(contender, folder))
        differ, better = count_differences(folder)
    print(
        f"\n{size:,} x {size:,}, {NEIGHBOURS} neighbours, {description}; {platform.machine()}, "
        f"{torch.get_num_threads()} threads; medians\n"
    )
    print("| contender | seconds | all | times ours | peak memory, MB | times ours |")
    print("| :-- | --: | :-- | --: | --: | --: |")
    medians = {
        contender: [statistics.median(run[figure] for run in figures) for figure in ("seconds", "bytes")]
        for contender, figures in runs.items()
    }
    base, memory = medians["stiltboard"]
    for contender, (seconds, used) in medians.items():
        times = ", ".join(f"{run['seconds']:.1f}" for run in runs[contender])
        print(
            f"| {contender} | {seconds:.1f} | {times} | {seconds / base:.2f} | {used / 1e6:.0f} "
            f"| {used / memory:.2f} |"
        )
    print(
        f"\n{differ} of {2 * NEIGHBOURS * size:,} neighbours differ; "
        f"of these {better} of faiss's have the larger exact product."
    )


class ApproximateIndex(NamedTuple):
    """An index of faiss: its label, the text that `index_factory` reads, and values of one parameter."""

    label: str
    factory: str
    parameter: str
    values: tuple[int, ...]

    def built(self, pool: Vectors) -> Any:
        """Return the index of the pool (n, d), trained and filled."""
        index = faiss.index_factory(pool.shape[1], self.factory, faiss.METRIC_INNER_PRODUCT)
        index.train(pool)
        index.add(pool)
        return index

    def search(self, index: Any, queries: Vectors, value: int) -> Neighbours:
        """Return the neighbours of the queries (q, d); a missing one is row 0 with the product -1."""
        faiss.ParameterSpace().set_index_parameter(index, self.parameter, value)
        products, indices = index.search(queries, NEIGHBOURS)
        return Neighbours(np.maximum(indices, 0), np.where(indices < 0, -1, products).astype(np.float64))


def print_approximate(data: Path, size: int) -> None:
    """Print the time and the quality of approximate indexes.

    Recall is that of the exact neighbours; F1 is that of mining Tatoeba's translations with them.
    """
    faiss.omp_set_num_threads(torch.get_num_threads())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        description = write_vectors(data, size, folder)
        if not (folder / "gold.npy").exists():
            sys.exit("too few real sentences: choose a smaller --size")
        x, y = (np.load(folder / f"{side}.npy") for side in "xy")
        gold = np.load(folder / "gold.npy")
    start = time.perf_counter()
    exact = mutual_neighbours(x, y, NEIGHBOURS)
    rows = [("exact", 0.0, time.perf_counter() - start, 1.0, mined_f1(*exact, gold))]
    lists = 4 * int(size**0.5)
    for kind in (
        ApproximateIndex(f"IVFFlat, {lists} lists", f"IVF{lists},Flat", "nprobe", (4, 16, 64)),
        ApproximateIndex("HNSW, 32 links", "HNSW32", "efSearch", (32, 128)),
    ):
        start = time.perf_counter()
        index_of_y, index_of_x = kind.built(y), kind.built(x)
        built = time.perf_counter() - start
        for value in kind.values:
            start = time.perf_counter()
            approximate = kind.search(index_of_y, x, value), kind.search(index_of_x, y, value)
            seconds = time.perf_counter() - start
            recalls = [
                (nearest.indices[:, :, None] == reached.indices[:, None, :]).any(axis=1).mean()
                for nearest, reached in zip(exact, approximate, strict=True)
            ]
            label = f"{kind.label}, {kind.parameter} {value}"
            rows.append((label, built, seconds, float(np.mean(recalls)), mined_f1(*approximate, gold)))
    print(f"\n{size:,} x {size:,}, {description}; {torch.get_num_threads()} threads\n")
    print("| index | built, s | searched, s | recall@4 | F1, oracle threshold |")
    print("| :-- | --: | --: | --: | --: |")
    for label, built, seconds, recall, score in rows:
        print(f"| {label} | {built:.1f} | {seconds:.1f} | {100 * recall:.2f} | {100 * score:.2f} |")


def mined_f1(x_to_y: Neighbours, y_to_x: Neighbours, gold: NDArray[np.int64]) -> float:
    """Return the best F1 of the pairs that the ratio margin matches.

    gold[i] is the row in y of the translation of x[i], or -1.
    """
    matches = match(x_to_y, y_to_x, Margin.RATIO)
    curve = precision_recall(matches.margin, gold[matches.x] == matches.y, int(np.sum(gold >= 0)))
    return float(curve.f1.max())


def print_scaling(data: Path | None, size: int) -> None:
    """Print how our time grows with the size: 1.00 is quadratic."""
    before = 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in (size // 4, size // 2, size):
            write_vectors(data, part, folder)
            seconds = statistics.median(measure("stiltboard", folder)["seconds"] for _ in range(3))
            growth = f", {seconds / before / 4:.2f} of quadratic" if before else ""
            print(f"{part:>9,}: {seconds:.1f} s{growth}")
            before = seconds


def main() -> None:
    """Measure what the options select, and print it in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seeded", action="store_true", help="use random vectors in spite of --data")
    parser.add_argument("--scaling", action="store_true", help="time a quarter, half and all of the size")
    parser.add_argument(
        "--approximate", action="store_true", help="measure faiss's approximate indexes; needs --data"
    )
    parser.add_argument("--worker", choices=list(CONTENDERS), help="used by the benchmark itself")
    parser.add_argument("--folder", type=Path, help="used by the benchmark itself")
    arguments = parser.parse_args()
    data = None if arguments.seeded else arguments.data
    if arguments.worker:
        worker(arguments.worker, arguments.folder)
    elif arguments.approximate:
        if data is None:
            parser.error("--approximate needs the real sentences of --data")
        print_approximate(data, arguments.size)
    elif arguments.scaling:
        print_scaling(data, arguments.size)
    else:
        print_table(data, arguments.size, arguments.rounds)


if __name__ == "__main__":
    main()
