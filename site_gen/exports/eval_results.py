"""Results as the Hugging Face Hub keeps them with a model, and the benchmark that they are of; pure.

A model's repository has `.eval_results/*.yaml`, a list of entries with `dataset` (`id`, `task_id`), `value`,
`date`, `source` and `notes`; the data set of a benchmark has `eval.yaml` with its `tasks`. Read from
huggingface.co/docs/hub/eval-results and huggingface_hub 2.4; metadata in a model card (`model-index`) is the
older form.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import yaml

from harness.records import BoardSettings, Target
from site_gen import paths
from site_gen.board.whole import WholeRow
from site_gen.exports.measured_checkpoints import complete_score, measured_checkpoints


def eval_results(
    rows: Iterable[WholeRow], settings: BoardSettings, dataset: str
) -> Iterator[tuple[str, bytes]]:
    """Yield (path, file) for every checkpoint on the Hub, and the `eval.yaml` of the board's own data set.

    `dataset` is the name of that data set on the Hub. A checkpoint has a file for each target of which it has
    a complete score, in points, in the folder of its repository's name. Of several rows with the same
    checkpoint, which are read in different ways, the file's name has the slug.
    """
    targets: dict[str, Target] = {}
    for row in rows:
        for checkpoint in measured_checkpoints(row):
            if not checkpoint.on_hub:
                continue
            for name, (target, result) in checkpoint.results.items():
                score = complete_score(target, result)
                if score is None:
                    continue
                targets[name] = target
                measured = result.measured_at
                entry: dict[str, object] = {
                    "dataset": {"id": dataset, "task_id": name},
                    "value": round(score, 4),
                    **({"date": measured.date().isoformat()} if measured else {}),
                    "notes": f"{checkpoint.revision}, {result.signature}",
                }
                if settings.base_url:
                    url = f"{settings.base_url.rstrip('/')}/{paths.page(row.slug)}#{name}"
                    entry["source"] = {"url": url, "name": settings.title}
                path = f"{checkpoint.model}/.eval_results/{row.slug}.{name}.yaml"
                yield path, _yaml([entry])
    if targets:
        yield f"{dataset}/eval.yaml", _yaml(_benchmark(targets.values(), settings))


def _benchmark(targets: Iterable[Target], settings: BoardSettings) -> dict[str, object]:
    ordered = sorted(targets, key=lambda target: target.name)
    tests = "; ".join(f"{target.name}: {target.title}" for target in ordered)
    return {
        "name": settings.title,
        "description": f"{settings.subtitle[:1].upper()}{settings.subtitle[1:]}. {tests}.",
        "evaluation_framework": "stiltboard",
        "tasks": [{"id": target.name, "config": target.name, "split": "test"} for target in ordered],
    }


def _yaml(document: object) -> bytes:
    text: str = yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=1000)
    return text.encode()
