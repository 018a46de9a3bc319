"""Results as the folder that mteb's `ResultCache` reads; pure.

A model is `results/{organisation}__{model}/{revision}/`, with a file for each task and `model_meta.json`.
What mteb would not measure for that model by itself, such as another layer, is an experiment below it:
`experiments/{key}_{value}/`, with `experiment_kwargs` in its `model_meta.json`. Read from mteb 2.26.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace

from site_gen.board.whole import WholeCell, WholeRow
from site_gen.exports import mteb
from site_gen.exports.measured_checkpoints import MeasuredCheckpoint, measured_checkpoints


def mteb_tree(rows: Iterable[WholeRow]) -> Iterator[tuple[str, bytes]]:
    """Yield (path, file) of every checkpoint that has the scores of a task of mteb, which is Tatoeba."""
    taken: set[str] = set()
    for row in rows:
        for checkpoint in measured_checkpoints(row):
            cells = {name: WholeCell(target, result) for name, (target, result) in checkpoint.results.items()}
            alone = replace(row, cells=cells)
            if not mteb.is_known(alone):
                continue
            folder = f"results/{checkpoint.model.replace('/', '__')}/{checkpoint.revision}"
            experiment: dict[str, int | str] = {} if checkpoint.layer is None else {"layer": checkpoint.layer}
            if _below(folder, experiment) in taken:  # the same weights, read in another way
                experiment["submission"] = row.slug
            folder = _below(folder, experiment)
            taken.add(folder)
            yield f"{folder}/Tatoeba.json", mteb.mteb_json(alone)
            yield f"{folder}/model_meta.json", _meta(checkpoint, experiment)


def _below(folder: str, experiment: dict[str, int | str]) -> str:
    name = "__".join(f"{key}_{value}" for key, value in sorted(experiment.items()))
    return f"{folder}/experiments/{name}" if name else folder


def _meta(checkpoint: MeasuredCheckpoint, experiment: dict[str, int | str]) -> bytes:
    """Return what mteb keeps of a model; null is unknown, or nothing that this board knows."""
    submission = checkpoint.submission
    (scored,) = next(iter(checkpoint.results.values()))[1].checkpoints
    encoding = submission.encoding
    document: dict[str, object] = {
        "loader": None,
        "name": checkpoint.model,
        "revision": checkpoint.revision,
        "release_date": None,
        "languages": None,
        "n_parameters": scored.parameters.total or None,
        "memory_usage_mb": None,
        "max_tokens": encoding.max_length,
        "embed_dim": None,
        "license": None,
        "open_weights": checkpoint.on_hub,
        "public_training_code": None,
        "public_training_data": None,
        "framework": [],
        "reference": f"https://huggingface.co/{checkpoint.model}" if checkpoint.on_hub else None,
        "similarity_fn_name": "cosine",
        "use_instructions": None,
        "training_datasets": None,
        "adapted_from": submission.base.id,
        "experiment_kwargs": experiment or None,
    }
    return (json.dumps(document, indent=2) + "\n").encode()
