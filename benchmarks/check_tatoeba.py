"""Recompute the bundled encoder's scores on Tatoeba, and compare them with published and measured ones.

    python benchmarks/check_tatoeba.py --data DIR [--prefix "query: "] [--layers 12] [--dtype float32]

Prints the scores next to the references, and the number of answers that differ from a brute-force argmax in
float64 over the same vectors, in all languages. Exits with 1 if a score differs by more than 0.1 points, or
an answer differs. The references were measured on the same unpacked weights by a separate script; the mean
without prefix is comparable with the 86.86 (foreign → English) that mteb publishes for the unquantised
weights.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

from harness.cache import cache_folder
from harness.catalog import BY_NAME
from harness.cli.progress import watch
from harness.data import load_examples
from harness.data.bitext import Bitext
from harness.evaluation.embeddings import CheckpointEncoder
from harness.evaluation.run import Run
from harness.evaluation.story import Options, evaluate
from harness.models.checkpoint import fetch
from harness.models.device import choose_device
from harness.models.encoding_choice import choose_encoding
from harness.records import Result, Submission
from harness.reporter import Silent
from harness.scoring.outcomes import cells
from harness.store import load_outcomes, load_submission

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


def both_directions(result: Result) -> dict[str, tuple[float, float]]:
    """Return (foreign → English, English → foreign) by language, and their mean as "mean", in points."""
    scores = {
        language: (score.secondary["accuracy_to_english"], score.score)
        for language, score in result.checkpoints[0].scores.items()
    }
    to_english, from_english = np.mean(list(scores.values()), axis=0)
    return scores | {"mean": (float(to_english), float(from_english))}


def wrong_answers(folder: Path, result: Result, data: Path, dtype: str) -> int:
    """Count the answers of both directions that differ from a brute-force argmax over the same vectors."""
    checkpoint = result.checkpoints[0]
    submission = load_submission(folder)
    assert isinstance(submission, Submission)
    files = fetch(submission.checkpoints[0], folder, cache_folder() / "checkpoints")
    encoding = choose_encoding(submission.encoding, files)
    run = Run(folder, submission, Options(), Silent(), choose_device("auto"), dtype)
    spaces = CheckpointEncoder([encoding.view], files, encoding, run).open_spaces([encoding.prefix])
    (space,) = spaces.values()
    rows_of = cells(load_outcomes(folder / "results" / "tatoeba.yaml", result))
    wrong = 0
    for language in checkpoint.scores:
        bitext = load_examples(BY_NAME["tatoeba"], language, data)
        assert isinstance(bitext, Bitext)
        foreign, english = (space.get(side).astype(np.float64) for side in (bitext.foreign, bitext.english))
        rows = rows_of[checkpoint.seed, language]
        wrong += int(np.sum(np.argmax(english @ foreign.T, axis=1) != rows["answer"].to_numpy()))
        wrong += int(np.sum(np.argmax(foreign @ english.T, axis=1) != rows["answer_to_english"].to_numpy()))
    return wrong


def main() -> None:
    """Evaluate, compare, print, and exit with 1 on a difference."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--prefix", default="")
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--dtype", choices=list(TOLERANCE), default="float32")
    arguments = parser.parse_args()
    if (arguments.prefix, arguments.layers) not in REFERENCES:
        parser.error(f"no reference; (prefix, layers) may be {', '.join(map(str, REFERENCES))}")
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
    scores, deviations = both_directions(result), 0
    settings = f"{arguments.layers} layers, prefix {arguments.prefix!r}, {arguments.dtype}"
    print(f"{settings}: {result.runs[-1].seconds} s for {result.runs[-1].encoded_sentences} sentences")
    for name, reference in REFERENCES[arguments.prefix, arguments.layers].items():
        measured = scores[name]
        deviation = max(abs(a - b) for a, b in zip(measured, reference, strict=True))
        # In bfloat16 a single language may differ by more; only the mean has to agree.
        if arguments.dtype == "float32" or name == "mean":
            deviations += deviation > TOLERANCE[arguments.dtype] + 0.005
        print(
            f"{name:>5}  measured {measured[0]:.2f}/{measured[1]:.2f}  "
            f"reference {reference[0]}/{reference[1]}"
        )
    answers = 2 * sum(score.n for score in result.checkpoints[0].scores.values())
    print(f"{wrong} of {answers} answers differ from brute force")
    sys.exit(bool(deviations or wrong))


if __name__ == "__main__":
    main()
