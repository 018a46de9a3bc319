"""Recompute BUCC 2018 zh-en dev on raw files, and compare with a reference and with a slow implementation of the mining.

    python -m benchmarks.check_bucc --data DIR

The reference was measured on the same weights by a separate script ("query: ", ratio margin, oracle
threshold). The slow implementation is in slow_mining.py, which the tests use too: plain loops over ids, here
with neighbours found row by row in float64.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from benchmarks.slow_mining import slow_pairs, slow_scores
from harness.cache import cache_folder
from harness.catalog import BY_NAME
from harness.data import load_examples
from harness.evaluation.embeddings import declared_view, distinct_texts, encode_missing
from harness.evaluation.run import Options, Run
from harness.kinds import mining
from harness.models.checkpoint import fetch
from harness.records import Checkpoint, Encoding, Margin, Mining, Pooling, Submission
from harness.reporter import Silent
from harness.scoring.tables import TABLES

# F1, precision, recall, mined pairs.
REFERENCE = (87.45, 91.14, 84.05, 237)
TOLERANCE = 0.1


def main() -> None:
    """Print a table and fail where a number differs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data
    target = BY_NAME["bucc2018_dev"]
    examples = load_examples(target, "zh", data)
    space = vectors_of(examples)
    split = examples.splits["dev"]
    near: dict[str, dict[str, list[tuple[str, float]]]] = {}

    def rows(own: list[str], others: list[str]) -> dict[str, list[tuple[str, float]]]:
        if own[0] not in near:
            near[own[0]] = row_by_row(own, others, space.get)
        return near[own[0]]

    print("| margin | duplicates | F1 | precision | recall | pairs | slow implementation |")
    print("| :-- | :-- | --: | --: | --: | --: | :-- |")
    wrong = []
    for policy in (
        Mining(),
        Mining(keep_duplicates=True),
        Mining(margin=Margin.DISTANCE),
        Mining(margin=Margin.ABSOLUTE),
    ):
        score = TABLES["mining"].score(target, mining.run(target.with_mining(policy), examples, space.get))
        ours = (
            score.score,
            score.secondary["precision"],
            score.secondary["recall"],
            int(score.quantities["mined"]),
        )
        pairs = slow_pairs(split.foreign, split.english, rows, policy.margin.value, policy.keep_duplicates)
        slow = slow_scores(pairs, set(split.gold), pairs, set(split.gold))
        wrong += [f"{policy}: {ours} differs from the slow implementation's {slow}"] if ours != slow else []
        kept = "kept" if policy.keep_duplicates else "dropped"
        cells = [
            *(f"{value:.2f}" for value in ours[:3]),
            f"{ours[3]}",
            "equal" if ours == slow else f"**{slow}**",
        ]
        print(f"| {policy.margin.value} | {kept} | {' | '.join(cells)} |")
        if policy == Mining() and any(abs(a - b) > TOLERANCE for a, b in zip(ours, REFERENCE, strict=True)):
            wrong.append(f"{ours} differs from the reference {REFERENCE} by more than {TOLERANCE}")
    if wrong:
        sys.exit("\n".join(wrong))


def vectors_of(examples):
    """Encode what is missing in the cache, and return the space of the declared view."""
    checkpoint = Checkpoint(bundled="multilingual-e5-small", layers=12)
    encoding = Encoding(layer="last", pooling=Pooling.MEAN, prefix="query: ")
    files = fetch(checkpoint, Path(), cache_folder() / "checkpoints")
    submission = Submission.model_construct(encoding=encoding, checkpoints=(checkpoint,))
    run = Run(Path(), submission, Options(), Silent(), "cpu", "float32")
    view = declared_view(encoding, files)
    return encode_missing(distinct_texts([examples]), [view], files, run).spaces[view]


def row_by_row(own, others, get):
    """Return each text's 4 nearest others with their products, one row of float64 products at a time."""
    queries, pool = get(own).astype(np.float64), get(others).astype(np.float64)
    found = {}
    for text, query in zip(own, queries, strict=True):
        products = pool @ query
        best = sorted(
            np.argpartition(-products, 16)[:16].tolist(), key=lambda i: (-round(products[i], 11), i)
        )[:4]
        found[text] = [(others[i], float(products[i])) for i in best]
    return found


if __name__ == "__main__":
    main()
