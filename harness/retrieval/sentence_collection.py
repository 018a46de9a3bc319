"""Make a test collection of parallel sentences: each query has its translation among many sentences."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.data.text_files import read_lines
from harness.errors import BadInput
from harness.store.files import replace_file


@dataclass(frozen=True)
class SentenceSample:
    """How many queries and documents are drawn of the lines of two files, and with which seed."""

    queries: int = 1000
    documents: int = 100_000
    seed: int = 0


def write_sentence_collection(
    query_file: Path, document_file: Path, folder: Path, sample: SentenceSample
) -> int:
    """Draw parallel lines, and write them into `folder` in BEIR's layout; returns the number of usable pairs.

    A pair is left out if a side is empty, or if its text occurs before on its side, up to white space and
    case: a repeated sentence would have several translations, of which one is judged. Documents are a random
    choice of the pairs that are left, queries the first of them in random order; ids are `q` and `d` with the
    number of the line. Settings of R. Litschko et al. 2022 (arXiv 2112.11031) for Europarl by default. Raises
    BadInput where the files do not have the same lines, or too few pairs are left.
    """
    queries, documents = read_lines(query_file), read_lines(document_file)
    if len(queries) != len(documents):
        raise BadInput(
            f"{query_file} has {len(queries):,} lines, {document_file} has {len(documents):,}",
            cure="take two files of which line i is the same sentence",
        )
    usable = _usable(queries, documents)
    if sample.queries > sample.documents or sample.documents > len(usable):
        raise BadInput(
            f"{sample.queries:,} queries over {sample.documents:,} sentences were asked for, "
            f"of {len(usable):,} different pairs",
            cure=f"--queries up to --documents, and --documents up to {len(usable):,}",
        )
    order = np.random.default_rng(sample.seed).permutation(len(usable))[: sample.documents]
    lines = [usable[i] for i in order]
    asked = lines[: sample.queries]
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    _write_json_lines(folder / "corpus.jsonl", {f"d{line + 1}": documents[line] for line in sorted(lines)})
    _write_json_lines(folder / "queries.jsonl", {f"q{line + 1}": queries[line] for line in sorted(asked)})
    judged = "".join(f"q{line + 1}\td{line + 1}\t1\n" for line in sorted(asked))
    replace_file(folder / "qrels/test.tsv", f"query-id\tcorpus-id\tscore\n{judged}".encode())
    return len(usable)


def _usable(queries: Iterable[str], documents: Iterable[str]) -> list[int]:
    """Return the numbers of the lines that have text and repeat nothing."""
    seen: tuple[set[str], set[str]] = (set(), set())
    usable = []
    for number, pair in enumerate(zip(queries, documents, strict=True)):
        texts = [" ".join(text.casefold().split()) for text in pair]
        repeated = any(text in before for text, before in zip(texts, seen, strict=True))
        for text, before in zip(texts, seen, strict=True):
            before.add(text)
        if all(texts) and not repeated:
            usable.append(number)
    return usable


def _write_json_lines(path: Path, texts: Mapping[str, str]) -> None:
    rows = ({"_id": name, "title": "", "text": text.strip()} for name, text in texts.items())
    replace_file(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())
