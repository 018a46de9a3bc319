"""Count a checkpoint's parameters from the shapes of its tensors."""

from __future__ import annotations

import math
import re

from harness.records import Parameters

# Heads are dropped by the harness and never counted; embeddings are counted in the total only.
HEADS = re.compile(
    r"^((\w+_)?lm_head|cls|classifier|qa_outputs|pre_classifier|sequence_summary|score|head|decoder|(\w+_)?predictions|pooler|vocab_(transform|layer_norm|projector))\."
)
_EMBEDDINGS = re.compile(r"(^|\.)(\w*embeddings?|embed_\w+|wte|wpe|shared|relative_attention_bias)(\.|$)")


def count_parameters(shapes: dict[str, tuple[int, ...]]) -> Parameters:
    """Count the encoder's weights from the shapes of its tensors, without heads and poolers."""
    prefixes = {name.partition(".")[0] for name in shapes}
    total = body = 0
    for name, shape in shapes.items():
        first, _, rest = name.partition(".")
        # In `roberta.encoder.…` next to `lm_head.…` the base model's prefix does not name a part.
        part = (
            rest
            if first in prefixes - {"encoder", "embeddings"}
            and rest.startswith(("encoder.", "embeddings.", "pooler."))
            else name
        )
        if HEADS.match(part) or part.endswith("position_ids"):
            continue
        count = math.prod(shape)
        total += count
        body += 0 if _EMBEDDINGS.search(part) else count
    return Parameters(total=total, body=body)
