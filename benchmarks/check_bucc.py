"""Recompute BUCC 2018 zh-en dev on raw files; compare with a reference and with a slow implementation.

    python -m benchmarks.check_bucc --data DIR

The reference was measured on the same weights by a separate script ("query: ", ratio margin, oracle
threshold). The slow implementation is in slow_mining.py, which the tests use too: plain loops over ids, here
with neighbours found row by row in float64.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.slow_mining import Neighbourhoods, slow_pairs, slow_scores
from harness.cache import cache_folder
from harness.catalog import BY_NAME
from harness.data import load_examples
from harness.data.bucc import Comparable
from harness.evaluation.embeddings import distinct_texts, encode_missing
from harness.evaluation.run import Options, Run
from harness.kinds import mining
from harness.models.checkpoint import fetch
from harness.models.encoding_choice import choose_encoding
from harness.models.vector_cache import Vectors, VectorSpace
from harness.records import Margin, Mining, Submission
from harness.reporter import Silent
from harness.scoring.tables import TABLES

# F1, precision, recall, mined pairs.
REFERENCE = (87.45, 91.14, 84.05, 237)
TOLERANCE = 0.1
NEIGHBOURS = 4
POLICIES = (
    Mining(),
    Mining(keep_duplicates=True),
    Mining(margin=Margin.DISTANCE),
    Mining(margin=Margin.ABSOLUTE),
)
SUBMISSION = Submission.model_validate(
    {
        "schema": 1,
        "title": "bundled",
        "family": "multilingual-e5",
        "base": {"id": "intfloat/multilingual-e5-small"},
        "intermediate": {"regime": "none"},
        "encoding": {"layer": "last", "pooling": "mean", "prefix": "query: "},
        "checkpoints": [{"bundled": "multilingual-e5-small", "layers": 12}],
        "submitters": [{"name": "check"}],
        "license": "MIT",
    }
)


def main() -> None:
    """Print a table, and fail where a number differs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    examples = load_examples(BY_NAME["bucc2018_dev"], "zh", parser.parse_args().data)
    assert isinstance(examples, Comparable)
    if differences := check(examples, encode(examples)):
        sys.exit("\n".join(differences))


def check(examples: Comparable, space: VectorSpace) -> list[str]:
    """Print the table of all policies, and return what differs, a line each."""
    target, split = BY_NAME["bucc2018_dev"], examples.splits["dev"]
    gold = set(split.gold)
    neighbourhoods: dict[str, Neighbourhoods] = {}

    def neighbours(queries: list[str], pool: list[str]) -> Neighbourhoods:
        if queries[0] not in neighbourhoods:  # searched once per side, for all policies
            neighbourhoods[queries[0]] = row_by_row(queries, pool, space.get)
        return neighbourhoods[queries[0]]

    print("| margin | duplicates | F1 | precision | recall | pairs | slow implementation |")
    print("| :-- | :-- | --: | --: | --: | --: | :-- |")
    differences = []
    for policy in POLICIES:
        score = TABLES["mining"].score(target, mining.run(target.with_mining(policy), examples, space.get))
        secondary, mined = score.secondary, int(score.quantities["mined"])
        ours = (score.score, secondary["precision"], secondary["recall"], mined)
        pairs = slow_pairs(
            split.foreign, split.english, neighbours, policy.margin.value, policy.keep_duplicates
        )
        slow = slow_scores(pairs, gold, pairs, gold)
        if ours != slow:
            differences.append(f"{policy}: {ours} differs from the slow implementation's {slow}")
        duplicates = "kept" if policy.keep_duplicates else "dropped"
        agreement = "equal" if ours == slow else f"**{slow}**"
        points = " | ".join(f"{value:.2f}" for value in ours[:3])
        print(f"| {policy.margin.value} | {duplicates} | {points} | {mined} | {agreement} |")
        if policy == Mining() and any(abs(a - b) > TOLERANCE for a, b in zip(ours, REFERENCE, strict=True)):
            differences.append(f"{ours} differs from the reference {REFERENCE} by more than {TOLERANCE}")
    return differences


def encode(examples: Comparable) -> VectorSpace:
    """Encode the texts that the cache lacks, and return the space of the declared view."""
    files = fetch(SUBMISSION.checkpoints[0], Path(), cache_folder() / "checkpoints")
    run = Run(Path(), SUBMISSION, Options(), Silent(), "cpu", "float32")
    encoding = choose_encoding(SUBMISSION.encoding, files)
    texts = distinct_texts([examples], encoding)
    (space,) = encode_missing(texts, [encoding.view], files, encoding, run).spaces.values()
    return space


def row_by_row(
    queries: Sequence[str], pool: Sequence[str], get: Callable[[Sequence[str]], Vectors]
) -> Neighbourhoods:
    """Return each query's 4 nearest texts of the pool, by float64 products of one query at a time."""
    query_vectors, pool_vectors = get(queries).astype(np.float64), get(pool).astype(np.float64)
    neighbourhoods: Neighbourhoods = {}
    for text, vector in zip(queries, query_vectors, strict=True):
        products = pool_vectors @ vector
        # More than 4, since rounded products may tie.
        candidates = np.argpartition(-products, 16)[:16].tolist()
        best = sorted(candidates, key=lambda i: (-round(products[i], 11), i))[:NEIGHBOURS]
        neighbourhoods[text] = [(pool[i], float(products[i])) for i in best]
    return neighbourhoods


if __name__ == "__main__":
    main()
