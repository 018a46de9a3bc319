"""Compare two submissions on nine targets from a cold start, and against a plain Python loop, and print a table.

    python benchmarks/diff.py [--rounds 5]

The two are made up here, with as many examples as the raw sets have (where a test set's size is not known
offline, its dev set's, or 1,000 sentences a language), and outcomes as the harness writes them. `stiltboard
diff` is timed as a user runs it, start and reading included. The peer does in plain Python what the
statistics do for the same intervals: draw the examples of each language with replacement, in pairs, and score
both sides again. It is timed over 3 of the 10,000 replicates, and its time multiplied.

Expected: 162 cells × 10,000 replicates × a few numbers each, about 10⁷ random draws of 50 ns and as many
products, below a second; the loop draws every example, 400,000 × 10,000 = 4 · 10⁹ at 100 ns, several minutes
at the least.
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from harness.catalog import BY_NAME, TARGETS
from harness.comparison.compare import compare
from harness.records import CheckpointScores, Outcomes, Parameters, Result, Score, Target
from harness.scoring.outcomes import cells
from harness.scoring.recount import recount
from harness.scoring.statistics.multilevel import REPLICATES
from harness.scoring.tables import units
from harness.store import load_outcomes, load_result, load_side, write_result

LOOP_REPLICATES = 3
SUBMISSION = """schema: 1
title: {name}
family: made-up
base: {{id: example/base}}
intermediate: {{regime: none}}
encoding: {{layer: last, pooling: mean}}
checkpoints: [{{seed: 0, path: checkpoint}}]
submitters: [{{name: The benchmark}}]
license: MIT
"""


def size(target: Target, language: str) -> int:
    """Return how many examples a language has."""
    dev = BY_NAME.get(f"{target.name}_dev")
    return target.sizes.get(language) or (dev.sizes.get(language) if dev else None) or 1000


def outcomes(target: Target, language: str, rng: np.random.Generator) -> pa.Table:
    """Return made-up outcomes of one language."""
    n = size(target, language)
    index = np.arange(n, dtype=np.int32)
    right = rng.random(n) < 0.7
    if target.kind == "classification":
        return pa.table({"index": index, "predicted": [target.labels[0]] * n, "correct": right})
    if target.kind == "tagging":
        words = rng.integers(5, 30, n).astype(np.int32)
        gold = np.minimum(
            words, rng.integers(1, 4, n) if target.name == "panx" else rng.integers(4, 25, n)
        ).astype(np.int32)
        proposed = np.maximum(1, gold + rng.integers(-1, 2, n)).astype(np.int32)
        found = rng.binomial(np.minimum(gold, proposed), 0.7).astype(np.int32)
        tags = pa.array([["X"] * int(count) for count in words], pa.list_(pa.field("element", pa.string())))
        columns = {"index": index, "tags": tags, "words": words, "correct": found}
        return pa.table({**columns, "true_positives": found, "proposed": proposed, "gold": gold})
    if target.kind == "qa":
        shared = np.where(right, 1.0, np.round(rng.random(n) * rng.integers(0, 2, n), 3))
        return pa.table(
            {
                "index": index,
                "start": index,
                "end": index,
                "exact": right,
                "f1": shared,
                "score": (right + shared) / 2,
            }
        )
    if target.kind == "mining":
        names = [f"{language}-{number:09d}" for number in range(n)]
        return pa.table(
            {
                "split": ["test"] * n, "foreign": names, "english": names, "margin": np.where(right, 1.1, 0.9),
                "gold": rng.random(n) < 0.9, "accepted": right,
            }
        )  # fmt: skip
    return pa.table(
        {
            "index": index,
            "answer": np.where(right, index, 0).astype(np.int32),
            "answer_to_english": index,
            "correct": right,
        }
    )


def write(folder: Path, seed: int) -> None:
    """Write a made-up submission with results on the nine targets."""
    (folder / "results").mkdir(parents=True)
    (folder / "submission.yaml").write_text(SUBMISSION.format(name=folder.name))
    for target in (target for target in TARGETS if target.in_xtreme):
        rng = np.random.default_rng((seed, len(target.name)))
        tables = {language: outcomes(target, language, rng) for language in target.languages}
        found = {language: recount(target, table) for language, table in tables.items()}
        scores = {
            language: Score(score=round(each.score, 4), n=each.n, interval=(0, 100))
            for language, each in found.items()
        }
        rows = [
            pa.table(
                {"seed": pa.array([0] * len(table), pa.int32()), "language": [language] * len(table)}
                | dict(zip(table.column_names, table.columns, strict=True))
            )
            for language, table in tables.items()
        ]
        mean = round(statistics.mean(each.score for each in found.values()), 4)
        checkpoint = CheckpointScores(
            seed=0,
            source="checkpoint",
            weights=f"sha256:{'0' * 64}",
            parameters=Parameters(total=2, body=1),
            layer=1,
            scores=scores,
        )
        result = Result(
            schema_=1, submission=folder.name, target=target.name, signature=target.signature, metric=target.metric,
            score=mean, measured=len(scores), of=len(scores), checkpoints=(checkpoint,),
            data=dict.fromkeys(scores, f"sha256:{'d' * 64}"),
            outcomes=Outcomes(file=f"{target.name}.parquet", sha256="0" * 64, rows=0),
        )  # fmt: skip
        write_result(folder, result, pa.concat_tables(rows))


def loop_seconds(folders: Sequence[Path]) -> float:
    """Return how long a plain loop takes over LOOP_REPLICATES of the replicates."""
    pairs = []
    for first, second in zip(
        *(sorted((folder / "results").glob("*.yaml")) for folder in folders), strict=True
    ):
        target = BY_NAME[first.stem]
        sides = [cells(load_outcomes(path, load_result(path))) for path in (first, second)]
        pairs += [
            units(target, [side[0, language] for side in sides]).tolist() for language in target.languages
        ]
    started = time.perf_counter()
    for _ in range(LOOP_REPLICATES):
        for first_rows, second_rows in pairs:
            drawn = [random.randrange(len(first_rows)) for _ in first_rows]  # noqa: S311
            sides = ([first_rows[i] for i in drawn], [second_rows[i] for i in drawn])
            [score(rows) for rows in sides]
    return time.perf_counter() - started


def score(rows: Sequence[float] | Sequence[Sequence[float]]) -> float:
    """Return the mean, or F1 of counts, one by one."""
    if isinstance(rows[0], float):
        return sum(rows) / len(rows)  # type: ignore[arg-type]
    found, proposed, gold = (sum(row[column] for row in rows) for column in range(3))  # type: ignore[index]
    return 2 * found / (proposed + gold)


def main() -> None:
    """Write the two submissions, time both contenders, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        sides = [Path(folder, name) for name in ("first", "second")]
        for seed, side in enumerate(sides):
            write(side, seed)
        command = [
            sys.executable,
            "-c",
            "from harness.cli.main import main; main()",
            "diff",
            *map(str, sides),
        ]
        cold = []
        for _ in range(rounds):
            started = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            cold.append(time.perf_counter() - started)
        loaded = [load_side(side) for side in sides]
        own = []
        for _ in range(rounds):
            started = time.perf_counter()
            compare(*loaded)
            own.append(time.perf_counter() - started)
        loop = loop_seconds(sides) * REPLICATES / LOOP_REPLICATES
        examples = sum(result.outcomes.rows for result in loaded[0].results.values())
        count = sum(len(result.languages) for result in loaded[0].results.values())
    print(f"{count} cells, {examples:,} examples a side, {REPLICATES:,} replicates\n")
    print("| what | seconds, median | all | a plain loop takes |\n| :-- | --: | :-- | --: |")
    for name, seconds in (("stiltboard diff, cold start", cold), ("its comparison alone", own)):
        each = ", ".join(f"{one:.2f}" for one in seconds)
        print(
            f"| {name} | {statistics.median(seconds):.2f} | {each} | {loop / statistics.median(seconds):,.0f} times as long |"
        )
    print(
        f"| plain Python loop, {LOOP_REPLICATES} replicates × {REPLICATES // LOOP_REPLICATES:,} | {loop:,.0f} | | 1 |"
    )


if __name__ == "__main__":
    main()
