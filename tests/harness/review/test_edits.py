"""What changes in a merged submission besides added results is listed, a line for each value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from harness import store
from harness.records import Pooling, Record, Result, Sweep, SweptCheckpoint, ViewScores
from harness.review import Review, Verdict, review
from harness.review.edits import edits
from harness.review.submission_at import SubmissionAt
from harness.store.training import parse_training
from tests.support.pull_requests import Repository, about, begin, measured, sealed_again, written
from tests.support.toys import first_rows

FOLDER = "submissions/mine"
MINE, TRAINING = f"{FOLDER}/submission.yaml", f"{FOLDER}/training.yaml"
RESULT, SWEEP = f"{FOLDER}/results/jupyterlab.yaml", f"{FOLDER}/results/jupyterlab.layers.yaml"
SUBMISSION = (
    about("mine", "ada")
    .replace(b"{regime: none}", b"{regime: english, tasks: [stsb], languages: [en], examples: 5728}")
    .replace(b"license: MIT", b"trained_on: [mc4, stsb]\nlicense: MIT")
)
RECORD = (
    """\
schema: 1
submission: mine
recipe:
  schema: 1
  slug: mine
  title: Mine
  family: toy
  base: {id: toys/toy}
  start: {hub: toys/toy, revision: "0123456789012345678901234567890123456789"}
  seeds: [0]
  regime: english
  tasks: [{task: stsb, languages: [en], examples: 5728}]
  epochs: 2
  learning_rate: 0.0001
  encoding: {layer: 2, pooling: mean, max_length: 64}
  trained_on: [mc4]
  submitters: [{name: Ada}]
  license: MIT
start: sha256:START
objective: "stsb: mean squared error"
tasks: [{task: stsb, languages: [en], examples: 5728, metric: spearman, train: sha256:START, dev: sha256:START}]
seeds:
  - seed: 0
    weights: sha256:WEIGHTS
    loss: 0.08
    before: {stsb: 3.0}
    after: {stsb: 80.0}
    run: {date: "2026-01-01T00:00:00Z", device: cpu, threads: 1, versions: {torch: "2"}, seconds: 9.0, passes: 8.0}
""".replace("START", "5" * 64)
    .replace("WEIGHTS", "e" * 64)
    .encode()
)


def swept(result: Result) -> Sweep:
    """Return a sweep of a result's weights; the declared view has its scores."""
    checkpoint = result.checkpoints[0]
    scores = {language: score.score for language, score in checkpoint.scores.items()}
    views = tuple(
        ViewScores(layer=layer, pooling=Pooling.MEAN, score=None, scores=scores) for layer in (1, 2)
    )
    return Sweep.model_validate(
        {
            "schema": result.schema_,
            **{key: getattr(result, key) for key in ("submission", "target", "metric", "of", "data")},
            "signature": result.signature.of_all_views,
            "checkpoints": (SweptCheckpoint(seed=0, weights=checkpoint.weights, views=views),),
        }
    )


RESULT_RECORD, TABLE = measured("mine")
BEFORE = SubmissionAt(
    "mine",
    store.parse_submission(SUBMISSION, MINE),
    {"jupyterlab": RESULT_RECORD},
    {"jupyterlab": TABLE},
    {"jupyterlab": swept(RESULT_RECORD)},
    parse_training(RECORD, TRAINING, "mine"),
)


def changed(record: Record, path: str, value: object) -> Any:
    """Return a record with the value at a dotted path replaced."""
    key, _, rest = path.partition(".")
    if isinstance(record, tuple):
        return tuple(
            changed(item, rest, value) if number == int(key) else item for number, item in enumerate(record)
        )
    inner = record[key] if isinstance(record, dict) else getattr(record, key)
    inner = changed(inner, rest, value) if rest else value
    return record | {key: inner} if isinstance(record, dict) else record.model_copy(update={key: inner})


def lines(after: SubmissionAt) -> list[tuple[str | None, str]]:
    reasons = list(edits(BEFORE, after, FOLDER))
    assert all(reason.rule == "edited" for reason in reasons)
    return [(reason.file, reason.what) for reason in reasons]


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("title", "Ours", ['title: "Mine" becomes "Ours"']),
        ("family", "other", ['family: "toy" becomes "other"']),
        ("base.id", "toys/other", ['base.id: "toys/toy" becomes "toys/other"']),
        ("trained_on", ("mc4",), ['trained_on: "stsb" is gone']),
        ("trained_on", ("mc4", "stsb", "xnli"), ['trained_on: "xnli" is new']),
        ("trained_on", ("stsb", "mc4"), ['trained_on: ["mc4", "stsb"] becomes ["stsb", "mc4"]']),
        ("intermediate.examples", 9, ["intermediate.examples: 5728 becomes 9"]),
        ("encoding.prefix", "query: ", ['encoding.prefix: "" becomes "query: "']),
        ("license", "GPL-3.0", ['license: "MIT" becomes "GPL-3.0"']),
        ("links", {"paper": "https://example.org"}, ['links.paper: "https://example.org" is new']),
        ("checkpoints.0.hub", "mine/other", ['checkpoints[seed 0].hub: "mine/model" becomes "mine/other"']),
    ],
)
def test_every_value_of_the_submission_is_listed(path: str, value: object, expected: list[str]) -> None:
    after = replace(BEFORE, submission=changed(BEFORE.submission, path, value))  # type: ignore[arg-type]
    assert lines(after) == [(MINE, line) for line in expected]


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("recipe.epochs", 9, "recipe.epochs: 2 becomes 9"),
        ("recipe.learning_rate", 0.1, "recipe.learning_rate: 0.0001 becomes 0.1"),
        ("tasks.0.examples", 9, "tasks[task stsb].examples: 5728 becomes 9"),
        ("seeds.0.loss", 0.01, "seeds[seed 0].loss: 0.08 becomes 0.01"),
        ("seeds.0.after", {"stsb": 99.0}, "seeds[seed 0].after.stsb: 80.0 becomes 99.0"),
        ("seeds.0.run.seconds", 99.0, "seeds[seed 0].run.seconds: 9.0 becomes 99.0"),
        ("objective", "other", 'objective: "stsb: mean squared error" becomes "other"'),
    ],
)
def test_every_value_of_the_record_of_a_training_is_listed(path: str, value: object, expected: str) -> None:
    after = replace(BEFORE, training=changed(BEFORE.training, path, value))  # type: ignore[arg-type]
    assert lines(after) == [(TRAINING, expected)]


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("checkpoints.0.views.0.scores.it", 99.0, "checkpoints[seed 0].views[layer 1 mean].scores.it: "),
        ("checkpoints.0.weights", f"sha256:{'1' * 64}", 'checkpoints[seed 0].weights: "sha256:eeee'),
        ("data.it", f"sha256:{'1' * 64}", 'data.it: "sha256:'),
        ("checkpoints", (), "checkpoints: {"),
    ],
)
def test_every_value_of_a_sweep_is_listed(path: str, value: object, expected: str) -> None:
    sweep = changed(BEFORE.sweeps["jupyterlab"], path, value)
    ((file, line),) = lines(replace(BEFORE, sweeps={"jupyterlab": sweep}))
    assert file == SWEEP
    assert line.startswith(expected)


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("score", 50.0, "checkpoints[seed 0].scores.it.score: "),
        ("interval", (1.0, 99.0), "checkpoints[seed 0].scores.it.interval: ["),
        ("secondary", {"accuracy_to_english": 7.0}, "checkpoints[seed 0].scores.it.secondary."),
    ],
)
def test_numbers_that_change_while_the_outcomes_stay_are_listed(
    path: str, value: object, expected: str
) -> None:
    result = changed(RESULT_RECORD, f"checkpoints.0.scores.it.{path}", value)
    found = lines(replace(BEFORE, results={"jupyterlab": result}))
    assert found
    assert all(file == RESULT and line.startswith(expected) for file, line in found)


def test_the_number_of_parameters_of_the_same_weights_is_refused() -> None:
    path = "checkpoints.0.parameters.total"
    after = replace(BEFORE, results={"jupyterlab": changed(RESULT_RECORD, path, 200)})
    (reason,) = edits(BEFORE, after, FOLDER)
    assert (reason.refuses, reason.what) == (True, "seed 0 has 200 parameters, and had 100")


def _another_seed(at: SubmissionAt) -> SubmissionAt:
    assert at.submission is not None
    assert at.training is not None
    submission, training = at.submission, at.training
    checkpoint = submission.checkpoints[0].model_copy(update={"seed": 1})  # type: ignore[union-attr]
    checkpoints = (*submission.checkpoints, checkpoint)  # type: ignore[union-attr]
    seeds = (*training.seeds, training.seeds[0].model_copy(update={"seed": 1}))
    return replace(
        at,
        submission=submission.model_copy(update={"checkpoints": checkpoints}),
        training=training.model_copy(update={"seeds": seeds}),
    )


def _another_language(at: SubmissionAt) -> SubmissionAt:
    more, rows = measured("mine", ("fi",), draw=3)
    result = at.results["jupyterlab"]
    scores = {**result.checkpoints[0].scores, **more.checkpoints[0].scores}
    checkpoint = result.checkpoints[0].model_copy(update={"scores": scores})
    extended = result.model_copy(update={"checkpoints": (checkpoint,), "data": {**result.data, **more.data}})
    return replace(
        at,
        results={"jupyterlab": extended},
        outcomes={"jupyterlab": pa.concat_tables([TABLE, rows])},
        sweeps={"jupyterlab": swept(extended)},
    )


@pytest.mark.parametrize("added", [_another_seed, _another_language])
def test_adding_seeds_and_languages_is_no_edit(added: Callable[[SubmissionAt], SubmissionAt]) -> None:
    assert lines(added(BEFORE)) == []
    assert lines(replace(BEFORE, sweeps={}, results={})) == []  # removed files are reported by their paths


def test_a_record_of_a_training_that_appears_later_is_asked_about() -> None:
    (reason,) = edits(replace(BEFORE, training=None), BEFORE, FOLDER)
    assert (reason.file, reason.what) == (TRAINING, "a record of the training is new")


def test_of_many_values_the_first_twenty_are_listed() -> None:
    links = {f"link{number}": "https://example.org" for number in range(50)}
    found = lines(replace(BEFORE, submission=changed(BEFORE.submission, "links", links)))  # type: ignore[arg-type]
    assert len(found) == 21
    assert found[-1] == (MINE, "and 30 more values")


# ---- through git -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    folder = tmp_path_factory.mktemp("edited")
    files = {MINE: SUBMISSION, TRAINING: RECORD, **written(folder, RESULT_RECORD, TABLE)}
    home = folder / "mine"
    store.SWEEPS.write(home, swept(RESULT_RECORD))
    files[SWEEP] = store.SWEEPS.path(home, "jupyterlab").read_bytes()
    return begin(folder / "repository", files)


def judged(board: Repository, edited: dict[str, bytes | None]) -> Review:
    return review(board.base, board.pull(edited), board.folder / "submissions", actor="ada")


def test_edited_files_need_a_maintainer_and_removed_ones_are_refused(board: Repository) -> None:
    for path, old, new in (
        (MINE, b"title: Mine", b"title: Ours"),
        (TRAINING, b"epochs: 2", b"epochs: 3"),
        (TRAINING, b"loss: 0.08", b"loss: 0.01"),
    ):
        found = judged(board, {path: board.files[path].replace(old, new)})
        assert (found.verdict, [reason.rule for reason in found.reasons]) == (Verdict.MAINTAINER, ["edited"])
    for path in (TRAINING, SWEEP):
        assert [reason.rule for reason in judged(board, {path: None}).reasons] == ["deleted"]


@pytest.mark.parametrize(
    ("path", "old", "new", "what"),
    [
        (MINE, b"trained_on: [mc4, stsb]", b"trained_on: [mc4]", "trained_on: 'stsb' is recorded here"),
        (MINE, b"examples: 5728", b"examples: 10", "5,728 examples were trained on, but"),
        (MINE, b"id: toys/toy", b"id: toys/other", "the base is toys/toy, but the submission declares"),
        (TRAINING, b"weights: sha256:ee", b"weights: sha256:ff", "other weights than training.yaml records"),
        (TRAINING, b"  slug: mine", b"  slug: ours", "the recipe is of 'ours', and not of mine"),
        (TRAINING, b"trained_on: [mc4]", b"trained_on: [mc4, xnli]", "trained_on: 'xnli' is recorded here"),
        (SWEEP, b"weights: sha256:ee", b"weights: sha256:ff", "seed 0 has other weights than in the result"),
    ],
)
def test_files_of_a_folder_that_contradict_each_other_are_refused(
    board: Repository, path: str, old: bytes, new: bytes, what: str
) -> None:
    assert old in board.files[path]
    found = judged(board, {path: board.files[path].replace(old, new)})
    assert found.verdict is Verdict.REFUSED
    assert any(what in reason.what for reason in found.reasons if reason.rule == "invalid"), found.reasons


def test_a_number_of_parameters_is_refused_through_git(board: Repository) -> None:
    text = board.files[RESULT].replace(b"total: 100\n", b"total: 200\n")
    found = judged(board, {RESULT: sealed_again(text)})
    assert [reason.rule for reason in found.reasons if reason.refuses] == ["edited"]


def test_some_of_a_merged_results_examples_cannot_be_left_out(board: Repository, tmp_path: Path) -> None:
    fewer = written(tmp_path, *first_rows(*measured("mine", ("it",), right=1.0), 50))
    found = judged(board, dict(fewer))
    assert {"invalid", "shrunk"} == {reason.rule for reason in found.reasons if reason.refuses}
    (lost,) = (reason.what for reason in found.reasons if reason.rule == "shrunk")
    assert "examples in it of seed 0" in lost
