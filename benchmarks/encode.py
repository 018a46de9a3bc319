"""Encode the same sentences with stiltboard and with sentence-transformers, which mteb runs; print a table.

    python benchmarks/encode.py [--data DIR] [--repeats 3] [--dtype float32] [--dtype bfloat16] [--dense]

With `--dense` both open the encoder from a folder of sentence-transformers with a Dense layer after it. Each
measurement is a separate process on the same checkpoint with the same number of threads. The contenders
alternate, so that a slow minute of the machine affects all of them. Loading and a warm-up are not timed. With
`--data` the sentences are Tatoeba's (500 pairs each of de, fr, ja, hi), otherwise the demonstration's (500
pairs each of fr, zh, ru, ko).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from safetensors.numpy import save_file

from harness.cache import cache_folder
from harness.catalog import BY_NAME
from harness.data import load_examples
from harness.data.bitext import Bitext
from harness.models.checkpoint import verify
from harness.models.checkpoint.bundled import unpack
from harness.models.device import choose_dtype
from harness.models.encoder import Encoder
from harness.models.encoding_choice import choose_encoding
from harness.models.vector_cache import Vectors
from harness.records import Pooling, SavedEncoding, View

LAYERS, HIDDEN = 12, 384
WARM_UP = 64
PAIRS = 500


class Measurement(NamedTuple):
    """Seconds of encoding, the vectors (n, d), and the numbers of tokens; the peer counts none."""

    seconds: float
    vectors: Vectors
    encoded_tokens: int = 0
    tokens: int = 0


def sentences(data: Path | None) -> list[str]:
    """Return both sides of 500 pairs in each of four languages: 4,000 sentences."""
    name, languages = (
        ("tatoeba", ("de", "fr", "ja", "hi")) if data else ("jupyterlab", ("fr", "zh", "ru", "ko"))
    )
    texts: list[str] = []
    for language in languages:
        bitext = load_examples(BY_NAME[name], language, data)
        assert isinstance(bitext, Bitext)
        texts += [*bitext.foreign[:PAIRS], *bitext.english[:PAIRS]]
    return texts


def checkpoint(*, dense: bool) -> Path:
    """Return the folder of the encoder: the bundled one, or a copy with a pooling and a Dense layer."""
    plain = unpack(LAYERS, cache_folder() / "checkpoints")
    if not dense:
        return plain
    folder = cache_folder() / "benchmarks" / f"{plain.name}-dense"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(plain, folder, copy_function=os.link)
    weights = np.random.default_rng(0).normal(0, 0.05, (HIDDEN, HIDDEN)).astype(np.float32)
    (folder / "2_Dense").mkdir()
    save_file({"linear.weight": weights}, folder / "2_Dense/model.safetensors")
    names = ("Transformer", "Pooling", "Dense", "Normalize")
    paths = ("", *(f"{number}_{name}" for number, name in enumerate(names[1:], start=1)))
    modules = [
        {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{name}"}
        for number, (path, name) in enumerate(zip(paths, names, strict=True))
    ]
    settings = {"in_features": HIDDEN, "out_features": HIDDEN, "bias": False}
    for name, content in {
        "modules.json": modules,
        "sentence_bert_config.json": {"max_seq_length": 512, "do_lower_case": False},
        "1_Pooling/config.json": {"word_embedding_dimension": HIDDEN, "pooling_mode_mean_tokens": True},
        "2_Dense/config.json": settings | {"activation_function": "torch.nn.modules.activation.Tanh"},
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(content))
    return folder


def stiltboard(texts: list[str], dtype: str, _batch: int, folder: Path) -> Measurement:
    """Encode as `stiltboard evaluate` does: each distinct text once."""
    files = verify(folder, "bundled")
    saved = files.folder_encoding is not None
    view = choose_encoding(SavedEncoding(), files).view if saved else View(LAYERS, Pooling.MEAN)
    encoder = Encoder(files, [view], dtype=dtype)
    encoder.encode(texts[:WARM_UP], sink=lambda view, indices, vectors: None)
    start = time.perf_counter()
    row_of = {text: row for row, text in enumerate(dict.fromkeys(texts))}
    distinct = np.empty((len(row_of), encoder.width(view)), np.float32)
    report = encoder.encode(
        list(row_of), sink=lambda view, indices, vectors: distinct.__setitem__(indices, vectors)
    )
    vectors = distinct[[row_of[text] for text in texts]]
    seconds = time.perf_counter() - start
    return Measurement(seconds, vectors, report.tokens, sum(map(len, encoder.tokenize(texts))))


def sentence_transformers(texts: list[str], dtype: str, batch: int, folder: Path) -> Measurement:
    """Encode as mteb does: SentenceTransformer.encode with mean pooling and normalisation."""
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - only in the peer's process
    from sentence_transformers.sentence_transformer.modules import Normalize, Transformer  # noqa: PLC0415
    from sentence_transformers.sentence_transformer.modules import Pooling as Pool  # noqa: PLC0415

    loading = {"dtype": getattr(torch, dtype)}
    if (folder / "modules.json").is_file():
        model = SentenceTransformer(str(folder), device="cpu", model_kwargs=loading)
    else:
        transformer = Transformer(str(folder), max_seq_length=512, model_kwargs=loading)
        modules = [transformer, Pool(transformer.get_embedding_dimension(), "mean"), Normalize()]
        model = SentenceTransformer(modules=modules, device="cpu")
    model.encode(texts[:WARM_UP], batch_size=batch)
    start = time.perf_counter()
    vectors = model.encode(texts, batch_size=batch)
    return Measurement(time.perf_counter() - start, np.asarray(vectors, np.float32))


def peak(dtype: str) -> float:
    """Return the highest GFLOP/s of matrix products of the encoder's shapes.

    One single-threaded product runs per core, as in the encoder's workers.
    """
    threads, products = torch.get_num_threads(), 40 if dtype == "float32" else 8
    best = 0.0
    with ThreadPoolExecutor(threads, initializer=lambda: torch.set_num_threads(1)) as pool:
        for rows, inner, columns in ((1024, 384, 1536), (1024, 1536, 384), (1024, 384, 384)):
            pairs = [
                (
                    torch.randn(rows, inner).to(getattr(torch, dtype)),
                    torch.randn(columns, inner).to(getattr(torch, dtype)),
                )
                for _ in range(threads)
            ]

            def repeat(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
                with torch.inference_mode():
                    for _ in range(products):
                        torch.nn.functional.linear(*pair)

            for _ in range(3):
                start = time.perf_counter()
                list(pool.map(repeat, pairs))
                operations = 2 * rows * inner * columns * products * threads
                best = max(best, operations / (time.perf_counter() - start) / 1e9)
    return best


CONTENDERS: dict[str, tuple[Callable[[list[str], str, int, Path], Measurement], int]] = {
    "stiltboard": (stiltboard, 0),
    "sentence-transformers, batch 32": (sentence_transformers, 32),
    "sentence-transformers, batch 128": (sentence_transformers, 128),
}
Figures = dict[tuple[str, str], list[dict[str, float]]]
"""The figures of each round, by contender and dtype."""


def measure(name: str, dtype: str, data: Path | None, out: Path, folder: Path) -> dict[str, float]:
    """Run one measurement in a separate process, which writes the vectors to `out`."""
    command = [sys.executable, __file__, "--worker", name, "--dtype", dtype, "--out", str(out)]
    command += ["--checkpoint", str(folder)]
    if data:
        command += ["--data", str(data)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    figures: dict[str, float] = json.loads(output.splitlines()[-1])
    return figures


def worker(name: str, dtype: str, data: Path | None, out: Path, folder: Path) -> None:
    """Measure one contender and print the figures as JSON."""
    run, batch = CONTENDERS[name]
    measurement = run(sentences(data), dtype, batch, folder)
    np.save(out, measurement.vectors)
    print(
        json.dumps(
            {
                "seconds": measurement.seconds,
                "encoded_tokens": measurement.encoded_tokens,
                "tokens": measurement.tokens,
                "peak": peak(dtype) if run is stiltboard else 0.0,
            }
        )
    )


def main() -> None:
    """Measure the contenders in turn and print the table in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--dtype", action="append", choices=["float32", "bfloat16"])
    parser.add_argument("--dense", action="store_true")
    parser.add_argument("--checkpoint", type=Path, help="used by the benchmark itself")
    parser.add_argument("--worker", choices=list(CONTENDERS), help="used by the benchmark itself")
    parser.add_argument("--out", type=Path, help="used by the benchmark itself")
    arguments = parser.parse_args()
    if arguments.worker:
        worker(arguments.worker, arguments.dtype[0], arguments.data, arguments.out, arguments.checkpoint)
        return
    encoder = checkpoint(dense=arguments.dense)
    native = choose_dtype("auto", "cpu") == "bfloat16"
    dtypes = arguments.dtype or (["float32", "bfloat16"] if native else ["float32"])
    figures: Figures = {}
    vectors: dict[tuple[str, str], Vectors] = {}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "vectors.npy"
        for _ in range(arguments.repeats):
            for dtype in dtypes:
                for name in CONTENDERS:
                    figures.setdefault((name, dtype), []).append(
                        measure(name, dtype, arguments.data, out, encoder)
                    )
                    vectors[name, dtype] = np.load(out)
    report(figures, vectors, dtypes, native)


def report(
    figures: Figures, vectors: dict[tuple[str, str], Vectors], dtypes: list[str], native: bool
) -> None:
    """Print medians, ratios within this run, and the smallest cosine between vectors of two contenders."""
    bfloat16 = "native" if native else "emulated"
    print(
        f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}, "
        f"bfloat16 {bfloat16}; medians\n"
    )
    print(
        "| dtype | contender | seconds | all | times ours | share of the matrix-product peak "
        "| least cosine with ours |"
    )
    print("| :-- | :-- | --: | :-- | --: | --: | --: |")
    body = verify(unpack(LAYERS, cache_folder() / "checkpoints"), "bundled").parameters.body
    for dtype in dtypes:
        reference = vectors["stiltboard", dtype]
        base = median(figures, "stiltboard", dtype)
        best = median(figures, "stiltboard", dtype, "peak")
        encoded = figures["stiltboard", dtype][0]["encoded_tokens"]
        for name in CONTENDERS:
            seconds = median(figures, name, dtype)
            # Two operations per weight and token. The peer encodes repeated sentences again, which does not
            # count as useful work.
            share = f"{2 * body * encoded / seconds / 1e9 / best:.0%} of {best:.0f} GFLOP/s"
            cosine = float(np.min(np.einsum("nd,nd->n", reference, vectors[name, dtype])))
            rounds = ", ".join(f"{row['seconds']:.1f}" for row in figures[name, dtype])
            print(
                f"| {dtype} | {name} | {seconds:.1f} | {rounds} | {seconds / base:.2f} "
                f"| {share} | {cosine:.6f} |"
            )
    default = median(figures, "sentence-transformers, batch 32", dtypes[0])
    fastest = min(median(figures, "stiltboard", dtype) for dtype in dtypes)
    first = figures["stiltboard", dtypes[0]][0]
    print(f"\n{int(first['tokens']):,} tokens, {int(first['encoded_tokens']):,} of them distinct sentences'.")
    print(f"From its default ({dtypes[0]}, batch 32) to our fastest dtype: {default / fastest:.2f} times.")


def median(figures: Figures, name: str, dtype: str, figure: str = "seconds") -> float:
    """Return the median of one figure over the rounds."""
    return statistics.median(row[figure] for row in figures[name, dtype])


if __name__ == "__main__":
    main()
