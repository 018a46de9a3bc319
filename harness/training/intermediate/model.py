"""An encoder with one head a task; only the encoder outlives training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from harness.models.tokenization import IGNORED
from harness.records import Task

_HEAD_DROPOUT = 0.1
# Of a head for masked words: where BERT's and RoBERTa's families keep the dense layer, its norm, and the bias
# of the vocabulary.
_MLM_NAMES = (
    {
        "dense": "cls.predictions.transform.dense",
        "norm": "cls.predictions.transform.LayerNorm",
        "": "cls.predictions",
    },
    {"dense": "lm_head.dense", "norm": "lm_head.layer_norm", "": "lm_head"},
)


class Multitask(nn.Module):
    """An encoder and its heads. The first token's vector stands for a whole input, as in the classifiers of BERT and RoBERTa."""

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
            wrong = functional.cross_entropy(logits, answer["labels"][masked], reduction="sum")
            return {
                "loss": wrong / max(1, len(logits)),
                "logits": logits,
            }  # of a few short texts none may be masked
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
    """Return loss and logits (inputs, tokens, labels) of a head that looks at every token."""
    if kind == "tagging":
        loss = functional.cross_entropy(
            logits.flatten(0, 1), answer["labels"].flatten(), ignore_index=IGNORED
        )
    else:
        begin, end = logits.unbind(-1)
        both = functional.cross_entropy(begin, answer["start_positions"]) + functional.cross_entropy(
            end, answer["end_positions"]
        )
        loss = both / 2
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
    """The usual head for masked words: a dense layer, GELU, a norm, and the embeddings turned round with a bias of their own."""

    def __init__(self, width: int, vocabulary: int) -> None:
        """Draw a fresh one."""
        super().__init__()
        self.dense, self.norm = nn.Linear(width, width), nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(vocabulary))

    def forward(self, hidden: torch.Tensor, embeddings: torch.Tensor) -> torch.Tensor:
        """Return (…, vocabulary) of vectors (…, width) and embeddings (vocabulary, width)."""
        return functional.linear(self.norm(functional.gelu(self.dense(hidden))), embeddings, self.bias)

    def load(self, tensors: dict[str, torch.Tensor]) -> bool:
        """Take the head that a checkpoint's tensors hold, and tell whether there is one."""
        for names in _MLM_NAMES:
            wanted = {
                f"{own}.{part}".lstrip("."): f"{theirs}.{part}"
                for own, theirs in names.items()
                for part in (("weight", "bias") if own else ("bias",))
            }
            if all(theirs in tensors for theirs in wanted.values()):
                self.load_state_dict({own: tensors[theirs] for own, theirs in wanted.items()})
                return True
        return False
