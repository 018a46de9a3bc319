"""The heads of tasks with labels, and of masked words; classifiers read the first token's vector."""

from __future__ import annotations

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


def new_head(task: Task, width: int, vocabulary: int) -> Labels | MaskedWords:
    """Return a fresh head for a task, drawn from torch's generator."""
    return MaskedWords(width, vocabulary) if task.format == "mlm" else Labels(task, width)


class Labels(nn.Module):
    """A linear layer over the vector of the first token, as in BERT and RoBERTa, or of every token."""

    def __init__(self, task: Task, width: int) -> None:
        super().__init__()
        self.format = task.format
        outputs = {"pair_regression": 1, "multiple_choice": 1, "qa": 2}.get(task.format) or len(task.labels)
        self.dropout, self.linear = nn.Dropout(_HEAD_DROPOUT), nn.Linear(width, outputs)
        nn.init.normal_(self.linear.weight, std=0.02)
        nn.init.zeros_(self.linear.bias)

    def forward(
        self, hidden: torch.Tensor, _mask: torch.Tensor, _encoder: Any, answer: dict[str, torch.Tensor]
    ) -> dict[str, torch.Tensor]:
        """Return the loss of one batch and the logits."""
        if self.format in ("tagging", "qa"):
            return self._by_token(self.linear(self.dropout(hidden)), answer)
        logits = self.linear(self.dropout(hidden[:, 0]))  # (inputs, labels)
        labels = answer["labels"]
        if self.format == "pair_regression":
            logits = logits[:, 0]
            return {"loss": functional.mse_loss(logits, labels.to(logits.dtype)), "logits": logits}
        if self.format == "multiple_choice":
            logits = logits.view(len(labels), -1)  # (questions, answers)
        return {"loss": functional.cross_entropy(logits, labels), "logits": logits}

    def _by_token(self, logits: torch.Tensor, answer: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return loss and logits (inputs, tokens, labels) of a head that reads every token."""
        if self.format == "tagging":
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


class MaskedWords(nn.Module):
    """The usual head for masked words: dense layer, GELU, norm, and the transposed embeddings with a bias."""

    def __init__(self, width: int, vocabulary: int) -> None:
        """Draw fresh weights from torch's generator."""
        super().__init__()
        self.dense, self.norm = nn.Linear(width, width), nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(vocabulary))

    def forward(
        self, hidden: torch.Tensor, _mask: torch.Tensor, encoder: Any, answer: dict[str, torch.Tensor]
    ) -> dict[str, torch.Tensor]:
        """Return the loss of the masked tokens of one batch and their logits."""
        masked = answer["labels"] != IGNORED
        logits = self.logits(hidden[masked], encoder.get_input_embeddings().weight)  # (masked, vocabulary)
        total = functional.cross_entropy(logits, answer["labels"][masked], reduction="sum")
        # In a few short texts no token may be masked.
        return {"loss": total / max(1, len(logits)), "logits": logits}

    def logits(self, hidden: torch.Tensor, embeddings: torch.Tensor) -> torch.Tensor:
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
