"""Tag the words of sentences."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from harness.data.tagging import TaggedSentences
from harness.kinds.protocols import Predict
from harness.models.tokenization import pieces
from harness.records import Target
from harness.scoring.metrics.chunks import chunk_counts
from harness.scoring.tables.tagging import COUNTS


def run(target: Target, examples: TaggedSentences, model: Predict) -> pa.Table:
    """Give every word the tag of the largest logit at its first sub-word.

    A row is a sentence: `tags`, the predictions for its `words`, of which `correct` are right, and the counts
    of correct, proposed and gold chunks, from which micro-averaged F1 is computed.
    """
    parts = pieces(model.tokenizer, examples.words, model.max_length)
    predicted: list[list[str]] = [[] for _ in examples.words]
    for part, logits in zip(parts, model.logits([part.input for part in parts]), strict=True):
        predicted[part.sentence] += [target.labels[best] for best in logits[part.first].argmax(axis=1)]
    counts = chunk_counts(examples.tags, predicted)
    correct = [
        sum(a == b for a, b in zip(*pair, strict=True)) for pair in zip(examples.tags, predicted, strict=True)
    ]
    return pa.table(
        {
            "index": np.arange(len(examples), dtype=np.int32),
            # The element name of tables read from parquet, so that writing them again gives the same bytes.
            "tags": pa.array(predicted, pa.list_(pa.field("element", pa.string()))),
            "words": np.array([len(tags) for tags in examples.tags], dtype=np.int32),
            "correct": np.array(correct, dtype=np.int32),
            **{name: column.astype(np.int32) for name, column in zip(COUNTS, counts.T, strict=True)},
        }
    )
