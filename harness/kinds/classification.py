"""Label texts, or pairs of texts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from harness.data.own_labelled import LabelledTexts
from harness.data.sentence_pairs import SentencePairs
from harness.kinds.protocols import Predict
from harness.models.tokenization import Input, pair_inputs, single_inputs
from harness.records import Target


def labelled_inputs(tokenizer: Any, examples: SentencePairs | LabelledTexts, max_length: int) -> list[Input]:
    """Return the inputs whose labels are predicted, or learnt: pairs, or single texts."""
    if isinstance(examples, LabelledTexts):
        return single_inputs(tokenizer, examples.texts, max_length)
    return pair_inputs(tokenizer, examples.first_sentences, examples.second_sentences, max_length)


def run(target: Target, examples: SentencePairs | LabelledTexts, model: Predict) -> pa.Table:
    """Give every text or pair the label of the largest logit.

    A row is a text or a pair: `predicted`, its label, and `correct`, whether that is right.
    """
    inputs = labelled_inputs(model.tokenizer, examples, model.max_length)
    best = np.stack(model.logits(inputs)).argmax(axis=1)
    labels = np.array(target.labels)
    predicted = labels[best]
    return pa.table(
        {
            "index": np.arange(len(examples), dtype=np.int32),
            "predicted": pa.array(predicted.tolist(), pa.string()),
            "correct": predicted == np.array(examples.labels),
        }
    )
