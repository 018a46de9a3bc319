"""How a head is fine-tuned on English: the two published recipes, and what a submission replaces in one."""

from __future__ import annotations

from collections.abc import Mapping

from harness.records import FineTuning, Target
from harness.records.record import Record


class Recipe(Record):
    """One way to fine-tune. Lengths are in tokens, a window begins `stride` tokens after the last, `batch_size` counts examples a step.

    `warmup` below 1 is a share of all steps, from 1 on a number of steps. `patience` ends training after so
    many evaluations on English in a row without gain; None trains to the end. Either way the best evaluation
    is kept.
    """

    learning_rate: float
    epochs: int
    max_length: int
    batch_size: int
    stride: int = 0
    warmup: float = 0.0
    weight_decay: float = 0.0
    patience: int | None = None
    examples: int | None = None
    freeze_embeddings: bool = False

    def taken(self, n: int) -> int:
        """Return how many of n training examples are taken."""
        return n if self.examples is None else min(n, self.examples)


# XTREME's scripts (google-research/xtreme at 838c13b).
_XTREME = {
    "classification": Recipe(learning_rate=2e-5, epochs=5, max_length=128, batch_size=32),
    "tagging": Recipe(learning_rate=2e-5, epochs=10, max_length=128, batch_size=32),
    "qa": Recipe(
        learning_rate=3e-5, epochs=3, max_length=384, stride=128, batch_size=32, warmup=500, weight_decay=1e-4
    ),
}
# jiant's (daa5a25), as Phang et al. used them. How long it waits for a gain is ours: five evaluations.
_JIANT = {
    "classification": Recipe(
        learning_rate=1e-5, epochs=5, max_length=256, batch_size=32, warmup=0.1, patience=5
    ),
    "tagging": Recipe(learning_rate=1e-5, epochs=10, max_length=256, batch_size=32, warmup=0.1, patience=5),
    "qa": Recipe(
        learning_rate=1e-5, epochs=2, max_length=384, stride=128, batch_size=16, warmup=0.1, patience=5
    ),
}
RECIPES: Mapping[str, Mapping[str, Recipe]] = {"xtreme": _XTREME, "jiant": _JIANT}
_XNLI, _JIANT_XNLI_EPOCHS = ("mnli", "xnli_dev"), 2
# From this width on XTREME's scripts train XNLI with another rate.
_LARGE, _LARGE_XNLI_RATE = 1024, 3e-5
_SHORT = {
    "learning_rate": "lr",
    "freeze_embeddings": "frozen",
    "batch_size": "batch",
    "max_length": "len",
    "weight_decay": "wd",
}


def recipe_for(target: Target, asked: FineTuning | None, width: int) -> Recipe:
    """Return the recipe of a target for an encoder of a hidden size, with what a submission replaces in it."""
    asked = asked or FineTuning()
    recipe = RECIPES[asked.recipe][target.kind]
    if target.training in _XNLI and asked.recipe == "jiant":
        recipe = recipe.model_copy(update={"epochs": _JIANT_XNLI_EPOCHS})
    elif target.training in _XNLI and width >= _LARGE:
        recipe = recipe.model_copy(update={"learning_rate": _LARGE_XNLI_RATE})
    return recipe.model_copy(update=_replaced(asked))


def recipe_text(asked: FineTuning | None) -> str:
    """Return the recipe's part of a signature: its name, and every value that a submission replaces."""
    asked = asked or FineTuning()
    values = (
        f"{_SHORT.get(name, name)}={str(value).lower()}" for name, value in sorted(_replaced(asked).items())
    )
    return ",".join((asked.recipe, *values))


def _replaced(asked: FineTuning) -> dict[str, object]:
    return {name: value for name, value in asked if name != "recipe" and value is not None}
