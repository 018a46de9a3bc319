"""An encoder with one head per task; only the encoder is kept after training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn


class Multitask(nn.Module):
    """An encoder and its heads, which read one of its hidden states, (inputs, tokens, width)."""

    def __init__(self, encoder: Any, heads: Sequence[nn.Module]) -> None:
        super().__init__()
        self.encoder = encoder
        self.heads = nn.ModuleList(heads)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, task: int, **answer: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        """Return what the task's head makes of one batch; ids and mask are (inputs, tokens).

        A head with a `layer` reads hidden_states[layer], others the last one.
        """
        types = {"token_type_ids": answer.pop("token_type_ids")} if "token_type_ids" in answer else {}
        head = self.heads[task]
        layer = getattr(head, "layer", None)
        output = self.encoder(
            input_ids=input_ids,
            attention_mask=attention_mask,
            **types,
            **({} if layer is None else {"output_hidden_states": True}),
            return_dict=True,
        )
        hidden = output.last_hidden_state if layer is None else output.hidden_states[layer]
        result: dict[str, torch.Tensor] = head(hidden, attention_mask, self.encoder, answer)
        return result
