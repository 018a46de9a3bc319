"""A model in memory, such as one in training: its weights, and the other files of it, once saved."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import transformers

from harness.errors import BadInput, WrongUsage
from harness.models.checkpoint import CheckpointFiles, describe_unsaved
from harness.models.tokenizer_opening import open_tokenizer
from harness.models.transformers_errors import opening


class UnsavedModel:
    """A model of transformers or sentence-transformers whose weights go on changing.

    `files` describes it as `evaluate` would describe the folder that it is saved to. The weights of the
    encoder are never written; maps that sentence-transformers puts behind the pooling are, into `folder`.
    """

    def __init__(self, model: Any, tokenizer: Any, folder: Path, source: str) -> None:
        """Write configuration, tokenizer and modules into an empty folder, and read them as data.

        `tokenizer` is not needed for a model of sentence-transformers. Raises WrongUsage for any other model
        and without a tokenizer, and BadInput for what `evaluate` would refuse.
        """
        self._model, self._folder = model, folder
        self._sentence_model = _is_sentence_model(model)
        self._encoder = model[0].auto_model if self._sentence_model else model
        if not isinstance(self._encoder, transformers.PreTrainedModel):
            raise WrongUsage(
                f"{type(self._encoder).__name__} is no model of transformers or sentence-transformers",
                cure="harness.callback(…, encoder_of=lambda model: model.…) says which part of it is one",
            )
        if not self._sentence_model and tokenizer is None:
            raise WrongUsage(
                "the Trainer was given no tokenizer",
                cure="Trainer(…, processing_class=tokenizer), or harness.callback(…, tokenizer=tokenizer)",
            )
        with opening(source):
            self._write()
            if not self._sentence_model:
                tokenizer.save_pretrained(str(folder))
        shapes = {name: tuple(tensor.shape) for name, tensor in self._encoder.state_dict().items()}
        self.files: CheckpointFiles = describe_unsaved(folder, source, shapes)
        with opening(source):
            self.tokenizer = open_tokenizer(self.files)

    @property
    def device(self) -> str:
        """Return the device that the weights are on, or the CPU where vectors are not computed there."""
        device = str(self._encoder.device)
        return device if device.startswith("cuda") else "cpu"

    def weights(self) -> Mapping[str, torch.Tensor]:
        """Return the encoder's weights of now, and bring the files of what follows the pooling up to date.

        Raises BadInput where the training has diverged.
        """
        if self._sentence_model:
            self._write()
        weights: Mapping[str, torch.Tensor] = self._encoder.state_dict()
        for name, tensor in weights.items():
            if tensor.is_floating_point() and not tensor.isfinite().all():
                raise BadInput(f"{name} of {self.files.source} is not finite", cure="a lower learning rate")
        return weights

    def _write(self) -> None:
        if not self._sentence_model:
            self._encoder.config.save_pretrained(str(self._folder))
            return
        with _saving_its_configuration_alone(self._encoder):
            self._model.save_pretrained(str(self._folder), create_model_card=False)


def _is_sentence_model(model: Any) -> bool:
    """Tell whether this is a SentenceTransformer; where that package was never imported, it is none."""
    package = sys.modules.get("sentence_transformers")
    return package is not None and isinstance(model, package.SentenceTransformer)


@contextmanager
def _saving_its_configuration_alone(encoder: Any) -> Iterator[None]:
    """Let `save_pretrained` of an encoder, which other modules call, write no weights."""
    encoder.save_pretrained = lambda folder, **_: encoder.config.save_pretrained(folder)
    try:
        yield
    finally:
        del encoder.save_pretrained
