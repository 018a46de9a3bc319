"""Print how well the untrained encoders solve STS-B: Spearman's ρ of cosine and gold score, by depth.

python experiments/reference/untouched.py --data DIR
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from harness.cache import cache_folder
from harness.data.similarity import ScoredPairs, stsb_dev
from harness.models.batching import Indices
from harness.models.checkpoint import verify
from harness.models.checkpoint.bundled import unpack
from harness.models.encoder import Encoder
from harness.models.vector_cache import Vectors
from harness.records import Pooling, View
from harness.scoring.metrics.spearman import spearman

DEPTHS = (2, 4, 6, 8, 10, 12)
LANGUAGES = ("en", "de", "es", "fr", "it", "ja", "nl", "pl", "pt", "ru", "zh")


def main() -> None:
    """Encode every sentence once, for all depths in the same passes, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data
    pairs = {language: stsb_dev(language, data) for language in LANGUAGES}
    texts = list(
        dict.fromkeys(text for scored in pairs.values() for side in scored.sides.values() for text in side)
    )
    views = {depth: View(depth, Pooling.MEAN) for depth in DEPTHS}
    encoder = Encoder(
        verify(unpack(max(DEPTHS), cache_folder() / "checkpoints"), "bundled"),
        list(views.values()),
        dtype="float32",
    )
    vectors = {view: np.zeros((len(texts), encoder.hidden_size), np.float32) for view in views.values()}

    def store(view: View, indices: Indices, batch: Vectors) -> None:
        vectors[view][indices] = batch

    encoder.encode(texts, sink=store)
    row_of = {text: row for row, text in enumerate(texts)}
    print("| layers | English | mean of the other ten |\n| :-- | --: | --: |")
    for depth, view in views.items():
        scores = {
            language: 100 * cosine_spearman(scored, vectors[view], row_of)
            for language, scored in pairs.items()
        }
        foreign = [score for language, score in scores.items() if language != "en"]
        print(f"| {depth} | {scores['en']:.1f} | {np.mean(foreign):.1f} |")


def cosine_spearman(pairs: ScoredPairs, vectors: Vectors, row_of: dict[str, int]) -> float:
    """Return ρ of the pairs' cosines and gold scores; row_of[text] is its row in the vectors (n, d)."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    first, second = (unit[[row_of[text] for text in side]] for side in pairs.sides.values())
    return spearman((first * second).sum(axis=1), np.asarray(pairs.scores))


if __name__ == "__main__":
    main()
