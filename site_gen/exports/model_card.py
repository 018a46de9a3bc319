"""Results as metadata of a model card on the Hugging Face Hub: the `model-index` block; pure."""

from __future__ import annotations

import yaml

from harness.records.board_settings import TITLE
from site_gen.board.board import Cell, Row
from site_gen.formatting import metric_name

# A target's kind → the Hub's name of the task.
_TASKS = {
    "retrieval": "sentence-similarity",
    "mining": "sentence-similarity",
    "question_retrieval": "text-retrieval",
    "clir": "text-retrieval",
    "classification": "text-classification",
    "tagging": "token-classification",
    "qa": "question-answering",
}

# The C dumper where PyYAML has libyaml, as its wheels do; the bytes are the same.
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def model_card_yaml(row: Row, base_url: str, board: str = TITLE) -> bytes:
    """Return the block for the `---` lines of a model's README.md; scores are in points, means over seeds.

    It has only scores of complete targets: one entry per language would overload a card, and the CSV has
    them.
    """
    results = [_entry(row, cell, base_url, board) for cell in row.cells.values() if cell.score is not None]
    document = {"model-index": [{"name": row.submission.title, "results": results}]}
    # The width keeps long titles on one line.
    text: str = yaml.dump(document, Dumper=_DUMPER, allow_unicode=True, sort_keys=False, width=1000)
    return text.encode()


def has_scores(row: Row) -> bool:
    """Tell whether a submission has a score on any complete target."""
    return any(cell.score is not None for cell in row.cells.values())


def _entry(row: Row, cell: Cell, base_url: str, board: str) -> dict[str, object]:
    target = cell.target
    assert cell.score is not None
    value = {
        "type": target.metric,
        "name": f"{metric_name(target.metric)} ({target.direction}), in points",
        "value": round(cell.score, 4),
    }
    entry: dict[str, object] = {
        "task": {"type": _TASKS.get(target.kind, "other")},
        "dataset": {
            "type": target.name,
            "name": f"{target.title}, mean of {len(target.languages)} languages",
        },
        "metrics": [value],
    }
    if base_url:
        entry["source"] = {
            "name": board,
            "url": f"{base_url}submissions/{row.slug}.html#{target.name}",
        }
    return entry
