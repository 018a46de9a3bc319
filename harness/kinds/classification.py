"""Label pairs of sentences."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from harness.data.sentence_pairs import SentencePairs
from harness.kinds.protocols import Predict
from harness.models.tokenization import pair_inputs
from harness.records import Score, Target
from harness.scoring.metrics.accuracy import accuracy
from harness.scoring.statistics.intervals import wilson


def run(target: Target, examples: SentencePairs, model: Predict) -> pa.Table:
    """Give every pair the label of the largest logit; a row is a pair, `predicted` its label, `correct` whether it is right."""
    inputs = pair_inputs(model.tokenizer, examples.first_sentences, examples.second_sentences, model.max_length)
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


def score(target: Target, outcomes: pa.Table) -> Score:
    """Return accuracy in points with Wilson's interval."""
    correct = outcomes["correct"].to_numpy(zero_copy_only=False)
    low, high = wilson(int(correct.sum()), len(correct))
    share = accuracy(correct, np.ones(len(correct), dtype=bool))
    return Score(score=round(100 * share, 4), n=len(correct), interval=(round(100 * low, 4), round(100 * high, 4)))
