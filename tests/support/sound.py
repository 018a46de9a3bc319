"""Sound results of every kind of target, of a few examples, with the outcomes that all of their numbers follow from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import numpy as np
import pyarrow as pa

from harness.catalog.fingerprints import FINGERPRINTS
from harness.records import Encoding, Pooling, Result, Target, TextEncoding
from harness.scoring.outcomes import cells
from harness.scoring.recalculation import intervals
from harness.scoring.tables import TABLES
from tests.support.outcomes import as_written

ENCODING = Encoding(layer=2, pooling=Pooling.MEAN, prefix="", max_length=64)
Columns = Mapping[str, Any]


def columns(target: Target, n: int, chance: np.random.Generator, right: float = 0.5) -> Columns:
    """Return what a model could have predicted for `n` examples of one language, of which a share is right."""
    correct = chance.random(n) < right
    index = np.arange(n)
    ranks = np.where(correct, 1, 2)
    match target.kind:
        case "retrieval":
            return {"index": index, "answer_to_english": index, "correct": correct}
        case "classification":
            return {"index": index, "predicted": [target.labels[0]] * n, "correct": correct}
        case "tagging":
            counts = {
                "true_positives": correct.astype(int),
                "proposed": np.ones(n, int),
                "gold": np.ones(n, int),
            }
            return {
                "index": index,
                "tags": [["O"]] * n,
                "words": np.ones(n, int),
                "correct": correct.astype(int),
                **counts,
            }
        case "qa":
            return {"index": index, "score": correct.astype(float)}
        case "mining":
            margin = np.linspace(1.5, 1.0, n)
            return {
                "split": ["dev"] * n, "foreign": [f"f{i}" for i in index], "english": [f"e{i}" for i in index],
                "margin": margin, "gold": [True] * n, "accepted": [True] * n,
            }  # fmt: skip
        case "question_retrieval":
            lists = [[int(rank)] * len(target.languages) for rank in ranks]
            # The answers of all languages follow each other in the union.
            union = [list(range(rank, rank + len(target.languages))) for rank in ranks.tolist()]
            from harness.scoring.metrics.average_precision import average_precision

            precision = average_precision(np.array(union), 20)
            return {
                "index": index,
                "rank_in_language": lists,
                "rank_in_union": union,
                "average_precision": precision,
            }
        case "clir":
            variants = ["average", "best", "top3"]
            variants += [f"{name}_to_english" for name in variants] if target.parallel else ["whole"]
            lists = {f"ranks_{variant}": [[int(rank)] for rank in ranks] for variant in variants}
            query = {} if target.parallel else {"query": [f"q{i}" for i in index]}
            return {"index": index, **query, "gains": [[1]] * n, **lists, "average_precision": 1 / ranks}
        case "passage_retrieval":
            lists = {"gains": [[1]] * n, "ranks": [[int(rank)] for rank in ranks]}
            value = np.where(ranks <= 10, 1 / np.log2(ranks + 1), 0.0)
            return {"index": index, "query": [f"q{i}" for i in index], **lists, "ndcg_10": value}
    raise AssertionError(target.kind)


def sound(
    target: Target,
    by_cell: Mapping[tuple[int, str], Columns],
    slug: str = "mine",
    *,
    sources: Mapping[int, str] | None = None,
    failed: Mapping[str, str] | None = None,
    **more: object,
) -> tuple[Result, pa.Table]:
    """Return a result with the outcomes of each (seed, language); `failed` languages have none on any seed."""
    parts = []
    for (seed, language), values in by_cell.items():
        n = len(values["index"] if "index" in values else values["split"])
        head = {"seed": [seed] * n, "language": [language] * n}
        if target.kind == "question_retrieval":
            head["question_language"] = [language] * n
        parts.append(as_written(target, {**head, **values}))
    table = pa.concat_tables(parts)
    rows = {cell: part.drop_columns(["seed", "language"]) for cell, part in cells(table).items()}
    scores = {cell: TABLES[target.kind].score(target, part) for cell, part in rows.items()}
    seeds = list(dict.fromkeys(seed for seed, _ in by_cell))
    languages = [name for name in target.languages if all((seed, name) in scores for seed in seeds)]
    complete = len(languages) == len(target.languages)
    fields: dict[str, object] = {
        "schema": get_args(Result.model_fields["schema_"].annotation)[0],
        "submission": slug,
        "target": target.name,
        "signature": str(target.signature.predicted("xtreme") if target.has_head else target.signature.encoded(TextEncoding.stated(ENCODING, 2), roles=False)),
        "metric": target.metric,
        "score": _mean([scores[seed, name].score for name in languages for seed in seeds]) if complete else None,
        **(_intervals(target, rows, seeds) if complete else {}),
        "measured": len(languages),
        "of": len(target.languages),
        "checkpoints": [
            {
                "seed": seed,
                "source": (sources or {}).get(seed, f"{slug}/model@{'0123456789' * 4}"),
                "weights": f"sha256:{hashlib.sha256(f'{slug} {seed}'.encode()).hexdigest()}",
                "parameters": {"total": 100, "body": 10},
                "layer": 2,
                "scores": {name: scores[seed, name].model_dump() for name in target.languages if (seed, name) in scores},
                "failed": dict(failed or {}),
            }
            for seed in seeds
        ],
        "data": {name: f"sha256:{FINGERPRINTS.get(target.name, {}).get(name, 'd' * 64)}" for name in target.languages if any((seed, name) in scores for seed in seeds)},
        "outcomes": {"file": f"{target.name}.parquet", "sha256": "0" * 64, "rows": table.num_rows},
    }  # fmt: skip
    return Result.model_validate(fields | more), table


def every_cell(
    target: Target,
    languages: Sequence[str],
    seeds: Sequence[int] = (0,),
    n: int | None = None,
    right: float = 0.5,
) -> dict[tuple[int, str], Columns]:
    """Return predictions for seeds × languages, of `n` examples or of as many as the official set has."""
    chance = np.random.default_rng(0)
    return {
        (seed, language): columns(target, n or target.sizes[language], chance, right)
        for seed in seeds
        for language in languages
    }


def _mean(values: Sequence[float]) -> float:
    return round(float(np.mean(values)), 4)


def _intervals(
    target: Target, rows: Mapping[tuple[int, str], pa.Table], seeds: Sequence[int]
) -> dict[str, object]:
    bounds = intervals(target, rows, seeds)
    named = {name: list(pair) if pair else None for name, pair in bounds.items()}
    return {**named, "interval_method": "t"}
