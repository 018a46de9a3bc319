"""Encode the same sentences with stiltboard and with sentence-transformers (what mteb runs), and print a table.

    python benchmarks/encode.py [--data DIR] [--repeats 3] [--dtype float32] [--dtype bfloat16]

Every measurement is a process of its own, on the same checkpoint and as many threads; contenders take turns,
so that a slow minute of the machine meets all of them. The time is that of encoding: loading and a warm-up
come before. With `--data` the sentences are Tatoeba's (500 each of de, fr, ja, hi, both sides), otherwise the
demonstration's (500 each of fr, zh, ru, ko).
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from harness.cache import cache_folder
from harness.catalog import BY_NAME
from harness.data import load_examples
from harness.models.checkpoint import verify
from harness.models.checkpoint.bundled import unpack
from harness.models.device import choose_dtype
from harness.models.encoder import Encoder
from harness.records import Pooling, View

LAYERS = 12
WARM_UP = 64


def sentences(data: Path | None) -> list[str]:
    """Return 4,000 sentences: 500 pairs of four languages."""
    name, languages = (
        ("tatoeba", ("de", "fr", "ja", "hi")) if data else ("jupyterlab", ("fr", "zh", "ru", "ko"))
    )
    texts = []
    for language in languages:
        bitext = load_examples(BY_NAME[name], language, data).first(500)
        texts += [*bitext.foreign, *bitext.english]
    return texts


def ours(texts: list[str], dtype: str, _batch: int) -> tuple[float, np.ndarray, int, int]:
    """Encode as `stiltboard evaluate` does."""
    view = View(LAYERS, Pooling.MEAN)
    encoder = Encoder(verify(unpack(LAYERS, cache_folder() / "checkpoints"), "bundled"), [view], dtype=dtype)
    encoder.encode(texts[:WARM_UP], sink=lambda view, indices, vectors: None)
    start = time.perf_counter()
    distinct = {text: row for row, text in enumerate(dict.fromkeys(texts))}
    found = np.empty((len(distinct), encoder.hidden_size), np.float32)
    report = encoder.encode(
        list(distinct), sink=lambda view, indices, vectors: found.__setitem__(indices, vectors)
    )
    vectors = found[[distinct[text] for text in texts]]
    return time.perf_counter() - start, vectors, report.tokens, sum(map(len, encoder.tokenize(texts)))


def theirs(texts: list[str], dtype: str, batch: int) -> tuple[float, np.ndarray, int, int]:
    """Encode as mteb does: SentenceTransformer.encode with mean pooling and normalisation."""
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - the peer, in its own process
    from sentence_transformers.sentence_transformer.modules import Normalize, Transformer  # noqa: PLC0415
    from sentence_transformers.sentence_transformer.modules import Pooling as Pool  # noqa: PLC0415

    folder = str(unpack(LAYERS, cache_folder() / "checkpoints"))
    transformer = Transformer(folder, max_seq_length=512, model_kwargs={"dtype": getattr(torch, dtype)})
    modules = [transformer, Pool(transformer.get_embedding_dimension(), "mean"), Normalize()]
    model = SentenceTransformer(modules=modules, device="cpu")
    model.encode(texts[:WARM_UP], batch_size=batch)
    start = time.perf_counter()
    vectors = model.encode(texts, batch_size=batch)
    return time.perf_counter() - start, np.asarray(vectors, np.float32), 0, 0


def peak(dtype: str) -> float:
    """Return the best matrix product of the encoder's own shapes in GFLOP/s, two single threads side by side as we run them."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    threads = torch.get_num_threads()
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
                    for _ in range(40 if dtype == "float32" else 8):
                        torch.nn.functional.linear(*pair)

            for _ in range(3):
                start = time.perf_counter()
                list(pool.map(repeat, pairs))
                flops = 2 * rows * inner * columns * (40 if dtype == "float32" else 8) * threads
                best = max(best, flops / (time.perf_counter() - start) / 1e9)
    return best


CONTENDERS: dict[str, tuple[Callable[..., tuple[float, np.ndarray, int, int]], int]] = {
    "stiltboard": (ours, 0),
    "sentence-transformers, batch 32": (theirs, 32),
    "sentence-transformers, batch 128": (theirs, 128),
}


def measure(name: str, dtype: str, data: Path | None, out: Path) -> dict[str, float]:
    """Run one measurement in a process of its own; the vectors land in `out`."""
    command = [sys.executable, __file__, "--worker", name, "--dtype", dtype, "--out", str(out)]
    if data:
        command += ["--data", str(data)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, float] = json.loads(output.splitlines()[-1])
    return found


def worker(name: str, dtype: str, data: Path | None, out: Path) -> None:
    """Measure one contender and print the figures as JSON."""
    run, batch = CONTENDERS[name]
    seconds, vectors, encoded, asked = run(sentences(data), dtype, batch)
    np.save(out, vectors)
    print(
        json.dumps(
            {
                "seconds": seconds,
                "encoded_tokens": encoded,
                "tokens": asked,
                "peak": peak(dtype) if run is ours else 0.0,
            }
        )
    )


def main() -> None:
    """Measure every contender in turn and print the table in Markdown."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--dtype", action="append", choices=["float32", "bfloat16"])
    parser.add_argument("--worker")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    if arguments.worker:
        worker(arguments.worker, arguments.dtype[0], arguments.data, arguments.out)
        return
    native = choose_dtype("auto", "cpu") == "bfloat16"
    dtypes = arguments.dtype or (["float32", "bfloat16"] if native else ["float32"])
    figures: dict[tuple[str, str], list[dict[str, float]]] = {}
    vectors: dict[tuple[str, str], np.ndarray] = {}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "vectors.npy"
        for _ in range(arguments.repeats):
            for dtype in dtypes:
                for name in CONTENDERS:
                    figures.setdefault((name, dtype), []).append(measure(name, dtype, arguments.data, out))
                    vectors[name, dtype] = np.load(out)
    report(figures, vectors, dtypes, native)


def report(
    figures: dict[tuple[str, str], list[dict[str, float]]],
    vectors: dict[tuple[str, str], np.ndarray],
    dtypes: list[str],
    native: bool,
) -> None:
    """Print medians, ratios within this run, and how far the vectors of two contenders are apart."""
    threads = torch.get_num_threads()
    print(
        f"{platform.machine()}, {threads} threads, torch {torch.__version__}, bfloat16 {'native' if native else 'emulated'}; medians\n"
    )
    print(
        "| dtype | contender | seconds | all | times ours | share of the matrix-product peak | least cosine with ours |"
    )
    print("| :-- | :-- | --: | :-- | --: | --: | --: |")
    body = verify(unpack(LAYERS, cache_folder() / "checkpoints"), "bundled").parameters.body
    for dtype in dtypes:
        reference = vectors["stiltboard", dtype]
        base = statistics.median(row["seconds"] for row in figures["stiltboard", dtype])
        best = statistics.median(row["peak"] for row in figures["stiltboard", dtype])
        encoded = figures["stiltboard", dtype][0]["encoded_tokens"]
        for name in CONTENDERS:
            seconds = [row["seconds"] for row in figures[name, dtype]]
            median = statistics.median(seconds)
            # Two operations a weight and token; theirs encode the repeated sentences again, which is not
            # useful work.
            share = f"{2 * body * encoded / median / 1e9 / best:.0%} of {best:.0f} GFLOP/s"
            cosine = float(np.min(np.einsum("nd,nd->n", reference, vectors[name, dtype])))
            times = ", ".join(f"{s:.1f}" for s in seconds)
            print(
                f"| {dtype} | {name} | {median:.1f} | {times} | {median / base:.2f} | {share} | {cosine:.6f} |"
            )
    default = statistics.median(
        row["seconds"] for row in figures["sentence-transformers, batch 32", dtypes[0]]
    )
    fastest = min(
        statistics.median(row["seconds"] for row in figures["stiltboard", dtype]) for dtype in dtypes
    )
    first = figures["stiltboard", dtypes[0]][0]
    print(f"\n{int(first['tokens']):,} tokens, {int(first['encoded_tokens']):,} of them distinct sentences'.")
    print(f"From its default ({dtypes[0]}, batch 32) to our fastest dtype: {default / fastest:.2f} times.")


if __name__ == "__main__":
    main()
