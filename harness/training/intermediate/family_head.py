"""The head that an encoder's family has for sequence classification, and the model that they make."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import nn

from harness.errors import BadInput
from harness.models.checkpoint import TOKENIZER_FILES, CheckpointFiles


class RelevanceHead(nn.Module):
    """One score of each input: a fresh head as AutoModelForSequenceClassification has it for the family."""

    def __init__(self, encoder: Any, source: str) -> None:
        """Draw the weights with torch's generator; raises BadInput for a family whose head is not known."""
        super().__init__()
        config = copy.deepcopy(encoder.config)
        config.num_labels, config.classifier_dropout = 1, getattr(config, "classifier_dropout", None)
        self._whole = [_empty_model(config, source)]  # in a list, so that its encoder is no part of this head
        whole = self._whole[0]
        self.pooler = getattr(whole.base_model, "pooler", None)
        self.dropout = getattr(whole, "dropout", None)
        self.classifier = whole.classifier
        whole.base_model.load_state_dict(encoder.state_dict(), strict=False)

    def forward(
        self, hidden: torch.Tensor, _mask: torch.Tensor, _encoder: Any, _answer: dict[str, torch.Tensor]
    ) -> dict[str, torch.Tensor]:
        """Return the scores (inputs,) of hidden states (inputs, tokens, width)."""
        if self.pooler is not None:
            hidden = self.pooler(hidden)
        if self.dropout is not None:
            hidden = self.dropout(hidden)
        return {"scores": self.classifier(hidden)[:, 0]}

    def save(self, encoder: Any, files: CheckpointFiles, folder: Path) -> None:
        """Save encoder and head as one model, which `retrieve --rerank` opens, with the tokenizer's files."""
        whole = self._whole[0]
        whole.base_model.load_state_dict(encoder.state_dict(), strict=False)
        whole.save_pretrained(folder)
        for name in TOKENIZER_FILES:
            if (files.folder / name).is_file():
                (folder / name).write_bytes((files.folder / name).read_bytes())


def _empty_model(config: Any, source: str) -> Any:
    """Return a model of the family with fresh weights, whose head reads the encoder's last hidden state."""
    try:
        whole = transformers.AutoModelForSequenceClassification.from_config(config)
    except ValueError as reason:
        raise _unknown_head(config, source) from reason
    classifier = getattr(whole, "classifier", None)
    pooled = getattr(whole.base_model, "pooler", None) is not None and isinstance(classifier, nn.Linear)
    if not pooled and not type(classifier).__name__.endswith("ClassificationHead"):
        raise _unknown_head(config, source)
    return whole


def _unknown_head(config: Any, source: str) -> BadInput:
    return BadInput(
        f"{source}: no head for re-ranking is known for model_type {config.model_type!r}",
        cure="an encoder of the family of BERT or of RoBERTa, such as XLM-R",
    )
