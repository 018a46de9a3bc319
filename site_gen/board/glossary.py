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
    "zero-shot": "tested in a language in which the task was not trained",
    "mono, cross, multi": "questions and answers in one language, in two, or in all languages at once",
}
"""Word → meaning; the table in docs/architecture.md is written from it."""


def meaning(word: str) -> str:
    """Return the meaning of a word, or of its plural, as plain text; empty where the glossary lacks it."""
    name = word.lower()
    return GLOSSARY.get(name, GLOSSARY.get(name.removesuffix("s"), "")).replace("`", "")
