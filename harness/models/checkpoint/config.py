"""Check that config.json describes an encoder of the weights' sizes, before anything is allocated."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import BadInput
from harness.models.checkpoint.strict_json import walk

DEPTH = ("num_hidden_layers", "n_layers", "num_layers", "n_layer", "encoder_layers")
WIDTH = ("hidden_size", "dim", "d_model", "n_embd", "emb_dim")
# A matrix of the weights has a side of this length.
_SIDES = (*WIDTH, "vocab_size", "intermediate_size", "hidden_dim", "d_ff", "embedding_size")
# Sizes that no tensor has to confirm (relative positions, shared layers, names of labels), although
# transformers allocates that much for each.
_BOUNDS = {
    **dict.fromkeys(DEPTH, 1000),
    **dict.fromkeys(("num_attention_heads", "n_heads", "num_heads"), 1024),
    "max_position_embeddings": 2**21,
    "type_vocab_size": 2**16,
    "num_labels": 100_000,
}


def check_config(config: dict[str, Any], path: Path) -> None:
    """Raise BadInput where a configuration is not an encoder's or one of its sizes is out of bounds."""
    if not any(_is_whole(config.get(key)) and config[key] > 0 for key in DEPTH):
        raise BadInput(
            f"{path} does not give the number of layers",
            cure=f"one of {', '.join(DEPTH)}, a whole number",
        )
    for _, _, key, value in walk(config):
        if key in _BOUNDS and _is_whole(value) and abs(value) > _BOUNDS[key]:
            raise BadInput(
                f"{path} says {key}: {value}, the most is {_BOUNDS[key]}", cure="the value of the saved model"
            )


def check_sizes(config: dict[str, Any], shapes: Mapping[str, tuple[int, ...]], path: Path) -> None:
    """Raise BadInput where the configuration gives a matrix a side that no tensor of the weights has.

    transformers allocates what the configuration declares before it compares: a vocabulary of 10^12 would
    exhaust the machine's memory.
    """
    sides = {side for shape in shapes.values() for side in shape}
    for key in _SIDES:
        value = config.get(key)
        if _is_whole(value) and value not in sides:
            raise BadInput(
                f"{path} says {key}: {value}, but no tensor of the weights has such a side",
                cure="save config and weights together",
            )


def _is_whole(value: Any) -> bool:
    return type(value) is int
