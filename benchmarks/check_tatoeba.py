"""Recompute real Tatoeba scores of the bundled encoder and compare them with published and independently measured ones.

    python benchmarks/check_tatoeba.py --data DIR [--prefix "query: "] [--layers 12] [--dtype float32]

Prints the scores beside the reference, and for every sentence of every language whether the answers equal a
brute-force argmax in float64 over the same vectors. Ends with 1 if a score is off by more than 0.1 points or
an answer differs. The references were measured on the same unpacked weights by a separate script; the mean
without prefix compares with the 86.86 (foreign → English) that mteb publishes for the unquantised weights.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

from harness import evaluate, load_side, load_submission
from harness.cache import cache_folder
from harness.catalog import BY_NAME
from harness.cli.progress import watch
from harness.data import load_examples
from harness.evaluation.story import Options
from harness.models.cache_keys import open_space
from harness.models.checkpoint import fetch
from harness.models.device import choose_device
from harness.records import Result, View

# (prefix, layers) → language or "mean" → (foreign → English, English → foreign), in points.
REFERENCES = {
    ("", 12): {
        "de": (98.5, 97.1),
        "fr": (92.6, 93.7),
        "ja": (87.5, 88.1),
        "sw": (76.4, 81.3),
        "te": (94.0, 94.4),
        "mean": (86.95, 87.18),
    },
    ("query: ", 12): {
        "de": (98.0, 96.2),
        "fr": (92.2, 92.8),
        "ja": (83.2, 84.1),
        "sw": (73.3, 75.9),
        "te": (89.3, 92.7),
        "mean": (85.32, 84.15),
    },
    ("", 9): {"mean": (73.89, 75.13)},
    ("", 6): {"mean": (72.13, 68.80)},
    ("", 3): {"mean": (44.22, 40.26)},
}
TOLERANCE = {"float32": 0.1, "bfloat16": 0.3}
SUBMISSION = """\
schema: 1
title: bundled
family: multilingual-e5
base: {{id: intfloat/multilingual-e5-small}}
intermediate: {{regime: none}}
encoding: {{layer: last, pooling: mean, prefix: "{prefix}", max_length: 512}}
checkpoints: [{{seed: 0, bundled: multilingual-e5-small, layers: {layers}}}]
submitters: [{{name: check}}]
license: MIT
"""


def pairs(result: Result) -> dict[str, tuple[float, float]]:
    """Return per language and for their mean (foreign → English, English → foreign)."""
    scores = result.checkpoints[0].scores
    found = {
        language: (score.secondary["accuracy_to_english"], score.score) for language, score in scores.items()
    }
    foreign, english = np.mean(list(found.values()), axis=0)
    return found | {"mean": (float(foreign), float(english))}


def wrong_answers(folder: Path, result: Result, data: Path, dtype: str) -> int:
    """Count the answers of both directions that differ from a brute-force argmax over the same vectors."""
    checkpoint = result.checkpoints[0]
    submission = load_submission(folder)
    files = fetch(submission.checkpoints[0], folder, cache_folder() / "checkpoints")
    view = View(checkpoint.layer, submission.encoding.pooling)
    space = open_space(
        cache_folder(), files, view, submission.encoding, device=choose_device("auto"), dtype=dtype
    )
    table = load_side(folder).outcomes["tatoeba"].to_pandas()
    wrong = 0
    for language in checkpoint.scores:
        bitext = load_examples(BY_NAME["tatoeba"], language, data)
        foreign, english = (
            space.get(bitext.foreign).astype(np.float64),
            space.get(bitext.english).astype(np.float64),
        )
        rows = table[table.language == language]
        wrong += int(np.sum(np.argmax(english @ foreign.T, axis=1) != rows.answer.to_numpy()))
        wrong += int(np.sum(np.argmax(foreign @ english.T, axis=1) != rows.answer_to_english.to_numpy()))
    return wrong


def main() -> None:
    """Evaluate, compare, print, and end with 1 on a difference."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--prefix", default="")
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--dtype", choices=list(TOLERANCE), default="float32")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "bundled"
        folder.mkdir()
        (folder / "submission.yaml").write_text(
            SUBMISSION.format(prefix=arguments.prefix, layers=arguments.layers)
        )
        with watch("check") as reporter:
            (result,) = evaluate(
                folder, ["tatoeba"], (), Options(data=arguments.data, dtype=arguments.dtype), reporter
            )
        wrong = wrong_answers(folder, result, arguments.data, arguments.dtype)
    found, far = pairs(result), 0
    how = f"{arguments.layers} layers, prefix {arguments.prefix!r}, {arguments.dtype}"
    print(f"{how}: {result.run['seconds']} s for {result.run['encoded_sentences']} sentences")
    for name, reference in REFERENCES[arguments.prefix, arguments.layers].items():
        off = max(abs(a - b) for a, b in zip(found[name], reference, strict=True))
        # A single language may move further in bfloat16; the mean is what must hold.
        far += off > TOLERANCE[arguments.dtype] + 0.005 and (arguments.dtype == "float32" or name == "mean")
        print(
            f"{name:>5}  measured {found[name][0]:.2f}/{found[name][1]:.2f}  reference {reference[0]}/{reference[1]}"
        )
    print(
        f"{wrong} of {2 * sum(score.n for score in result.checkpoints[0].scores.values())} answers differ from brute force"
    )
    sys.exit(bool(far or wrong))


if __name__ == "__main__":
    main()
