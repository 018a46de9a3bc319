"""Folders as sentence-transformers saves them, in the layout of its versions up to 5 and of version 6."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from tests.support.toys import save_toy_encoder

FLAGS = {
    "cls": "pooling_mode_cls_token",
    "max": "pooling_mode_max_tokens",
    "mean": "pooling_mode_mean_tokens",
    "mean_sqrt_len_tokens": "pooling_mode_mean_sqrt_len_tokens",
    "weightedmean": "pooling_mode_weightedmean_tokens",
    "lasttoken": "pooling_mode_lasttoken",
}
CLASSES = {
    5: "sentence_transformers.models.{}",
    6: "sentence_transformers.{}",
}
NEW_HOMES = {
    "Transformer": "base.modules.transformer.Transformer",
    "Pooling": "sentence_transformer.modules.pooling.Pooling",
    "Dense": "base.modules.dense.Dense",
    "Normalize": "base.modules.normalize.Normalize",
    "LayerNorm": "sentence_transformer.modules.layer_norm.LayerNorm",
}
Settings = Mapping[str, Any]


def save_sentence_folder(
    folder: Path,
    *modules: tuple[str, Settings, Mapping[str, np.ndarray] | None],
    poolings: Sequence[str] = ("mean",),
    version: int = 5,
    max_length: int | None = 64,
    lower_case: bool = False,
    prompts: Mapping[str, str] | None = None,
    default_prompt: str | None = None,
    include_prompt: bool = True,
    layers: int = 2,
    seed: int = 0,
    architecture: str = "bert",
) -> Path:
    """Save a random encoder with a pooling and further modules, each a class, its settings and its weights."""
    save_toy_encoder(folder, layers=layers, seed=seed, architecture=architecture)
    return add_modules(
        folder,
        *modules,
        poolings=poolings,
        version=version,
        max_length=max_length,
        lower_case=lower_case,
        prompts=prompts,
        default_prompt=default_prompt,
        include_prompt=include_prompt,
    )


def add_modules(
    folder: Path,
    *modules: tuple[str, Settings, Mapping[str, np.ndarray] | None],
    poolings: Sequence[str] = ("mean",),
    version: int = 5,
    max_length: int | None = 64,
    lower_case: bool = False,
    prompts: Mapping[str, str] | None = None,
    default_prompt: str | None = None,
    include_prompt: bool = True,
) -> Path:
    """Add the files of a pooling and of further modules to an encoder of 32 dimensions."""
    pooling: dict[str, Any] = {"include_prompt": include_prompt}
    if version == 6:
        pooling |= {
            "embedding_dimension": 32,
            "pooling_mode": poolings[0] if len(poolings) == 1 else list(poolings),
        }
        transformer: dict[str, Any] = {
            "transformer_task": "feature-extraction",
            "modality_config": {"text": {"method": "forward", "method_output_name": "last_hidden_state"}},
            "module_output_name": "token_embeddings",
        }
    else:
        pooling |= {
            "word_embedding_dimension": 32,
            **{flag: name in poolings for name, flag in FLAGS.items()},
        }
        transformer = {"max_seq_length": max_length, "do_lower_case": lower_case}
    write(folder / "sentence_bert_config.json", transformer)
    chain = [("Transformer", None, None), ("Pooling", pooling, None), *modules]
    entries = []
    for number, (name, settings, weights) in enumerate(chain):
        path = "" if number == 0 else f"{number}_{name}"
        kind = CLASSES[version].format(NEW_HOMES.get(name, name) if version == 6 else name)
        entries.append({"idx": number, "name": str(number), "path": path, "type": kind})
        if settings is not None:
            write(folder / path / "config.json", settings)
        if weights is not None:
            save_file(dict(weights), folder / path / "model.safetensors")
    write(folder / "modules.json", entries)
    named = {
        "prompts": dict(prompts or {}),
        "default_prompt_name": default_prompt,
        "similarity_fn_name": None,
    }
    write(folder / "config_sentence_transformers.json", named)
    return folder


def dense(
    inner: int, width: int, activation: str = "activation.Tanh", *, bias: bool = True, seed: int = 0
) -> tuple[str, dict[str, Any], dict[str, np.ndarray]]:
    """Return a Dense module with random weights."""
    rng = np.random.default_rng(seed)
    settings = {
        "in_features": inner,
        "out_features": width,
        "bias": bias,
        "activation_function": f"torch.nn.modules.{activation}",
    }
    weights = {"linear.weight": rng.normal(0, 0.3, (width, inner)).astype(np.float32)}
    weights |= {"linear.bias": rng.normal(0, 0.3, width).astype(np.float32)} if bias else {}
    return "Dense", settings, weights


def layer_norm(width: int) -> tuple[str, dict[str, Any], dict[str, np.ndarray]]:
    """Return a LayerNorm module with random weights."""
    rng = np.random.default_rng(1)
    weights = {f"norm.{name}": rng.normal(1, 0.3, width).astype(np.float32) for name in ("weight", "bias")}
    return "LayerNorm", {"dimension": width}, weights


NORMALIZE = ("Normalize", {}, None)


def write(path: Path, content: object) -> None:
    """Write JSON, and the folder that it is in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def change(path: Path, **values: Any) -> None:
    """Change values of a JSON object in a file."""
    path.write_text(json.dumps(json.loads(path.read_text()) | values))
