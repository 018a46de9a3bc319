"""Search a large made-up collection exactly: memory and time, against faiss's flat index.

Vectors are in a file that is mapped into memory; both read it in blocks. Usage:

    python -m benchmarks.large_collection [PASSAGES] [QUERIES] [WIDTH]
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from harness.data.ir_collection import Collection, Document
from harness.kinds.clir import DocumentScores
from harness.records import TextRole
from harness.retrieval.top_documents import TopDocuments

DEPTH = 1000
_BLOCK = 8192


def write_vectors(path: Path, count: int, width: int) -> NDArray[np.float32]:
    """Write random unit vectors block by block, and return them mapped."""
    vectors = np.lib.format.open_memmap(path, "w+", np.float32, (count, width))
    rng = np.random.default_rng(0)
    for start in range(0, count, _BLOCK):
        block = rng.standard_normal((min(_BLOCK, count - start), width), dtype=np.float32)
        vectors[start : start + len(block)] = block / np.linalg.norm(block, axis=1, keepdims=True)
    vectors.flush()
    return vectors


def resident() -> float:
    """Return the largest memory of this process so far, in MiB, mapped files included."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def anonymous() -> float:
    """Return the memory of this process now, in MiB, without mapped files."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("RssAnon:")[2].split()[0]) / 1024


def main() -> None:
    """Search with both, and print seconds, memory, and how many of faiss's first ten are the same."""
    passages, queries, width = (
        int(value) for value in [*sys.argv[1:], *("1000000", "1000", "512")[len(sys.argv) - 1 :]]
    )
    with tempfile.TemporaryDirectory() as folder:
        vectors = write_vectors(Path(folder) / "passages.npy", passages, width)
        asked = np.array(vectors[:: max(1, passages // queries)][:queries]) + np.float32(0.02)
        asked /= np.linalg.norm(asked, axis=1, keepdims=True)
        documents = {f"d{i}": Document("", str(i)) for i in range(passages)}
        queries_by_id = {f"q{i}": f"q{i}" for i in range(queries)}
        collection = Collection(
            "en-en", queries_by_id, documents, {query: {} for query in queries_by_id}, 0, "made up"
        )

        def encode(texts: Sequence[str], role: TextRole = TextRole.TEXT) -> NDArray[np.float32]:
            return (
                asked if role is TextRole.QUERY else np.asarray(vectors[int(texts[0]) : int(texts[-1]) + 1])
            )

        before, started, largest = anonymous(), time.perf_counter(), 0.0
        scores, top = DocumentScores(collection, encode), TopDocuments(list(documents), queries, DEPTH)
        for block in scores.blocks(scores.documents, "whole"):
            top.add(block.documents, block.scores["whole"])
            largest = max(largest, anonymous())
        seconds = time.perf_counter() - started
        print(f"here: {seconds:.1f} s, {largest - before:.0f} MiB, with the texts {largest:.0f} MiB")
        started = time.perf_counter()
        index = faiss.IndexFlatIP(width)
        for start in range(0, passages, _BLOCK):
            index.add(np.asarray(vectors[start : start + _BLOCK]))
        _, found = index.search(asked, DEPTH)
        print(f"faiss: {time.perf_counter() - started:.1f} s, {anonymous() - before:.0f} MiB with its index")
        same = [
            len({int(name[1:]) for name in top.ranking(i).documents[:10]} & set(found[i, :10].tolist()))
            for i in range(queries)
        ]
        print(
            f"first ten documents that both have: {np.mean(same):.3f}; largest resident {resident():.0f} MiB"
        )


if __name__ == "__main__":
    main()
