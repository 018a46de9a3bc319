"""Results as metadata of a model card on the Hugging Face Hub: the `model-index` block; pure."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from site_gen.languages import language_line
from site_gen.leaderboard import Cell, Row
from site_gen.wording import language_name, metric_name

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

# Written in C where PyYAML has libyaml, as its wheels do; the bytes are the same.
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def model_card_yaml(row: Row, base_url: str) -> bytes:
    """Return the block to put between the `---` lines of a model's README.md; scores are in points, means over seeds.

    A target's own score stands first and only where all its languages were measured; then each language.
    """
    results = [entry for cell in row.cells.values() for entry in _entries(row, cell, base_url)]
    document = {"model-index": [{"name": row.submission.title, "results": results}]}
    text: str = yaml.dump(document, Dumper=_DUMPER, allow_unicode=True, sort_keys=False, width=1000)  # long titles keep their line
    return text.encode()


def _entries(row: Row, cell: Cell, base_url: str) -> Iterator[dict[str, object]]:
    target = cell.target

    def entry(name: str, config: str, score: float) -> dict[str, object]:
        metric = {"type": target.metric, "name": f"{metric_name(target.metric)} ({target.direction}), in points", "value": round(score, 4)}
        found: dict[str, object] = {
            "task": {"type": _TASKS[target.kind]},
            "dataset": {"type": target.name, "name": name, "config": config},
            "metrics": [metric],
        }
        if base_url:
            # A mapping of its own for each entry: one that stands twice would be written as an alias.
            found["source"] = {"name": "stiltboard", "url": f"{base_url}submissions/{row.slug}.html#{target.name}"}
        return found

    if cell.score is not None:
        yield entry(f"{target.title}, mean of {len(target.languages)} languages", "default", cell.score)
    for language in target.languages:
        if (score := language_line(cell, language).score) is not None:
            yield entry(f"{target.title}, {language_name(language)}", language, score)
