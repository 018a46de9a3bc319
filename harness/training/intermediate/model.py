"""An encoder with one head per task; only the encoder is kept after training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from harness.models.tokenization import IGNORED
from harness.records import Task

_HEAD_DROPOUT = 0.1
# The names of a masked-language-modelling head's dense layer, its norm, and its bias over the vocabulary in
# BERT's and RoBERTa's families.
_MLM_NAMES = (
    {
        "dense": "cls.predictions.transform.dense",
        "norm": "cls.predictions.transform.LayerNorm",
        "": "cls.predictions",
    },
    {"dense": "lm_head.dense", "norm": "lm_head.layer_norm", "": "lm_head"},
)


class Multitask(nn.Module):
    """An encoder and its heads. Classifiers read the first token's vector, as in BERT and RoBERTa."""

    def __init__(self, encoder: Any, tasks: Sequence[Task]) -> None:
        """Add fresh heads, drawn from torch's generator."""
        super().__init__()
        width = int(encoder.config.hidden_size)
        self.encoder = encoder
        self.dropout = nn.Dropout(_HEAD_DROPOUT)
        self.formats = [task.format for task in tasks]
        self.heads = nn.ModuleList(_head(task, width, int(encoder.config.vocab_size)) for task in tasks)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, task: int, **answer: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        """Return the loss of one task's batch and the logits; ids and mask are (inputs, tokens)."""
        types = {"token_type_ids": answer.pop("token_type_ids")} if "token_type_ids" in answer else {}
        hidden = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, **types, return_dict=True
        ).last_hidden_state
        head, kind = self.heads[task], self.formats[task]
        if kind == "mlm":
            masked = answer["labels"] != IGNORED
            logits = head(hidden[masked], self.encoder.get_input_embeddings().weight)  # (masked, vocabulary)
            total = functional.cross_entropy(logits, answer["labels"][masked], reduction="sum")
            # In a few short texts no token may be masked.
            return {"loss": total / max(1, len(logits)), "logits": logits}
        if kind in ("tagging", "qa"):
            return _by_token(kind, head(self.dropout(hidden)), answer)
        logits = head(self.dropout(hidden[:, 0]))  # (inputs, labels)
        labels = answer["labels"]
        if kind == "pair_regression":
            logits = logits[:, 0]
            return {"loss": functional.mse_loss(logits, labels.to(logits.dtype)), "logits": logits}
        if kind == "multiple_choice":
            logits = logits.view(len(labels), -1)  # (questions, answers)
        return {"loss": functional.cross_entropy(logits, labels), "logits": logits}


def _by_token(kind: str, logits: torch.Tensor, answer: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return loss and logits (inputs, tokens, labels) of a head that reads every token."""
    if kind == "tagging":
        loss = functional.cross_entropy(
            logits.flatten(0, 1), answer["labels"].flatten(), ignore_index=IGNORED
        )
    else:
        start, end = logits.unbind(-1)
        summed = functional.cross_entropy(start, answer["start_positions"]) + functional.cross_entropy(
            end, answer["end_positions"]
        )
        loss = summed / 2
    return {"loss": loss, "logits": logits}


def _head(task: Task, width: int, vocabulary: int) -> nn.Module:
    if task.format == "mlm":
        return MaskedWords(width, vocabulary)
    outputs = {"pair_regression": 1, "multiple_choice": 1, "qa": 2}.get(task.format) or len(task.labels)
    head = nn.Linear(width, outputs)
    nn.init.normal_(head.weight, std=0.02)
    nn.init.zeros_(head.bias)
    return head


class MaskedWords(nn.Module):
    """The usual head for masked words: dense layer, GELU, norm, and the transposed embeddings with a bias."""

    def __init__(self, width: int, vocabulary: int) -> None:
        """Draw fresh weights from torch's generator."""
        super().__init__()
        self.dense, self.norm = nn.Linear(width, width), nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(vocabulary))

    def forward(self, hidden: torch.Tensor, embeddings: torch.Tensor) -> torch.Tensor:
        """Return logits (…, vocabulary) from vectors (…, width) and embeddings (vocabulary, width)."""
        return functional.linear(self.norm(functional.gelu(self.dense(hidden))), embeddings, self.bias)

    def load(self, tensors: dict[str, torch.Tensor]) -> bool:
        """Load the head from a checkpoint's tensors, and tell whether they contain one."""
        for names in _MLM_NAMES:
            sources = {
                f"{module}.{part}".lstrip("."): f"{source}.{part}"
                for module, source in names.items()
                for part in (("weight", "bias") if module else ("bias",))
            }
            if all(source in tensors for source in sources.values()):
                self.load_state_dict({name: tensors[source] for name, source in sources.items()})
                return True
        return False
