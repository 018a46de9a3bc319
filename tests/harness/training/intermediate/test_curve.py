"""Curves of trainings: what is measured in between, encoders that are kept, and that neither changes weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness.errors import BadInput
from harness.models.checkpoint import verify
from harness.records import TrainingRecipe
from harness.store import load_recipe, load_training, submission_faults
from harness.training.intermediate import optimise as optimise_module
from harness.training.intermediate.curve import Measures
from harness.training.intermediate.retrieval_probe import _accuracy
from harness.training.intermediate.story import kept_checkpoint, train, trainees
from tests.support.trainings import options, write_mlqa, write_recipe

TASKS = (
    "  - {task: mlqa_dev_sentences, languages: [en], examples: 48, "
    "objective: {name: pair_ranking, temperature: 0.1}}"
)
CURVE = "dev_steps: 4\nkeep_steps: [6]\nprobe: {task: mlqa_dev_sentences, languages: [es, de], examples: 4}\n"


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    write_mlqa(tmp_path / "questions")
    return tmp_path / "questions"


def recipe_with(folder: Path, toy: Path, more: str = CURVE) -> TrainingRecipe:
    return load_recipe(write_recipe(folder, toy, TASKS, "english", more=more))


def test_a_curve_has_its_points_and_does_not_change_the_weights(
    tmp_path: Path, toy_encoder: Path, questions: Path
) -> None:
    plain = train(trainees(recipe_with(tmp_path, toy_encoder, ""))[0], options(tmp_path, questions, "plain"))
    recipe = recipe_with(tmp_path, toy_encoder)
    done = train(trainees(recipe)[0], options(tmp_path, questions))
    assert plain.curve == () and plain.weights == done.weights and plain.after == done.after
    assert [point.step for point in done.curve] == [0, 4, 6, 8, 12]
    assert done.curve[0].loss is None and done.curve[0].dev_score == done.before
    assert done.curve[-1].dev_score == done.after
    weighted = sum(
        (point.loss or 0.0) * (point.step - before.step)
        for before, point in zip(done.curve, done.curve[1:], strict=False)
    )
    assert weighted / 12 == pytest.approx(done.loss, abs=1e-5)
    assert all(set(point.probe) == {"es", "de"} for point in done.curve)
    assert done.curve[0].dev_loss["mlqa_dev_sentences"] > done.curve[-1].dev_loss["mlqa_dev_sentences"] > 0
    folder = tmp_path / "submissions/toy"
    kept = kept_checkpoint(folder / "checkpoints/seed-0", 6)
    digests = {point.step: point.weights for point in done.curve if point.weights}
    assert digests == {6: verify(kept, "here").digest} and digests[6] != done.weights
    record = load_training(folder)
    assert record is not None and record.seeds == (done,) and submission_faults(folder) == ()


def test_a_killed_training_measures_no_point_twice_and_ends_with_the_same_curve(
    tmp_path: Path, toy_encoder: Path, questions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = recipe_with(tmp_path, toy_encoder)
    whole = train(trainees(recipe)[0], options(tmp_path, questions, "whole"))
    monkeypatch.setattr("harness.training.trainer._SECONDS", 0.0)  # save at every step
    real, steps, measured = optimise_module._ObjectiveTrainer.training_step, [], []
    real_assess = optimise_module._assess

    def killed(self: Any, *args: Any) -> Any:
        steps.append(self.state.global_step)
        if len(steps) == 8:
            raise KeyboardInterrupt
        return real(self, *args)

    def counted(*args: Any) -> Any:
        measured.append(steps[-1] + 1 if steps else 0)
        return real_assess(*args)

    monkeypatch.setattr(optimise_module._ObjectiveTrainer, "training_step", killed)
    monkeypatch.setattr(optimise_module, "_assess", counted)
    with pytest.raises(KeyboardInterrupt):
        train(trainees(recipe)[0], options(tmp_path, questions))
    assert measured == [0, 4, 6]
    done = train(trainees(recipe)[0], options(tmp_path, questions))
    assert measured == [0, 4, 6, 8, 12]
    assert (done.weights, done.curve) == (whole.weights, whole.curve)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("keep_steps: [12]\n", "keep_steps: 12 is not before the last of 12 steps"),
        ("probe: {task: mlqa_dev_sentences, languages: [de]}\n", "probe goes with dev_steps"),
        ("patience: 2\n", "patience goes with dev_steps"),
        ("dev_steps: 2\nprobe: {task: squad, languages: [de]}\n", "does not hold the same texts"),
        ("dev_steps: 2\nprobe: {task: wikipedia, languages: [de]}\n", "does not hold the same texts"),
        ("dev_steps: 2\nprobe: {task: mlqa_dev_sentences, languages: [en]}\n", "English is the query"),
        ("dev_steps: 2\nprobe: {task: mlqa_dev_sentences, languages: [ja]}\n", "has no language 'ja'"),
    ],
)
def test_a_curve_that_cannot_be_measured_is_refused(
    tmp_path: Path, toy_encoder: Path, questions: Path, more: str, message: str
) -> None:
    with pytest.raises(BadInput) as error:
        train(trainees(recipe_with(tmp_path, toy_encoder, more))[0], options(tmp_path, questions))
    assert message in str(error.value.faults[0])


def test_too_many_points_are_refused(
    tmp_path: Path, toy_encoder: Path, questions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(optimise_module, "_MOST_POINTS", 5)
    with pytest.raises(BadInput, match="dev_steps: 2 measures 6 times in 12 steps") as error:
        train(trainees(recipe_with(tmp_path, toy_encoder, "dev_steps: 2\n"))[0], options(tmp_path, questions))
    assert error.value.faults[0].cure == "dev_steps: 3 or more"


def test_the_probe_compares_a_text_with_its_own_translation() -> None:
    english = np.eye(4, dtype=np.float32)
    candidates = torch.eye(4).numpy()[[1, 3, 2]]  # of the items 1, 2 and 3: the last two are exchanged
    assert _accuracy(english, np.arange(4), candidates, np.array([1, 2, 3])) == pytest.approx(1 / 3)


# ---- early stopping --------------------------------------------------------------------------------


def scripted(monkeypatch: pytest.MonkeyPatch, scores: dict[int, float]) -> list[int]:
    """Let a training measure these dev scores by step; return the steps that it measures."""
    measured: list[int] = []
    real = optimise_module.CurvePoint

    def point(step: int, total: float, measures: Measures) -> Any:
        measured.append(step)
        return real(step, total, replace(measures, dev_score={"mlqa_dev_sentences": scores[step]}))

    monkeypatch.setattr(optimise_module, "CurvePoint", point)
    return measured


STOPPING = "dev_steps: 2\npatience: 2\nkeep_steps: [4]\n"


def test_a_training_ends_after_its_patience_with_the_best_encoder(
    tmp_path: Path, toy_encoder: Path, questions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = scripted(monkeypatch, {0: 90.0, 2: 10.0, 4: 30.0, 6: 30.0, 8: 20.0})
    recipe = recipe_with(tmp_path, toy_encoder, STOPPING)
    done = train(trainees(recipe)[0], options(tmp_path, questions))
    assert measured == [0, 2, 4, 6, 8]  # of 12: two after the best brought nothing
    assert done.chosen == 4 and done.after == {"mlqa_dev_sentences": 30.0}
    assert done.weights == next(point.weights for point in done.curve if point.step == 4)
    assert done.drawn is None  # not all was seen
    assert verify(tmp_path / "submissions/toy/checkpoints/seed-0", "here").digest == done.weights


@pytest.mark.slow
def test_without_a_better_score_before_the_end_the_last_encoder_is_the_best(
    tmp_path: Path, toy_encoder: Path, questions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted(monkeypatch, {step: float(step) for step in range(0, 14, 2)})
    plain = train(trainees(recipe_with(tmp_path, toy_encoder, ""))[0], options(tmp_path, questions, "plain"))
    done = train(trainees(recipe_with(tmp_path, toy_encoder, STOPPING))[0], options(tmp_path, questions))
    assert (done.chosen, done.weights) == (12, plain.weights) and done.drawn is not None


def test_a_killed_training_ends_at_the_same_best_encoder(
    tmp_path: Path, toy_encoder: Path, questions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted(monkeypatch, {0: 0.0, 2: 50.0, 4: 30.0, 6: 40.0})
    recipe = recipe_with(tmp_path, toy_encoder, STOPPING)
    whole = train(trainees(recipe)[0], options(tmp_path, questions, "whole"))
    assert whole.chosen == 2
    real, steps = optimise_module._ObjectiveTrainer.training_step, []

    def killed(self: Any, *args: Any) -> Any:
        steps.append(self.state.global_step)
        if len(steps) == 4:
            raise KeyboardInterrupt
        return real(self, *args)

    monkeypatch.setattr(optimise_module._ObjectiveTrainer, "training_step", killed)
    with pytest.raises(KeyboardInterrupt):
        train(trainees(recipe)[0], options(tmp_path, questions))
    done = train(trainees(recipe)[0], options(tmp_path, questions))
    assert steps[4] == 2  # it went on from the best
    assert (done.weights, done.chosen, done.curve) == (whole.weights, 2, whole.curve)
