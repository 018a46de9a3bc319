"""Write the vectors of two sides for the mining benchmark into a folder: `x.npy`, `y.npy` and `gold.npy`.

    python benchmarks/mining_vectors.py --folder DIR [--data DIR] [--size 100000]

With `--data` the vectors are the bundled model's (12 layers, mean) of distinct real sentences: Tatoeba's
pairs, then XNLI's hypotheses in 14 languages against English sentences of STS-B, SICK, SQuAD, TyDi, PAN-X and
UD. They are encoded through the cache, so that a second run reads them from it. Without `--data`, or with too
few sentences, they are random unit vectors from a fixed seed. `gold[i]` is the row in y of the translation of
x[i], or -1; random vectors have no gold file. The last line of the output describes the vectors.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from harness.cache import cache_folder
from harness.catalog import BY_NAME, TATOEBA_ISO3
from harness.data import load_examples
from harness.data.bitext import Bitext
from harness.models.cache_keys import open_space
from harness.models.checkpoint import verify
from harness.models.checkpoint.bundled import unpack
from harness.models.encoder import Encoder
from harness.models.vector_cache import Vectors
from harness.records import Pooling, TextEncoding, View

LAYERS = 12
HIDDEN = 384


def columns(path: Path, *numbers: int, separator: str = "\t") -> Iterator[str]:
    """Yield the cells of the numbered columns, counted from 0, row by row; short rows lack some."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.reader(
            file, delimiter=separator, quoting=csv.QUOTE_MINIMAL if separator == "," else csv.QUOTE_NONE
        ):
            yield from (row[number] for number in numbers if number < len(row))


def questions(path: Path) -> Iterator[str]:
    """Yield the questions of a file in SQuAD's layout."""
    for article in json.loads(path.read_text("utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            yield from (answered["question"] for answered in paragraph["qas"])


def tagged_sentences(path: Path) -> Iterator[str]:
    """Yield the sentences of a file with one tagged word per line, as words joined by spaces."""
    lines = path.read_text("utf-8").splitlines()
    for blank, group in itertools.groupby(lines, key=lambda line: not line.strip()):
        if not blank:
            yield " ".join(line.split("\t")[0] for line in group)


def english_sentences(data: Path) -> Iterator[str]:
    """Yield English sentences without a translation on the other side."""
    for path in sorted(data.glob("stsb_multi/stsb-en-*.csv")):
        yield from columns(path, 0, 1, separator=",")
    for path in sorted(data.glob("sick/*.txt")):
        yield from columns(path, 1, 2)
    for path in [*sorted(data.glob("squad/*.json")), *sorted(data.glob("tydiqa/*/*.en.*.json"))]:
        yield from questions(path)
    for path in [*sorted(data.glob("panx/*-en.tsv")), *sorted(data.glob("udpos/*-en.tsv"))]:
        yield from tagged_sentences(path)


def foreign_sentences(data: Path) -> Iterator[str]:
    """Yield XNLI's hypotheses of all languages but English."""
    for pattern in ("xnli/test-*.tsv", "xnli/dev-*.tsv"):
        for path in sorted(data.glob(pattern)):
            if not path.stem.endswith("-en"):
                yield from columns(path, 1)


def sentences(data: Path, size: int) -> tuple[list[str], list[str], int]:
    """Return at most `size` distinct sentences per side, foreign and English.

    The third value is the number of rows at the start that are translations of each other.
    """
    foreign: dict[str, None] = {}
    english: dict[str, None] = {}
    for language in TATOEBA_ISO3:
        bitext = load_examples(BY_NAME["tatoeba"], language, data)
        assert isinstance(bitext, Bitext)
        for foreign_text, english_text in zip(bitext.foreign, bitext.english, strict=True):
            if foreign_text not in foreign and english_text not in english:
                foreign[foreign_text] = english[english_text] = None
    pairs = len(foreign)
    for side, opposite, texts in (
        (foreign, english, foreign_sentences(data)),
        (english, foreign, english_sentences(data)),
    ):
        for text in texts:
            if text.strip() and text not in opposite:
                side[text] = None
            if len(side) >= size:
                break
    return list(foreign)[:size], list(english)[:size], min(pairs, size)


def encode(texts: list[str]) -> Vectors:
    """Return the vectors (n, d) of texts; those that the cache lacks are encoded and added to it."""
    view = View(LAYERS, Pooling.MEAN)
    files = verify(unpack(LAYERS, cache_folder() / "checkpoints"), "bundled")
    encoder = Encoder(files, [view], device="cpu", dtype="float32")
    encoding, address = TextEncoding(view, "", encoder.max_length), encoder.address(LAYERS)
    space = open_space(cache_folder(), address, files, view, "", encoding, device="cpu", dtype="float32")
    missing = [text for text in texts if text not in space]
    print(f"{len(texts):,} texts, {len(missing):,} to be encoded", file=sys.stderr, flush=True)
    if missing:
        start = time.perf_counter()
        try:
            encoder.encode(
                missing, sink=lambda _, indices, rows: space.put([missing[i] for i in indices], rows)
            )
        finally:
            space.flush()
        print(f"encoded in {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    return space.get(texts)


def random_vectors(size: int) -> tuple[Vectors, Vectors]:
    """Return two sides of unit vectors (size, 384) without structure, where only rounding decides."""
    rng = np.random.default_rng(0)
    x, y = (rng.normal(size=(size, HIDDEN)).astype(np.float32) for _ in range(2))
    return x / np.linalg.norm(x, axis=1, keepdims=True), y / np.linalg.norm(y, axis=1, keepdims=True)


def write_vectors(data: Path | None, size: int, folder: Path) -> str:
    """Write both sides into the folder, and return their description."""
    if data:
        foreign, english, pairs = sentences(data, size)
        if min(len(foreign), len(english)) >= size:
            vectors = encode(foreign + english)
            # As in a corpus, translations do not have the same row on both sides.
            order = np.random.default_rng(0).permutation(size)
            np.save(folder / "x.npy", vectors[:size][order])
            np.save(folder / "gold.npy", np.where(order < pairs, order, -1))
            np.save(folder / "y.npy", vectors[size:])
            return f"real sentences, {pairs:,} of them translations"
        print(f"only {len(foreign):,} and {len(english):,} sentences", file=sys.stderr)
    for name, side in zip("xy", random_vectors(size), strict=True):
        np.save(folder / f"{name}.npy", side)
    return "seeded vectors"


def main() -> None:
    """Write the vectors, and print their description."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--size", type=int, default=100_000)
    arguments = parser.parse_args()
    print(write_vectors(arguments.data, arguments.size, arguments.folder))


if __name__ == "__main__":
    main()
