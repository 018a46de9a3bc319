"""How a head is fine-tuned on English: two published recipes, and the values a submission replaces."""

from __future__ import annotations

from collections.abc import Mapping

from harness.records import FineTuning, Target
from harness.records.record import Record


class Recipe(Record):
    """One way to fine-tune a head; lengths are in tokens, `batch_size` in examples a step.

    A window begins `stride` tokens after the previous one. `warmup` below 1 is a share of all steps, from 1
    on a number of steps. `patience` ends training after this number of consecutive evaluations on English
    without gain; None trains to the end. The best evaluation is kept in both cases.
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
        """Return how many of n training examples are used."""
        return n if self.examples is None else min(n, self.examples)


# XTREME's scripts (google-research/xtreme at 838c13b).
_XTREME = {
    "classification": Recipe(learning_rate=2e-5, epochs=5, max_length=128, batch_size=32),
    "tagging": Recipe(learning_rate=2e-5, epochs=10, max_length=128, batch_size=32),
    "qa": Recipe(
        learning_rate=3e-5, epochs=3, max_length=384, stride=128, batch_size=32, warmup=500, weight_decay=1e-4
    ),
}
# jiant's (daa5a25), as used by Phang et al.; the patience of five evaluations is our choice.
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
_SHORT_NAMES = {
    "learning_rate": "lr",
    "freeze_embeddings": "frozen",
    "batch_size": "batch",
    "max_length": "len",
    "weight_decay": "wd",
}


def recipe_for(target: Target, finetuning: FineTuning | None, width: int) -> Recipe:
    """Return a target's recipe for an encoder of hidden size `width`, with a submission's replacements."""
    finetuning = finetuning or FineTuning()
    recipe = RECIPES[finetuning.recipe][target.kind]
    if target.training in _XNLI and finetuning.recipe == "jiant":
        recipe = recipe.model_copy(update={"epochs": _JIANT_XNLI_EPOCHS})
    elif target.training in _XNLI and width >= _LARGE:
        recipe = recipe.model_copy(update={"learning_rate": _LARGE_XNLI_RATE})
    return recipe.model_copy(update=_replaced(finetuning))


def recipe_text(finetuning: FineTuning | None) -> str:
    """Return the recipe's part of a signature: its name, and every value that a submission replaces."""
    finetuning = finetuning or FineTuning()
    values = (
        f"{_SHORT_NAMES.get(name, name)}={str(value).lower()}"
        for name, value in sorted(_replaced(finetuning).items())
    )
    return ",".join((finetuning.recipe, *values))


def _replaced(finetuning: FineTuning) -> dict[str, object]:
    return {name: value for name, value in finetuning if name != "recipe" and value is not None}
