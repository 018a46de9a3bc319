"""A result belongs to its submission and to the official text, or it is refused, whatever its kind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.catalog import TARGETS, find_target
from harness.catalog.finetuning import recipe_text
from harness.records import FineTuning, Pooling, Result, Submission, Target, TextEncoding
from harness.store.agreement import other_recipe, other_text
from harness.store.consistency import submission_findings
from tests.support import boards

SIZED = [target for target in TARGETS if target.sizes]


def toy_result(target: Target, n: int, **more: object) -> Result:
    return boards.result("toy", [dict.fromkeys(target.languages, 50.0)], target=target, n=n, **more)


@pytest.mark.parametrize("target", SIZED, ids=lambda target: target.name)
def test_a_wrong_number_of_examples_is_named_for_every_kind(target: Target) -> None:
    language = next(iter(target.sizes))
    size = target.sizes[language]
    result = toy_result(target, size - 1)
    expected = f"seed 0 in {language}: has {size - 1:,} {target.unit}, the official set has {size:,}"
    assert expected in list(other_text(result))
    assert expected not in list(other_text(toy_result(target, size)))


def submission(**more: object) -> Submission:
    return boards.submission(
        seeds=1, encoding={"layer": 2, "pooling": "mean", "prefix": "", "max_length": "512"}, **more
    )


def test_what_the_submission_declares_has_to_be_in_the_signature() -> None:
    tatoeba = find_target("tatoeba")
    signature = tatoeba.signature.encoded(TextEncoding.stated(boards.ENCODING, 2), roles=False)
    declared = submission()
    source = declared.checkpoints[0].source
    checkpoint = toy_result(tatoeba, 4).checkpoints[0].model_copy(update={"source": source, "layer": 2})
    sound = toy_result(tatoeba, 4).model_copy(update={"signature": signature, "checkpoints": (checkpoint,)})
    assert list(other_recipe(sound, declared)) == []
    deviating = sound.model_copy(update={"signature": replace(signature, prefix="query: ", max_length=128)})
    assert list(other_recipe(deviating, declared)) == [
        "the signature lacks 'prefix=', 'len=512', which the submission declares"
    ]


def test_layer_and_pooling_by_target_are_declared_too() -> None:
    tatoeba = find_target("tatoeba")
    view = TextEncoding.stated(boards.ENCODING.model_copy(update={"pooling": Pooling.CLS}), 1)
    signature = tatoeba.signature.encoded(view, roles=False)
    declared = submission(encoding_by_target={"tatoeba": {"layer": 1, "pooling": "cls"}})
    source = declared.checkpoints[0].source
    checkpoint = toy_result(tatoeba, 4).checkpoints[0].model_copy(update={"source": source, "layer": 1})
    measured = toy_result(tatoeba, 4).model_copy(
        update={"signature": signature, "checkpoints": (checkpoint,)}
    )
    assert list(other_recipe(measured, declared)) == []
    assert list(other_recipe(measured, submission())) == [
        "the signature lacks 'h1.mean', which the submission declares",
        "seed 0 was read at layer 1, but the submission declares 2",
    ]
    assert "encoding_by_target" not in submission().model_dump()


@pytest.mark.parametrize(
    ("by_target", "encoding", "message"),
    [
        (
            {"xnli": (1, "cls")},
            {},
            "encoding_by_target: target 'xnli' has a head, which reads the last layer",
        ),
        ({"tatobea": (1, "cls")}, {}, "encoding_by_target: unknown 'tatobea'"),
        (
            {"tatoeba": (1, "cls")},
            {"encoding": {"as": "saved"}},
            "encoding_by_target: it replaces layer and pooling, which encoding does not state",
        ),
    ],
)
def test_layers_by_target_that_mean_nothing_are_refused(
    by_target: dict[str, tuple[int, str]], encoding: dict[str, object], message: str
) -> None:
    views = {name: {"layer": layer, "pooling": pooling} for name, (layer, pooling) in by_target.items()}
    stated = {"layer": "2", "pooling": "mean"}
    made = boards.submission(seeds=1, **{"encoding": stated, "encoding_by_target": views, **encoding})
    assert message in [inconsistency.message for inconsistency in submission_findings(made)]


def test_a_head_trained_by_another_recipe_is_not_the_submissions() -> None:
    xnli = find_target("xnli")
    declared = submission(finetuning={"xnli": {"recipe": "jiant", "epochs": "3"}})
    source = declared.checkpoints[0].source
    checkpoint = toy_result(xnli, 4).checkpoints[0].model_copy(update={"source": source})
    signature = xnli.signature.predicted(recipe_text(FineTuning(recipe="jiant", epochs=3)))
    sound = toy_result(xnli, 4).model_copy(update={"signature": signature, "checkpoints": (checkpoint,)})
    assert list(other_recipe(sound, declared)) == []
    deviating = sound.model_copy(update={"signature": xnli.signature.predicted("xtreme")})
    assert list(other_recipe(deviating, declared)) == [
        "the signature lacks 'head=jiant,epochs=3', which the submission declares"
    ]
