"""Count a checkpoint's parameters from the shapes of its tensors."""

from __future__ import annotations

import math
import re

from harness.records import Parameters

# Heads are dropped by the harness and never counted; embeddings are counted in the total only. A `decoder` of
# one matrix is the output layer of a language model; XLM calls it `pred_layer.proj`.
HEADS = re.compile(
    r"^((\w+_)?lm_head|cls|classifier|qa_outputs|pre_classifier|sequence_summary|score|head|pred_layer|(\w+_)?predictions|pooler|vocab_(transform|layer_norm|projector)|decoder(?=\.(weight|bias)$))\."
)
# Next to an encoder a decoder is the other half of the model; without one it is the whole, as in OPT.
_DECODER, _ENCODER = "decoder.", "encoder."
_PARTS = (_ENCODER, _DECODER, "embeddings.", "pooler.")
_EMBEDDINGS = re.compile(r"(^|\.)(\w*embeddings?|embed_\w+|wte|wpe|shared|relative_attention_bias)(\.|$)")


def count_parameters(shapes: dict[str, tuple[int, ...]]) -> Parameters:
    """Count the encoder's weights from the shapes of its tensors, without heads, poolers and a decoder."""
    parts = [(_part(name), shape) for name, shape in shapes.items()]
    has_encoder = any(part.startswith(_ENCODER) for part, _ in parts)
    total = body = 0
    for part, shape in parts:
        if HEADS.match(part) or part.endswith("position_ids") or (has_encoder and part.startswith(_DECODER)):
            continue
        count = math.prod(shape)
        total += count
        body += 0 if _EMBEDDINGS.search(part) else count
    return Parameters(total=total, body=body)


def _part(name: str) -> str:
    """Return a tensor's name without the base model's prefix: in `roberta.encoder.…` it names no part."""
    first, _, rest = name.partition(".")
    return rest if first not in ("encoder", "decoder", "embeddings") and rest.startswith(_PARTS) else name
