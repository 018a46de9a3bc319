"""Predict with a fine-tuned head: inputs → logits, in passes of one length without padding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
import transformers

from harness.errors import BadInput, CheckFailed
from harness.models.batching import plan_batches
from harness.models.checkpoint import CheckpointFiles
from harness.models.device import DTYPES, is_emulated
from harness.models.forward_passes import CPU_BATCH_TOKENS, GPU_BATCH_TOKENS, Passes
from harness.models.loading import (
    check_ids,
    find_architecture,
    multiply_in_float32,
    refuse_unread_weights,
)
from harness.models.tokenization import Input, Logits
from harness.models.tokenizer_comparison import differences
from harness.models.tokenizer_opening import open_tokenizer
from harness.models.transformers_errors import opening, quiet
from harness.records import Target

ARCHITECTURES: dict[str, Any] = {
    "classification": transformers.AutoModelForSequenceClassification,
    "tagging": transformers.AutoModelForTokenClassification,
    "qa": transformers.AutoModelForQuestionAnswering,
}


class Predictor:
    """A model with its head. Inputs are cut by `max_length` and `stride`, as in the head's training."""

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        order: Sequence[int] | None,
        *,
        max_length: int,
        stride: int,
        batch_tokens: int | None = None,
        source: str = "this checkpoint",
        progress: Callable[[int, int, int], None] = lambda texts, tokens, total: None,
    ) -> None:
        """Take an open model; `order` lists its outputs in the order of the target's labels, None for all.

        `source` names the checkpoint in errors.
        """
        self.tokenizer, self.max_length, self.stride = tokenizer, max_length, stride
        self._model, self._order, self._source, self._progress = model, order, source, progress
        self._on_gpu = model.device.type == "cuda"
        self.batch_tokens = batch_tokens or (GPU_BATCH_TOKENS if self._on_gpu else CPU_BATCH_TOKENS)
        self.events: list[str] = []
        self.texts = self.tokens = 0

    def logits(self, inputs: Sequence[Input]) -> list[Logits]:
        """Return the logits of each input, shaped as described at `Logits`.

        Raises CheckFailed when memory is too small for one input alone, and when a logit is not finite.
        """
        check_ids(self._model, [item.ids for item in inputs], self._source)
        lengths = [len(item.ids) for item in inputs]
        rows: list[Logits | None] = [None] * len(inputs)
        passes = Passes(
            lambda batch: self._forward([inputs[i] for i in batch]),
            self.batch_tokens,
            self._on_gpu,
            source=self._source,
        )
        for indices, batch_rows in passes.run(plan_batches(lengths, self.batch_tokens), lengths):
            if batch_rows is None:
                raise CheckFailed(
                    f"out of memory on the {lengths[indices[0]]} tokens of one input alone",
                    cure="use a larger machine",
                )
            for index, row in zip(indices, batch_rows, strict=True):
                rows[index] = row
            self._progress(len(indices), int(sum(lengths[i] for i in indices)), sum(lengths))
        self.batch_tokens = passes.tokens
        self.events.extend(passes.events)
        self.events.extend(note for note in differences(self.tokenizer) if note not in self.events)
        self.texts, self.tokens = self.texts + len(inputs), self.tokens + sum(lengths)
        logits = [row for row in rows if row is not None]
        if not all(np.isfinite(row).all() for row in logits):
            raise CheckFailed(
                "a logit is not finite",
                cure="the head diverged in training, or the dtype is too narrow: --dtype float32",
            )
        return logits

    @torch.inference_mode()
    def _forward(self, inputs: Sequence[Input]) -> Logits:
        """Return the logits (inputs, …) of inputs of one length."""
        device = self._model.device
        arguments = {"input_ids": torch.tensor([item.ids for item in inputs], device=device)}
        if inputs[0].types is not None:
            arguments["token_type_ids"] = torch.tensor([item.types for item in inputs], device=device)
        output = self._model(**arguments, return_dict=True)
        logits = (
            output.logits
            if "logits" in output
            else torch.stack([output.start_logits, output.end_logits], dim=-1)
        )
        rows: Logits = logits.float().cpu().numpy()
        return rows if self._order is None else rows[..., self._order]


def open_head(
    files: CheckpointFiles, target: Target, *, device: str, dtype: str
) -> tuple[Any, Any, list[int] | None]:
    """Open a verified checkpoint with a head; returns model, tokenizer and the order of its outputs.

    The order is that of the target's labels, None for question answering. Raises BadInput when there is no
    such head, weights are missing, or a label of the target is not among the head's.
    """
    cure = f"finetuned: names a checkpoint with its head for {target.kind}, saved whole"
    model, tokenizer = _open_whole(files, target.kind, cure, device, dtype)
    return model, tokenizer, _order(model.config, target, files.source)


def open_pair_scorer(files: CheckpointFiles, *, device: str, dtype: str) -> tuple[Any, Any]:
    """Open a verified checkpoint that scores pairs of texts; returns model and tokenizer.

    Raises BadInput when weights are missing, or the head has neither one nor two outputs.
    """
    cure = "save the re-ranker whole, with its head: AutoModelForSequenceClassification"
    model, tokenizer = _open_whole(files, "classification", cure, device, dtype)
    if (outputs := model.config.num_labels) not in (1, 2):
        raise BadInput(
            f"the head of {files.source} has {outputs} outputs", cure="a re-ranker has one output, or two"
        )
    return model, tokenizer


def _open_whole(files: CheckpointFiles, kind: str, cure: str, device: str, dtype: str) -> tuple[Any, Any]:
    """Return model and tokenizer; raises BadInput, with the cure, where tensors are missing."""
    with opening(files.source):
        model, info, tokenizer = load(files, kind, dtype=DTYPES[dtype])
    if missing := sorted({*info["missing_keys"], *(str(key[0]) for key in info["mismatched_keys"])}):
        raise BadInput(
            f"{files.source} lacks {len(missing)} tensors of {type(model).__name__}: "
            f"{', '.join(missing[:3])} …",
            cure=cure,
        )
    if is_emulated(device, dtype):
        multiply_in_float32(model)
    return model.eval().to(device), tokenizer


def load(files: CheckpointFiles, kind: str, **options: Any) -> tuple[Any, dict[str, Any], Any]:
    """Return a model with a kind of head, the report of missing weights, and its tokenizer."""
    folder = str(files.folder.resolve())
    find_architecture(files)  # refuses a size that the weights do not have
    safe = {"local_files_only": True, "trust_remote_code": False}
    with quiet():  # the caller judges missing weights
        model, info = ARCHITECTURES[kind].from_pretrained(
            folder, use_safetensors=True, output_loading_info=True, **safe, **options
        )
    refuse_unread_weights(files, model, info["unexpected_keys"])
    return model, info, open_tokenizer(files)


def label_names(target: Target) -> dict[str, Any]:
    """Return the label settings of a head's configuration; for answers two outputs without names."""
    numbered = dict(enumerate(target.labels))
    return (
        {"id2label": numbered, "label2id": {name: number for number, name in numbered.items()}}
        if numbered
        else {"num_labels": 2}
    )


def _order(config: Any, target: Target, source: str) -> list[int] | None:
    if target.kind == "qa":
        return None
    outputs = {str(label): int(number) for number, label in config.id2label.items()}
    if missing := [label for label in target.labels if label not in outputs]:
        raise BadInput(
            f"the head of {source} has the labels {', '.join(outputs)}; "
            f"{target.name} wants {', '.join(missing)}, too",
            cure="write the labels into id2label of config.json, in the head's order",
        )
    return [outputs[label] for label in target.labels]
