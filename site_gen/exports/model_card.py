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


def model_card_yaml(row: Row, base_url: str) -> bytes:
    """Return the block to put between the `---` lines of a model's README.md; scores are in points, means over seeds.

    A target's own score stands first and only where all its languages were measured; then each language.
    """
    results = [entry for cell in row.cells.values() for entry in _entries(row, cell, base_url)]
    document = {"model-index": [{"name": row.submission.title, "results": results}]}
    # Aliases would be written for values that stand twice; a width keeps long titles on their line.
    text = yaml.dump(document, Dumper=_WithoutAliases, allow_unicode=True, sort_keys=False, width=1000)
    return text.encode()


class _WithoutAliases(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


def _entries(row: Row, cell: Cell, base_url: str) -> Iterator[dict[str, object]]:
    target = cell.target
    source = {"name": "stiltboard", "url": f"{base_url}submissions/{row.slug}.html#{target.name}"} if base_url else {}

    def entry(name: str, config: str, score: float) -> dict[str, object]:
        metric = {"type": target.metric, "name": f"{metric_name(target.metric)} ({target.direction}), in points", "value": round(score, 4)}
        found: dict[str, object] = {
            "task": {"type": _TASKS[target.kind]},
            "dataset": {"type": target.name, "name": name, "config": config},
            "metrics": [metric],
        }
        return {**found, "source": source} if source else found

    if cell.score is not None:
        yield entry(f"{target.title}, mean of {len(target.languages)} languages", "default", cell.score)
    for language in target.languages:
        if (score := language_line(cell, language).score) is not None:
            yield entry(f"{target.title}, {language_name(language)}", language, score)
