"""The words of the board with their meanings: for tooltips and the page that explains; pure."""

from __future__ import annotations

GLOSSARY = {
    "submission": "one recipe at one size: a folder in `submissions/`",
    "seed": "one checkpoint of a submission, trained with its own random seed",
    "regime": "what the intermediate training saw: `none`, `english` or `multilingual`",
    "target": "a task with its languages, data and metric, such as `tatoeba`",
    "kind": "how targets of one form are run: `retrieval`, `mining`, `classification`, …",
    "cell": "one checkpoint × target × language",
    "outcome": "the result for one example: right or wrong, a rank, a margin",
    "view": "the layer and the pooling that a vector is read from",
    "signature": "everything that a score depends on, in one line",
    "coverage": "which of a target's languages were measured",
    "head": "the layers that fine-tuning adds to an encoder for one target",
    "recipe": "the settings of a training, as YAML",
    "grid": "the trainings of one recipe: its sizes × its seeds",
    "family": "encoders of one design in several sizes; one scaling curve joins them",
    "interval": "the range that holds the true value in 95 of 100 such experiments",
    "beyond chance": "a difference too large for chance, allowing for how many were tested",
    "p value": "how often chance alone would give a difference as large, from 0 to 1",
    "points": "scores are written from 0 to 100; one of a hundred is a point",
    "intermediate training": "training on another task, between pre-training and the tests",
    "transfer": "what a training on one task or language brings to another",
    "retrieval": "finding the right text among many by the nearest vector",
    "embeddings": "the table of word vectors; it grows with the vocabulary, not with the depth",
    "F1": "the harmonic mean of precision and recall",
    "mAP@20": "how near the top of the first 20 found the right answers are: mean average precision",
    "oracle threshold": "a threshold chosen on the scored examples themselves: an upper bound",
    "self-evaluated": "measured by its submitters with the harness, not rerun by anyone else",
    "slug": "the short name of a submission, as in addresses and commands",
    "zero-shot": "tested in a language in which the task was not trained",
    "mono, cross, multi": "questions and answers in one language, in two, or in all languages at once",
}
"""Word → meaning; the table in docs/architecture.md is written from it."""


def meaning(word: str) -> str:
    """Return the meaning of a word, or of its plural, as plain text; empty where the glossary lacks it."""
    name = word if word in GLOSSARY else word.lower()
    return GLOSSARY.get(name, GLOSSARY.get(name.removesuffix("s"), "")).replace("`", "")
