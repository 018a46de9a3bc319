"""Time `stiltboard diff` on two submissions from a cold start, against a plain Python loop; print a table.

    python benchmarks/diff.py [--rounds 5]

Both submissions are synthetic, with results on nine targets, as many examples as the raw sets have (where the
size of a test set is not known offline, that of its dev set, or 1,000 sentences per language), and outcomes
as the harness writes them. `stiltboard diff` is timed as a user runs it, including start and reading. The
peer does a bootstrap in plain Python for intervals that `diff` has in closed form: it draws the examples of
each language with replacement, in pairs, and scores both sides again. It is timed over 3 of 10,000
replicates, and its time is multiplied.

Expected: 162 cells, a few products over 400,000 examples each, far below a second; the loop draws every
example, 400,000 × 10,000 = 4 · 10⁹ at 100 ns, at least several minutes.
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from harness.catalog import BY_NAME, TARGETS
from harness.comparison.compare import compare
from harness.records import CheckpointScores, Outcomes, Parameters, Result, Score, Target
from harness.scoring.outcomes import RowRange, cells
from harness.scoring.recount import recount
from harness.scoring.tables import TABLES, units
from harness.store import load_outcomes, load_result, load_side, write_result

REPLICATES = 10_000
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
    """Return the number of examples of a language."""
    dev = BY_NAME.get(f"{target.name}_dev")
    return target.sizes.get(language) or (dev.sizes.get(language) if dev else None) or 1000


def outcomes(target: Target, language: str, rng: np.random.Generator) -> pa.Table:
    """Return random outcomes of one language, 70 % of them right, with the columns of the target's kind."""
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
        true_positives = rng.binomial(np.minimum(gold, proposed), 0.7).astype(np.int32)
        tags = pa.array([["X"] * int(count) for count in words], pa.list_(pa.field("element", pa.string())))
        columns = {"index": index, "tags": tags, "words": words, "correct": true_positives}
        counts = {"true_positives": true_positives, "proposed": proposed, "gold": gold}
        return pa.table({**columns, **counts})
    if target.kind == "qa":
        token_f1 = np.where(right, 1.0, np.round(rng.random(n) * rng.integers(0, 2, n), 3))
        return pa.table(
            {
                "index": index,
                "start": index,
                "end": index,
                "exact": right,
                "f1": token_f1,
                "score": (right + token_f1) / 2,
            }
        )
    if target.kind == "mining":
        ids = [f"{language}-{number:09d}" for number in range(n)]
        return pa.table(
            {
                "split": ["dev"] * (n // 10) + ["test"] * (n - n // 10),
                "foreign": ids,
                "english": ids,
                "margin": np.where(right, 1.1, 0.9),
                "gold": rng.random(n) < 0.9,
                "accepted": right,
            }
        )
    return pa.table(
        {
            "index": index,
            "answer": np.where(right, index, 0).astype(np.int32),
            "answer_to_english": index,
            "correct": right,
        }
    )


def consistent(target: Target, table: pa.Table) -> pa.Table:
    """Return outcomes of one language in which every column that follows from others does."""
    whole = [RowRange(0, "", 0, len(table))]
    for name, values in TABLES[target.kind].derived(table, whole).items():
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, pa.array(values, table.schema.field(name).type))
    return table


def write(folder: Path, seed: int) -> None:
    """Write a synthetic submission with results on the nine targets."""
    (folder / "results").mkdir(parents=True)
    (folder / "submission.yaml").write_text(SUBMISSION.format(name=folder.name))
    for target in (target for target in TARGETS if target.in_xtreme):
        rng = np.random.default_rng((seed, len(target.name)))
        tables = {
            language: consistent(target, outcomes(target, language, rng)) for language in target.languages
        }
        rows = []
        for language, table in tables.items():
            columns = dict(zip(table.column_names, table.columns, strict=True))
            cell = {"seed": pa.array([0] * len(table), pa.int32()), "language": [language] * len(table)}
            rows.append(pa.table(cell | columns))
        write_result(folder, make_result(folder.name, target, tables), pa.concat_tables(rows))


def make_result(slug: str, target: Target, tables: Mapping[str, pa.Table]) -> Result:
    """Return the result whose scores follow from the outcomes, by language."""
    cell_scores = {language: recount(target, table) for language, table in tables.items()}
    scores = {
        language: Score(score=round(cell.score, 4), n=cell.n, interval=(0, 100))
        for language, cell in cell_scores.items()
    }
    checkpoint = CheckpointScores(
        seed=0,
        source="checkpoint",
        weights=f"sha256:{'0' * 64}",
        parameters=Parameters(total=2, body=1),
        layer=1,
        scores=scores,
    )
    return Result(
        schema_=2,
        submission=slug,
        target=target.name,
        signature=target.signature,
        metric=target.metric,
        score=round(statistics.mean(cell.score for cell in cell_scores.values()), 4),
        measured=len(scores),
        of=len(scores),
        checkpoints=(checkpoint,),
        data=dict.fromkeys(scores, f"sha256:{'d' * 64}"),
        outcomes=Outcomes(file=f"{target.name}.parquet", sha256="0" * 64, rows=0),
    )


def loop_seconds(folders: Sequence[Path]) -> float:
    """Return the seconds of a plain loop over LOOP_REPLICATES of the replicates; reading is not timed."""
    pairs: list[tuple[Callable[[Any], float], list[Any], list[Any]]] = []
    for paths in zip(*(sorted((folder / "results").glob("*.yaml")) for folder in folders), strict=True):
        target = BY_NAME[paths[0].stem]
        sides = [cells(load_outcomes(path, load_result(path))) for path in paths]
        for language in target.languages:
            # (2, n), or the counts of chunks (2, n, 3).
            first, second = units(target, [side[0, language] for side in sides])
            pairs.append((f1 if first.ndim > 1 else mean, first.tolist(), second.tolist()))
    started = time.perf_counter()
    for _ in range(LOOP_REPLICATES):
        for score, first_rows, second_rows in pairs:
            drawn = [random.randrange(len(first_rows)) for _ in first_rows]  # noqa: S311
            score([first_rows[i] for i in drawn])
            score([second_rows[i] for i in drawn])
    return time.perf_counter() - started


def mean(values: Sequence[float]) -> float:
    """Return the mean, value by value."""
    return sum(values) / len(values)


def f1(counts: Sequence[Sequence[float]]) -> float:
    """Return F1 of counts (n, 3) of true positives, proposed and gold chunks, row by row."""
    true_positives, proposed, gold = (sum(row[column] for row in counts) for column in range(3))
    return 2 * true_positives / (proposed + gold)


def main() -> None:
    """Write the two submissions, time both contenders, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    rounds = range(parser.parse_args().rounds)
    with tempfile.TemporaryDirectory() as root:
        folders = [Path(root, name) for name in ("first", "second")]
        for seed, folder in enumerate(folders):
            write(folder, seed)
        program = "from harness.cli.main import main; main()"
        command = [sys.executable, "-c", program, "diff", *map(str, folders)]
        cold = [
            seconds(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)) for _ in rounds
        ]
        first, second = (load_side(folder) for folder in folders)
        warm = [seconds(lambda: compare(first, second)) for _ in rounds]
        loop = loop_seconds(folders) * REPLICATES / LOOP_REPLICATES
    examples = sum(result.outcomes.rows for result in first.results.values())
    count = sum(len(result.languages) for result in first.results.values())
    print(f"{count} cells, {examples:,} examples a side, {REPLICATES:,} replicates\n")
    print("| what | seconds, median | all | a plain loop takes |\n| :-- | --: | :-- | --: |")
    for name, rounds_seconds in (("stiltboard diff, cold start", cold), ("its comparison alone", warm)):
        median = statistics.median(rounds_seconds)
        times = ", ".join(f"{value:.2f}" for value in rounds_seconds)
        print(f"| {name} | {median:.2f} | {times} | {loop / median:,.0f} times as long |")
    name = f"plain Python loop, {LOOP_REPLICATES} replicates × {REPLICATES // LOOP_REPLICATES:,}"
    print(f"| {name} | {loop:,.0f} | | 1 |")


def seconds(work: Callable[[], object]) -> float:
    """Do the work, and return the seconds that it took."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
