"""Files of one folder that are valid one by one and contradict each other."""

from __future__ import annotations

from typing import Any

import pytest

from harness.catalog import find_target
from harness.catalog.fingerprints import FINGERPRINTS
from harness.records import (
    Pooling,
    Result,
    Submission,
    Sweep,
    SweptCheckpoint,
    TextEncoding,
    Training,
    Verification,
    ViewScores,
)
from harness.store.folder_consistency import (
    sweep_contradictions,
    training_contradictions,
    verification_contradictions,
    weights_contradictions,
)
from tests.support import boards

TATOEBA = find_target("tatoeba")
DIGEST = f"sha256:{'0' * 64}"


def submission(**intermediate: object) -> Submission:
    trained = {"regime": "english", "tasks": ["stsb"], "languages": ["en"], "examples": "100"}
    return boards.submission(seeds=2, intermediate=trained | intermediate, trained_on=["wikipedia", "stsb"])


def training(*, start: str = "", **recipe: Any) -> Training:
    """Return the record of a training of two seeds."""
    base = submission().base.id
    return Training.model_validate(
        {
            "schema": 1,
            "submission": "toy-l4",
            "recipe": {
                "schema": 1,
                "slug": "toy-l{layers}",
                "title": "Toy",
                "family": "toy",
                "base": {"id": base},
                "start": {"hub": start or base, "revision": "0" * 40, "layers": []},
                "seeds": [0, 1],
                "regime": "english",
                "tasks": [{"task": "stsb", "languages": ["en"]}],
                "learning_rate": 0.1,
                "encoding": {"layer": "last", "pooling": "mean"},
                "trained_on": ["wikipedia"],
                "submitters": [{"name": "Toy"}],
                "license": "MIT",
                **({"slug": "toy-l4"} | recipe),
            },
            "start": DIGEST,
            "objective": "toy",
            "tasks": [
                {
                    "task": share["task"],
                    "languages": share["languages"],
                    "examples": 100,
                    "metric": "accuracy",
                }
                | {"train": DIGEST, "dev": DIGEST}
                for share in recipe.get("tasks", [{"task": "stsb", "languages": ["en"]}])
            ],
            "seeds": [seed(0), seed(1)],
        }
    )


def seed(number: int, digit: str = "e") -> dict[str, object]:
    run = {"date": "2026-01-01T00:00:00Z", "device": "cpu", "threads": 1, "versions": {}, "seconds": 2}
    return {
        "seed": number,
        "weights": f"sha256:{digit * 64}",
        "loss": 0.1,
        "before": {},
        "after": {},
        "run": run | {"passes": 1},
    }


def test_a_record_that_agrees_is_no_contradiction() -> None:
    assert list(training_contradictions(training(), submission())) == []


@pytest.mark.parametrize(
    ("record", "declared", "what"),
    [
        ({"slug": "other"}, {}, "the recipe is of 'other', and not of toy-l4"),
        ({"base": {"id": "toys/other"}}, {}, "the base is toys/other, but the submission declares"),
        ({"trained_on": ["xnli"]}, {}, "trained_on: 'xnli' is recorded here, but the submission lacks it"),
        (
            {"continued_mlm": {"languages": ["en"], "share": 0.1}},
            {},
            "masked language modelling was continued, but",
        ),
        ({}, {"examples": "99"}, "100 examples were trained on, but the submission declares 99"),
        ({}, {"examples": "101"}, "100 examples were trained on, but the submission declares 101"),
        ({}, {"tasks": ["mnli"]}, "tasks: 'stsb' is recorded here, but the submission lacks it"),
        (
            {},
            {"tasks": ["stsb", "mnli"]},
            "tasks: 'mnli' is not recorded here, but the submission declares it",
        ),
        (
            {"regime": "multilingual", "tasks": [{"task": "stsb", "languages": ["en", "de"]}]},
            {},
            "languages: 'de' is recorded here, but the submission lacks it",
        ),
        (
            {},
            {"regime": "multilingual", "languages": ["en", "de"]},
            "languages: 'de' is not recorded here, but the submission declares it",
        ),
        (
            {},
            {"regime": "none", "tasks": [], "languages": [], "examples": "0"},
            "tasks: 'stsb' is recorded here",
        ),
    ],
)
def test_a_record_of_another_training_is_named(
    record: dict[str, Any], declared: dict[str, Any], what: str
) -> None:
    found = list(training_contradictions(training(**record), submission(**declared)))
    assert any(line.startswith(what) for line in found), found


def test_after_an_earlier_training_the_submission_may_name_more_and_not_less() -> None:
    record = training(start="toys/trained-before")
    more = {"tasks": ["stsb", "mnli"], "examples": "500"}
    assert list(training_contradictions(record, submission(**more))) == []
    assert len(list(training_contradictions(record, submission(examples="50")))) == 1


def test_a_seed_that_was_trained_and_left_out_is_named() -> None:
    record = training().model_copy(update={"submission": "toy-l4"})
    one = submission().model_copy(update={"checkpoints": submission().checkpoints[:1]})
    assert list(training_contradictions(record, one)) == [
        "seed 1 was trained, but the submission does not declare it"
    ]


def results(digits: str, parameters: tuple[int, int] = (100, 100)) -> dict[str, Result]:
    """Return results on two targets whose only seed has weights of these digits and sizes."""
    made = {}
    for name, digit, total in zip(("tatoeba", "xquad_r"), digits, parameters, strict=True):
        target = find_target(name)
        result = boards.result("toy", [dict.fromkeys(target.languages, 50.0)], target=target)
        size = result.checkpoints[0].parameters.model_copy(update={"total": total})
        checkpoint = result.checkpoints[0].model_copy(
            update={"weights": f"sha256:{digit * 64}", "parameters": size}
        )
        made[name] = result.model_copy(update={"checkpoints": (checkpoint,)})
    return made


def test_a_seed_has_the_same_weights_and_size_in_all_results() -> None:
    def found(measured: dict[str, Result]) -> list[str]:
        return [
            line
            for target, result in measured.items()
            for line in weights_contradictions(target, result.checkpoints[0], measured, training())
        ]

    assert found(results("ee")) == []
    assert found(results("ef")) == [
        "seed 0 has other weights than training.yaml records",
        "seed 0 has other weights than in the result on tatoeba",
    ]
    assert found(results("ee", (100, 200))) == ["seed 0 has another size than in the result on tatoeba"]


def sweep(**changed: Any) -> tuple[Sweep, Submission, Result]:
    """Return a sweep of layers 1 and 2, and the submission and result that it belongs to."""
    declared = submission()
    signature = TATOEBA.signature.encoded(TextEncoding.stated(declared.encoding, 2), roles=False)
    result = boards.result("toy", [dict.fromkeys(TATOEBA.languages, 50.0)], target=TATOEBA, n=1000)
    checkpoint = result.checkpoints[0].model_copy(update={"layer": 2})
    data = {language: f"sha256:{FINGERPRINTS['tatoeba'][language]}" for language in TATOEBA.languages}
    result = result.model_copy(
        update={"signature": signature, "checkpoints": (checkpoint,), "data": {**data, **result.data}}
    )
    scores = {"de": changed.pop("score", 50.5)}
    views = (ViewScores(layer=2, pooling=Pooling.MEAN, score=None, scores=scores),)
    swept = SweptCheckpoint(
        seed=changed.pop("seed", 0), weights=changed.pop("weights", checkpoint.weights), views=views
    )
    fields = {
        "schema": result.schema_,
        "submission": "toy",
        "target": "tatoeba",
        "signature": signature.of_all_views,
        "metric": result.metric,
        "of": result.of,
        "checkpoints": (swept,),
        "data": {"de": result.data["de"]},
    }
    return Sweep.model_validate(fields | changed), declared, result


def test_a_sweep_belongs_to_its_result() -> None:
    assert list(sweep_contradictions(*sweep())) == []
    made, declared, _ = sweep(data={"de": f"sha256:{FINGERPRINTS['tatoeba']['de']}"})
    assert list(sweep_contradictions(made, declared, None)) == []


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"score": 60.0}, "seed 0 in de: the declared view has 60.00 here and 50.00 in the result"),
        ({"weights": f"sha256:{'1' * 64}"}, "seed 0 has other weights than in the result"),
        ({"seed": 7}, "seed 7 is not declared by the submission"),
        ({"data": {"de": DIGEST}}, "data.de: the text is not that of the result, or not the official one"),
        (
            {
                "signature": TATOEBA.signature.encoded(
                    TextEncoding.stated(boards.ENCODING.model_copy(update={"prefix": "x"}), 0), roles=False
                ).of_all_views
            },
            "the signature is not that of the submission's encoding",
        ),
    ],
)
def test_a_sweep_of_something_else_is_named(changed: dict[str, Any], what: str) -> None:
    made, declared, result = sweep(**changed)
    assert list(sweep_contradictions(made, declared, result)) == [what]


def test_a_sweep_without_a_result_is_on_the_official_text() -> None:
    made, declared, _ = sweep(data={"de": DIGEST})
    assert len(list(sweep_contradictions(made, declared, None))) == 1


def test_a_verification_of_nothing_or_beyond_its_tolerance_is_named() -> None:
    check = {
        "target": "tatoeba",
        "result": DIGEST,
        "how": "rerun",
        "agrees": "true",
        "largest": "0.5",
        "allowed": "0.1",
        "by": "Ada",
        "date": "2026-01-01T00:00:00Z",
        "harness": "1",
    }
    record = Verification.model_validate(
        {"schema": "1", "submission": "toy", "results": [check, check | {"target": "xnli", "largest": "0"}]}
    )
    assert list(verification_contradictions(record, results("ee"))) == [
        "the result on tatoeba agrees, but the largest difference 0.5 is beyond 0.1",
        "there is no result on xnli, which was verified",
    ]
