"""Results in the common format of Every Eval Ever, version 0.3.0: one file for each checkpoint; pure.

A file is `data/{board}/{organisation}/{model}/{uuid}.json`. Required are `schema_version`, `evaluation_id`,
`retrieved_timestamp`, `source_metadata`, `model_info`, `eval_library` and `evaluation_results`; a result has
`evaluation_name`, `source_data`, `metric_config` and `score_details`, and every value of `additional_details`
is text; that of a model says how it is deployed and who can have it. Read from the schema in
every_eval_ever 0.3.0.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Iterator

from harness.records import BoardSettings, Mark, Result, Score, Target
from site_gen.board.whole import WholeRow
from site_gen.exports.measured_checkpoints import (
    MeasuredCheckpoint,
    complete_score,
    measured_checkpoints,
)
from site_gen.formatting import metric_name

VERSION = "0.3.0"


def every_eval_ever(rows: Iterable[WholeRow], settings: BoardSettings) -> Iterator[tuple[str, bytes]]:
    """Yield (path, file) of every checkpoint: the score of each target and of each of its languages."""
    board = re.sub("[^a-z0-9]+", "-", settings.title.lower()).strip("-") or "stiltboard"
    for row in rows:
        verified = {name for name, cell in row.cells.items() if cell.trust.mark is Mark.VERIFIED}
        for checkpoint in measured_checkpoints(row):
            document = _record(checkpoint, settings, board, verified)
            text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
            name = uuid.uuid5(uuid.NAMESPACE_URL, f"{board}/{row.slug}/{checkpoint.declared.seed}\n{text}")
            yield f"data/{board}/{checkpoint.model}/{name}.json", text.encode()


def _record(
    checkpoint: MeasuredCheckpoint, settings: BoardSettings, board: str, verified: set[str]
) -> dict[str, object]:
    runs = [run for _, result in checkpoint.results.values() if (run := result.last_run) is not None]
    moments = sorted(moment for run in runs if (moment := run.measured_at) is not None)
    newest = str(int(moments[-1].timestamp())) if moments else "0"
    versions = {run.versions["stiltboard"] for run in runs if "stiltboard" in run.versions}
    organisation = settings.organisation
    return {
        "schema_version": VERSION,
        "evaluation_id": f"{board}/{checkpoint.model}/{newest}",
        **({"evaluation_timestamp": moments[-1].isoformat()} if moments else {}),
        # When the record was made would change a file with every export; it says what is measured.
        "retrieved_timestamp": newest,
        "source_metadata": {
            "source_name": settings.title,
            "source_type": "evaluation_run",
            "source_organization_name": settings.authors,
            **({"source_organization_url": organisation.url} if organisation and organisation.url else {}),
            "evaluator_relationship": "third_party"
            if verified >= checkpoint.results.keys()
            else "first_party",
        },
        "eval_library": {"name": "stiltboard", "version": ", ".join(sorted(versions)) or "unknown"},
        "model_info": _model(checkpoint),
        "evaluation_results": [
            entry for target, result in checkpoint.results.values() for entry in _entries(target, result)
        ],
    }


def _model(checkpoint: MeasuredCheckpoint) -> dict[str, object]:
    submission = checkpoint.submission
    return {
        "name": submission.title,
        "id": checkpoint.model,
        "additional_details": {
            # The weights are loaded by whoever evaluates; those on the Hub are there for everybody.
            "deployment_type": "self_deployed",
            "model_availability": "open_weights" if checkpoint.on_hub else "unknown",
            "submitters": ", ".join(submitter.name for submitter in submission.submitters),
            "revision": checkpoint.revision,
            "submission": checkpoint.slug,
            "seed": str(checkpoint.declared.seed),
            "base": submission.base.id,
            "license": submission.license,
        },
    }


def _entries(target: Target, result: Result) -> Iterator[dict[str, object]]:
    (checkpoint,) = result.checkpoints
    score = complete_score(target, result)
    if score is not None:
        yield _entry(target, result, target.name, score, None)
    for language, one in checkpoint.scores.items():
        yield _entry(target, result, f"{target.name}/{language}", one.score, one)


def _entry(
    target: Target, result: Result, name: str, value: float, language: Score | None
) -> dict[str, object]:
    details: dict[str, object] = {"score": round(value, 4)}
    if language is not None:
        low, high = language.interval
        interval = {"lower": low, "upper": high, "confidence_level": 0.95}
        details["uncertainty"] = {"confidence_interval": interval, "num_samples": language.n}
    return {
        "evaluation_name": name,
        "source_data": {"dataset_name": target.title, "source_type": "url", "url": [target.homepage]},
        "metric_config": {
            "evaluation_description": f"{target.protocol} In points, {target.direction}.",
            "metric_id": target.metric,
            "metric_name": metric_name(target.metric),
            "lower_is_better": False,
            "score_type": "continuous",
            "min_score": 0,
            "max_score": 100,
            "additional_details": {"signature": str(result.signature)},
        },
        "score_details": details,
    }
