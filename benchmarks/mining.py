"""Find the nearest neighbours of both directions with stiltboard and with faiss searched twice, and print a table.

    python benchmarks/mining.py [--data DIR] [--size 100000] [--rounds 3] [--seeded] [--scaling]
    [--approximate]

The peers of bitext mining (LASER, XTREME) build a faiss IndexFlatIP of one side and search it with the other,
then the other way round. Every measurement is a process of its own on the same two files of vectors and as
many threads; contenders take turns. The time is that of loading the files and searching both directions.
Memory is the peak of the resident set above that after the imports. With `--data` the vectors are the bundled
model's (12 layers, mean) of distinct real sentences: Tatoeba's pairs, then XNLI's hypotheses in 14 languages
against English sentences of STS-B, SICK, SQuAD, TyDi, PAN-X and UD; they are encoded through the cache, so
that a second run finds them there. Without it they are seeded, without direction.

Expected at 100,000 x 100,000 x 384: one pass is 2 * 10^10 * 384 = 7.7 TFLOP; faiss makes two, 15.4. At the
140 GFLOP/s that two threads reach that is 55 s and 110 s. Each vector is 1,536 bytes: 154 MB a side; faiss
holds both and a copy of one.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import platform
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import faiss
import numpy as np
import torch

from harness.cache import cache_folder
from harness.catalog import BY_NAME, TATOEBA_ISO3
from harness.data import load_examples
from harness.kinds.search.margins import match
from harness.kinds.search.nearest import Neighbours, mutual_neighbours
from harness.models.cache_keys import open_space
from harness.models.checkpoint import verify
from harness.models.checkpoint.bundled import unpack
from harness.models.encoder import Encoder
from harness.records import Encoding, Margin, Pooling, View
from harness.scoring.metrics.precision_recall import precision_recall

LAYERS = 12
NEIGHBOURS = 4
HIDDEN = 384


def columns(path: Path, *wanted: int, separator: str = "\t") -> Iterator[str]:
    """Yield the named columns of every line that has them."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.reader(
            file, delimiter=separator, quoting=csv.QUOTE_MINIMAL if separator == "," else csv.QUOTE_NONE
        ):
            yield from (row[column] for column in wanted if column < len(row))


def questions(path: Path) -> Iterator[str]:
    """Yield the questions of a file in SQuAD's layout."""
    for article in json.loads(path.read_text("utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            yield from (answered["question"] for answered in paragraph["qas"])


def words(path: Path) -> Iterator[str]:
    """Yield the sentences of a file of tagged words, one word a line."""
    for blank, lines in itertools.groupby(
        path.read_text("utf-8").splitlines(), key=lambda line: not line.strip()
    ):
        if not blank:
            yield " ".join(line.split("\t")[0] for line in lines)


def monolingual(data: Path, *, english: bool) -> Iterator[str]:
    """Yield sentences that are nobody's translation on the other side; XNLI's rows are in one language's file or another's."""
    if english:
        for path in sorted(data.glob("stsb_multi/stsb-en-*.csv")):
            yield from columns(path, 0, 1, separator=",")
        for path in sorted(data.glob("sick/*.txt")):
            yield from columns(path, 1, 2)
        for path in [*sorted(data.glob("squad/*.json")), *sorted(data.glob("tydiqa/*/*.en.*.json"))]:
            yield from questions(path)
        for path in [*sorted(data.glob("panx/*-en.tsv")), *sorted(data.glob("udpos/*-en.tsv"))]:
            yield from words(path)
    else:
        for pattern in ("xnli/test-*.tsv", "xnli/dev-*.tsv"):
            for path in sorted(data.glob(pattern)):
                if not path.stem.endswith("-en"):
                    yield from columns(path, 1)


def sentences(data: Path, size: int) -> tuple[list[str], list[str], int]:
    """Return `size` distinct foreign and English sentences, or fewer, and how many rows at their start are translations."""
    foreign: dict[str, None] = {}
    english: dict[str, None] = {}
    for language in TATOEBA_ISO3:
        bitext = load_examples(BY_NAME["tatoeba"], language, data)
        for theirs, ours in zip(bitext.foreign, bitext.english, strict=True):
            if theirs not in foreign and ours not in english:
                foreign[theirs] = english[ours] = None
    pairs = len(foreign)
    for side, others, is_english in ((foreign, english, False), (english, foreign, True)):
        for text in monolingual(data, english=is_english):
            if text.strip() and text not in others:
                side[text] = None
            if len(side) >= size:
                break
    return list(foreign)[:size], list(english)[:size], min(pairs, size)


def encode(texts: list[str]) -> np.ndarray:
    """Return the vectors of texts, taken from the cache where they are."""
    encoding = Encoding(layer="last", pooling=Pooling.MEAN)
    view = View(LAYERS, encoding.pooling)
    files = verify(unpack(LAYERS, cache_folder() / "checkpoints"), "bundled")
    space = open_space(cache_folder(), files, view, encoding, device="cpu", dtype="float32")
    missing = [text for text in texts if text not in space]
    print(f"{len(texts):,} texts, {len(missing):,} to be encoded", file=sys.stderr, flush=True)
    if missing:
        start = time.perf_counter()
        encoder = Encoder(files, [view], device="cpu", dtype="float32")
        try:
            encoder.encode(
                missing, sink=lambda _, indices, rows: space.put([missing[i] for i in indices], rows)
            )
        finally:
            space.flush()
        print(f"encoded in {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    return space.get(texts)


def seeded(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return unit vectors of two sides without any structure: the case that no bound but rounding helps."""
    rng = np.random.default_rng(0)
    x, y = (rng.normal(size=(size, HIDDEN)).astype(np.float32) for _ in range(2))
    return x / np.linalg.norm(x, axis=1, keepdims=True), y / np.linalg.norm(y, axis=1, keepdims=True)


def prepare(data: Path | None, size: int, folder: Path) -> str:
    """Write both sides into the folder, and return what they are."""
    if data:
        foreign, english, pairs = sentences(data, size)
        if min(len(foreign), len(english)) >= size:
            vectors = encode(foreign + english)
            # Translations do not lie side by side, as in a corpus.
            order = np.random.default_rng(0).permutation(size)
            np.save(folder / "x.npy", vectors[:size][order])
            np.save(folder / "gold.npy", np.where(order < pairs, order, -1))
            np.save(folder / "y.npy", vectors[size:])
            return f"real sentences, {pairs:,} of them translations"
        print(f"only {len(foreign):,} and {len(english):,} sentences", file=sys.stderr)
    for name, side in zip("xy", seeded(size), strict=True):
        np.save(folder / f"{name}.npy", side)
    return "seeded vectors"


def resident(*, peak: bool) -> int:
    """Return the bytes of this process in memory, now or at most so far."""
    if peak:
        # Not ru_maxrss, which a child begins with its parent's size.
        return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) * 1024
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def ours(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Search both directions over mapped files."""
    x, y = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in "xy")
    forward, backward = mutual_neighbours(x, y, NEIGHBOURS)
    return forward.indices, backward.indices


def theirs(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Search as LASER and XTREME do: an index of each side, searched with the other."""
    x, y = (np.load(folder / f"{name}.npy") for name in "xy")
    found = []
    for queries, pool in ((x, y), (y, x)):
        index = faiss.IndexFlatIP(pool.shape[1])
        index.add(pool)
        found.append(index.search(queries, NEIGHBOURS)[1])
    return found[0], found[1]


CONTENDERS = {"stiltboard": ours, "faiss, twice": theirs}


def worker(name: str, folder: Path) -> None:
    """Measure one contender and print the figures as JSON."""
    faiss.omp_set_num_threads(torch.get_num_threads())
    torch.randn(64, 64) @ torch.randn(64, 64)
    before, start = resident(peak=False), time.perf_counter()
    found = CONTENDERS[name](folder)
    seconds, used = time.perf_counter() - start, resident(peak=True) - before
    np.savez(folder / f"{name}.npz", forward=found[0], backward=found[1])
    print(json.dumps({"seconds": seconds, "bytes": used}))


def measure(name: str, folder: Path) -> dict[str, float]:
    """Run one measurement in a process of its own; the neighbours land in the folder."""
    command = [sys.executable, __file__, "--worker", name, "--folder", str(folder)]
    found: dict[str, float] = json.loads(
        subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1]
    )
    return found


def compare(folder: Path) -> tuple[int, int]:
    """Return how many neighbours differ, and how many of faiss's have a larger exact product than ours of the same rank."""
    x, y = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in "xy")
    us, them = (np.load(folder / f"{name}.npz") for name in CONTENDERS)
    differ = better = 0
    for direction, queries, pool in (("forward", x, y), ("backward", y, x)):
        differ += int(np.sum(us[direction] != them[direction]))
        for row in np.flatnonzero((us[direction] != them[direction]).any(axis=1)):
            ours_, theirs_ = (
                np.sort(pool[found[direction][row]].astype(float) @ queries[row].astype(float))
                for found in (us, them)
            )
            better += int(np.sum(theirs_ > ours_ + 1e-12))
    return differ, better


def table(data: Path | None, size: int, rounds: int) -> float:
    """Measure both contenders in turn, print one table, and return our median time."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        what = prepare(data, size, folder)
        runs: dict[str, list[dict[str, float]]] = {}
        for _ in range(rounds):
            for contender in CONTENDERS:
                runs.setdefault(contender, []).append(measure(contender, folder))
        differ, better = compare(folder)
    print(
        f"\n{size:,} x {size:,}, {NEIGHBOURS} neighbours, {what}; {platform.machine()}, {torch.get_num_threads()} threads; medians\n"
    )
    print(
        "| contender | seconds | all | times ours | peak memory, MB | times ours |\n| :-- | --: | :-- | --: | --: | --: |"
    )
    middle = {
        key: [statistics.median(run[what] for run in found) for what in ("seconds", "bytes")]
        for key, found in runs.items()
    }
    for key, (seconds, used) in middle.items():
        times, (base, memory) = ", ".join(f"{run['seconds']:.1f}" for run in runs[key]), middle["stiltboard"]
        print(
            f"| {key} | {seconds:.1f} | {times} | {seconds / base:.2f} | {used / 1e6:.0f} | {used / memory:.2f} |"
        )
    print(
        f"\n{differ} of {2 * NEIGHBOURS * size:,} neighbours differ; of these {better} of faiss's have the larger exact product."
    )
    return middle["stiltboard"][0]


def approximate(data: Path, size: int) -> None:
    """Print what approximate indexes take and lose: recall of the neighbours, and F1 of mining Tatoeba's translations with them."""
    faiss.omp_set_num_threads(torch.get_num_threads())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        what = prepare(data, size, folder)
        x, y = (np.load(folder / f"{side}.npy") for side in "xy")
        gold = np.load(folder / "gold.npy")
    start = time.perf_counter()
    exact = mutual_neighbours(x, y, NEIGHBOURS)
    rows = [("exact", 0.0, time.perf_counter() - start, 1.0, mined_f1(exact, gold))]
    lists = 4 * int(size**0.5)
    for label, build, settings in (
        (
            f"IVFFlat, {lists} lists",
            lambda d: faiss.index_factory(d, f"IVF{lists},Flat", faiss.METRIC_INNER_PRODUCT),
            ("nprobe", (4, 16, 64)),
        ),
        (
            "HNSW, 32 links",
            lambda d: faiss.index_factory(d, "HNSW32", faiss.METRIC_INNER_PRODUCT),
            ("hnsw.efSearch", (32, 128)),
        ),
    ):
        start = time.perf_counter()
        indexes = []
        for pool in (y, x):
            index = build(pool.shape[1])
            index.train(pool)
            index.add(pool)
            indexes.append(index)
        built = time.perf_counter() - start
        for value in settings[1]:
            start, found = time.perf_counter(), []
            for index, queries in zip(indexes, (x, y), strict=True):
                owner = index
                for part in settings[0].split(".")[:-1]:
                    owner = getattr(owner, part)
                setattr(owner, settings[0].split(".")[-1], value)
                products, indices = index.search(queries, NEIGHBOURS)
                found.append(
                    Neighbours(np.maximum(indices, 0), np.where(indices < 0, -1, products).astype(np.float64))
                )
            seconds = time.perf_counter() - start
            hits = [
                (a.indices[:, :, None] == b.indices[:, None, :]).any(axis=1).mean()
                for a, b in zip(exact, found, strict=True)
            ]
            rows.append(
                (
                    f"{label}, {settings[0].split('.')[-1]} {value}",
                    built,
                    seconds,
                    float(np.mean(hits)),
                    mined_f1(found, gold),
                )
            )
    print(f"\n{size:,} x {size:,}, {what}; {torch.get_num_threads()} threads\n")
    print(
        "| index | built, s | searched, s | recall@4 | F1, oracle threshold |\n| :-- | --: | --: | --: | --: |"
    )
    for label, built, seconds, recall, score in rows:
        print(f"| {label} | {built:.1f} | {seconds:.1f} | {100 * recall:.2f} | {100 * score:.2f} |")


def mined_f1(found: Sequence[Neighbours], gold: np.ndarray) -> float:
    """Return the best F1 of the pairs that the ratio margin finds; gold[i] is the translation of x[i], or −1."""
    matches = match(*found, Margin.RATIO)
    return float(
        precision_recall(matches.margin, gold[matches.x] == matches.y, int(np.sum(gold >= 0))).f1.max()
    )


def scaling(data: Path | None, size: int) -> None:
    """Print how our time grows: 1.00 is quadratic."""
    before = 0.0
    with tempfile.TemporaryDirectory() as name:
        for each in (size // 4, size // 2, size):
            prepare(data, each, Path(name))
            seconds = statistics.median(measure("stiltboard", Path(name))["seconds"] for _ in range(3))
            print(
                f"{each:>9,}: {seconds:.1f} s"
                + (f", {seconds / before / 4:.2f} of quadratic" if before else "")
            )
            before = seconds


def main() -> None:
    """Measure and print the table in Markdown."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path)
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seeded", action="store_true", help="seeded vectors although there are real ones")
    parser.add_argument(
        "--scaling", action="store_true", help="a quarter, half and the whole of the size, ours alone"
    )
    parser.add_argument(
        "--approximate", action="store_true", help="what faiss's approximate indexes would lose; needs --data"
    )
    parser.add_argument("--worker")
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    data = None if arguments.seeded else arguments.data
    if arguments.worker:
        worker(arguments.worker, arguments.folder)
    elif arguments.approximate:
        approximate(arguments.data, arguments.size)
    elif arguments.scaling:
        scaling(data, arguments.size)
    else:
        table(data, arguments.size, arguments.rounds)


if __name__ == "__main__":
    main()
