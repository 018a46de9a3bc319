"""Label pairs of sentences."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from harness.data.sentence_pairs import SentencePairs
from harness.kinds.protocols import Predict
from harness.models.tokenization import pair_inputs
from harness.records import Target


def run(target: Target, examples: SentencePairs, model: Predict) -> pa.Table:
    """Give every pair the label of the largest logit.

    A row is a pair: `predicted`, its label, and `correct`, whether that is right.
    """
    inputs = pair_inputs(
        model.tokenizer, examples.first_sentences, examples.second_sentences, model.max_length
    )
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
