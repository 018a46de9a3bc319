from __future__ import annotations

import pytest
from pydantic import ValidationError

from harness.catalog import BY_NAME, TARGETS
from harness.catalog.finetuning import Recipe, recipe_for, recipe_text
from harness.records import FineTuning, HubLabelled


def test_the_two_recipes_are_those_of_the_protocol() -> None:
    def of(name: str, recipe: str) -> tuple[float, int, int, int, int, float, float]:
        chosen = recipe_for(BY_NAME[name], FineTuning.model_validate({"recipe": recipe}), 768)
        return (
            chosen.learning_rate,
            chosen.epochs,
            chosen.max_length,
            chosen.batch_size,
            chosen.stride,
            chosen.warmup,
            chosen.weight_decay,
        )

    assert of("xnli", "xtreme") == of("pawsx", "xtreme") == (2e-5, 5, 128, 32, 0, 0, 0)
    assert of("udpos", "xtreme") == of("panx", "xtreme") == (2e-5, 10, 128, 32, 0, 0, 0)
    assert of("xquad", "xtreme") == of("tydiqa", "xtreme") == (3e-5, 3, 384, 32, 128, 500, 1e-4)
    assert of("xnli", "jiant") == (1e-5, 2, 256, 32, 0, 0.1, 0)
    assert of("pawsx", "jiant") == (1e-5, 5, 256, 32, 0, 0.1, 0)
    assert of("udpos", "jiant") == (1e-5, 10, 256, 32, 0, 0.1, 0)
    assert of("mlqa", "jiant") == (1e-5, 2, 384, 16, 128, 0.1, 0)
    assert recipe_for(BY_NAME["xnli"], None, 1024).learning_rate == 3e-5
    assert recipe_for(BY_NAME["pawsx"], None, 1024).learning_rate == 2e-5


def test_what_a_submission_replaces_enters_the_recipe_and_the_signature() -> None:
    finetuning = FineTuning.model_validate(
        {"recipe": "jiant", "learning_rate": "1e-4", "examples": "4000", "freeze_embeddings": "true"}
    )
    assert recipe_for(BY_NAME["panx"], finetuning, 768) == Recipe(
        learning_rate=1e-4,
        epochs=10,
        max_length=256,
        batch_size=32,
        warmup=0.1,
        patience=5,
        examples=4000,
        freeze_embeddings=True,
    )
    assert recipe_text(finetuning) == "jiant,examples=4000,frozen=true,lr=0.0001"
    assert recipe_text(None) == "xtreme"
    assert recipe_for(BY_NAME["panx"], finetuning, 768).taken(20_000) == 4000


@pytest.mark.parametrize(
    "given",
    [
        {"learning_rate": "0"},
        {"epochs": "0"},
        {"recipe": "mine"},
        {"rate": "1"},
        {"batch_size": "1.5"},
        {"warmup": "-1"},
    ],
)
def test_values_that_make_no_training_are_refused(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        FineTuning.model_validate(given)


def test_every_target_with_a_head_has_a_training_text_and_the_benchmark_is_whole() -> None:
    from harness.data.training_text import _HEADS

    with_head = [target for target in TARGETS if target.has_head]
    own = {target.name for target in with_head if isinstance(target.hub, HubLabelled) and target.hub.train}
    assert {target.training for target in with_head} == {*_HEADS, *own}
    assert [target.name for target in TARGETS if target.in_xtreme] == [
        *("tatoeba", "bucc2018", "xnli", "pawsx", "udpos", "panx", "xquad", "mlqa", "tydiqa")
    ]
    assert {target.group for target in TARGETS if not target.in_xtreme} == {None}
