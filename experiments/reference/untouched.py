"""Print what the encoders know of STS-B before any training: Spearman's ρ of the cosine with the gold score, by depth.

python experiments/reference/untouched.py --data DIR
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from harness.cache import cache_folder
from harness.data.similarity import ScoredPairs, stsb_dev
from harness.models.checkpoint import verify
from harness.models.checkpoint.bundled import unpack
from harness.models.encoder import Encoder
from harness.records import Pooling, View
from harness.scoring.metrics.spearman import spearman

DEPTHS = (2, 4, 6, 8, 10, 12)
LANGUAGES = ("en", "de", "es", "fr", "it", "ja", "nl", "pl", "pt", "ru", "zh")


def main() -> None:
    """Encode every sentence once, all depths from the same pass, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data
    pairs = {language: stsb_dev(language, data) for language in LANGUAGES}
    texts = list(
        dict.fromkeys(
            text
            for each in pairs.values()
            for side in (each.first_sentences, each.second_sentences)
            for text in side
        )
    )
    views = {depth: View(depth, Pooling.MEAN) for depth in DEPTHS}
    encoder = Encoder(
        verify(unpack(max(DEPTHS), cache_folder() / "checkpoints"), "bundled"),
        list(views.values()),
        dtype="float32",
    )
    vectors = {view: np.zeros((len(texts), encoder.hidden_size), np.float32) for view in views.values()}

    def keep(view: View, indices: object, batch: object) -> None:
        vectors[view][indices] = batch

    encoder.encode(texts, sink=keep)
    places = {text: i for i, text in enumerate(texts)}
    print("| layers | English | mean of the other ten |\n| :-- | --: | --: |")
    for depth, view in views.items():
        found = {
            language: 100 * cosine_spearman(each, vectors[view], places) for language, each in pairs.items()
        }
        others = [score for language, score in found.items() if language != "en"]
        print(f"| {depth} | {found['en']:.1f} | {np.mean(others):.1f} |")


def cosine_spearman(pairs: ScoredPairs, vectors: np.ndarray, places: dict[str, int]) -> float:
    """Return ρ of the cosine of two sentences' vectors and their gold score."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    first, second = (
        unit[[places[text] for text in side]] for side in (pairs.first_sentences, pairs.second_sentences)
    )
    return spearman((first * second).sum(axis=1), np.asarray(pairs.scores))


if __name__ == "__main__":
    main()
