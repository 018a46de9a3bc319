"""What objectives on sentence vectors share: pairs of texts, encoded by one encoder."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from harness.errors import BadInput
from harness.models.tokenization import Input, single_inputs
from harness.training.intermediate.items import Items
from harness.training.intermediate.job import Opened
from harness.training.intermediate.objectives.objective import DevMeasures, StepRunner
from harness.training.intermediate.objectives.planned import Pair, PlannedObjective
from harness.training.intermediate.texts import TaskText
from harness.training.intermediate.vectors import Pooled, backpropagate, gathered, in_parts

# Texts of similar length in one pass on a CPU: more would only be padded further.
_CPU_TEXTS = 16


class PairObjective(PlannedObjective):
    """Vectors of pairs, read at the layer and pooling of evaluation."""

    head: Pooled

    def __init__(self, number: int, opened: Opened, text: TaskText) -> None:
        super().__init__(number, opened, text)
        encoding = opened.recipe.encoding
        self._refuse_layer(encoding.layer)
        self.head = Pooled(None if encoding.layer == "last" else encoding.layer, encoding.pooling)

    def _refuse_layer(self, layer: int | str) -> None:
        files = self.opened.job.files
        if isinstance(layer, int) and layer > files.layers:
            raise BadInput(
                f"layer {layer} of {files.source} does not exist",
                cure=f"encoding.layer: 0 (embeddings) to {files.layers}, or last",
            )

    def _pairs(
        self, items: Items, numbers: NDArray[np.intp], first: NDArray[np.intp], second: NDArray[np.intp]
    ) -> list[Pair]:
        """Return pairs with their tokens; a wrong text is in the language of the right one."""
        sides = len(items.sides)
        keys = [
            [(side, int(first[i] if side == 0 else second[i]), int(item)) for side in range(sides)]
            for i, item in enumerate(numbers)
        ]
        tokens = self._tokenised(items, {key for row in keys for key in row})
        return [
            Pair(tuple(tokens[key] for key in row), int(item))
            for row, item in zip(keys, numbers, strict=True)
        ]

    def _tokenised(self, items: Items, keys: set[tuple[int, int, int]]) -> dict[tuple[int, int, int], Input]:
        prefixes, ordered = self.prefixes(), sorted(keys)
        texts = [prefixes[side > 0] + items.text(side, item, language) for side, language, item in ordered]
        inputs = single_inputs(self.opened.tokenizer, texts, self.opened.recipe.max_length) if texts else []
        return dict(zip(ordered, inputs, strict=True))

    def collate(self, rows: Sequence[Pair]) -> dict[str, Any]:
        """Return the texts of a step, by side, in parts of similar length, and the facts of its items."""
        inputs = [row.inputs[side] for side in range(len(rows[0].inputs)) for row in rows]
        items = np.array([row.item for row in rows])
        padding = self.opened.tokenizer.pad_token_id
        return {**in_parts(inputs, self._at_once(), padding), "facts": self.facts(self.train, items)}

    def _at_once(self) -> int:
        at_once = self.opened.at_once
        return at_once if self.opened.job.device.startswith("cuda") else min(at_once, _CPU_TEXTS)

    # ---- loss and score ----

    @abstractmethod
    def facts(self, items: Items, numbers: NDArray[np.intp]) -> torch.Tensor:
        """Return what the loss needs to know about these items, (pairs, …)."""

    @abstractmethod
    def loss(self, vectors: torch.Tensor, facts: torch.Tensor) -> torch.Tensor:
        """Return the loss of vectors (sides, pairs, width), not normalised."""

    @abstractmethod
    def score(self, vectors: torch.Tensor, facts: torch.Tensor) -> float:
        """Return the metric, from 0 to 1, of vectors (sides, pairs, width), not normalised."""

    def backpropagate(self, runner: StepRunner, batch: Mapping[str, Any]) -> torch.Tensor:
        """Compare the vectors of the whole step, and those of other processes, whatever fits into memory."""
        facts = gathered(batch["facts"])

        def encode(part: Mapping[str, torch.Tensor]) -> torch.Tensor:
            with runner.autocast():
                vectors: torch.Tensor = runner.model(**part, task=self.number)["vectors"]
            return vectors

        def loss_of(vectors: torch.Tensor) -> torch.Tensor:
            by_side = vectors.view(len(self.train.sides), -1, vectors.shape[-1])
            return self.loss(gathered(by_side, dim=1), facts)

        cached = self.opened.at_once < self.opened.recipe.batch_size
        return backpropagate(encode, batch, loss_of, cached=cached)

    @torch.inference_mode()
    def assess(self, model: nn.Module) -> DevMeasures | None:
        """Measure a model on the held-out items, all of which are compared with each other."""
        sides = len(self.dev.sides)
        inputs = [pair.inputs[side] for side in range(sides) for pair in self._held_out]
        batch = in_parts(inputs, self._at_once(), self.opened.tokenizer.pad_token_id)
        device = next(model.parameters()).device
        parts = [
            model(**{name: tensor.to(device) for name, tensor in part.items()}, task=self.number)["vectors"]
            for part in batch["parts"]
        ]
        vectors = torch.cat(parts)[batch["places"].to(device)].view(sides, len(self.dev), -1)
        facts = self.facts(self.dev, np.arange(len(self.dev))).to(device)
        return DevMeasures(float(self.loss(vectors, facts)), 100 * self.score(vectors, facts))
