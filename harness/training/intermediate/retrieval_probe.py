"""Watch retrieval during a training: how often the translation of an English text is the nearest one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from harness.catalog.tasks import find_task
from harness.errors import BadInput
from harness.models.tokenization import single_inputs
from harness.records import Probe, TaskShare
from harness.training.intermediate.items import ENGLISH, Items, read_items
from harness.training.intermediate.job import Opened
from harness.training.intermediate.texts import DEV_SEED
from harness.training.intermediate.vectors import Pooled, in_parts, normalized

_FORMATS = ("text_pairs", "translations", "pair_regression", "mlm")
_AT_ONCE = 16


def read_probe(probe: Probe, data: Path | None) -> Items:
    """Return the held-out items of the probe's task, first in English, then in its languages.

    Raises BadInput for a task without translations, and for a language in which no held-out item exists.
    """
    task = find_task(probe.task)
    if task.format not in _FORMATS or (task.format == "mlm" and not task.parallel):
        raise BadInput(
            f"probe: {task.name} does not hold the same texts in several languages",
            cure="a task of pairs of texts or of translations, such as mlqa_dev_sentences",
        )
    share = TaskShare(task=probe.task, languages=(ENGLISH, *probe.languages), pool=probe.languages)
    held_out = read_items(task, share, DEV_SEED, data).dev
    items = held_out.take(np.arange(min(len(held_out), probe.examples or len(held_out))))
    for number, language in enumerate(items.languages):
        if not items.available[:, number].any():
            raise BadInput(f"probe: no held-out item of {task.name} is in {language}", cure="leave it out")
    return items


class RetrievalProbe:
    """The probe's texts as tokens, and a head that reads their vectors as evaluation does."""

    def __init__(self, number: int, opened: Opened, items: Items) -> None:
        """Take the number of the head among the model's, the open training and the items."""
        encoding = opened.recipe.encoding
        self.head = Pooled(None if encoding.layer == "last" else encoding.layer, encoding.pooling)
        self._number, self._languages = number, items.languages
        self._rows = [np.flatnonzero(items.available[:, j]) for j in range(len(items.languages))]
        texts = [
            encoding.prefix + items.text(0, int(item), j)
            for j, rows in enumerate(self._rows)
            for item in rows
        ]
        inputs = single_inputs(opened.tokenizer, texts, encoding.max_length)
        self.ids = [tokens.ids for tokens in inputs]
        self._batch = in_parts(inputs, min(opened.at_once, _AT_ONCE), opened.tokenizer.pad_token_id)

    @torch.inference_mode()
    def accuracies(self, model: nn.Module) -> dict[str, float]:
        """Return by language the share of English texts whose translation is the nearest one, in points.

        The candidates are the held-out texts of that language. The model is in evaluation mode.
        """
        device = next(model.parameters()).device
        parts = [
            model(**{name: tensor.to(device) for name, tensor in part.items()}, task=self._number)["vectors"]
            for part in self._batch["parts"]
        ]
        vectors = normalized(torch.cat(parts)[self._batch["places"].to(device)]).cpu().numpy()
        by_language = np.split(vectors, np.cumsum([len(rows) for rows in self._rows])[:-1])
        return {
            language: round(100 * _accuracy(by_language[0], self._rows[0], vectors_there, rows), 4)
            for language, vectors_there, rows in zip(
                self._languages[1:], by_language[1:], self._rows[1:], strict=True
            )
        }


def _accuracy(
    english: NDArray[np.float32],
    english_items: NDArray[np.intp],
    candidates: NDArray[np.float32],
    items: NDArray[np.intp],
) -> float:
    """Return the share of candidates' items whose English vector is nearest to that candidate.

    Vectors are (texts, width) of length 1; the items are their numbers, rising.
    """
    queries = english[np.searchsorted(english_items, items)]
    return float(np.mean((queries @ candidates.T).argmax(axis=1) == np.arange(len(items))))
