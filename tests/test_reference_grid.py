"""The second reference experiment's grid, with a toy encoder on toy text: a row that grows by a seed."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.reference import checkpoint_work, control_records, grid
from experiments.reference.checkpoint_work import Places
from harness.errors import CheckFailed
from harness.records import FineTuning, Submission
from harness.store import load_recipe, load_result, load_submission, load_training, submission_faults
from tests.support.trainings import write_data, write_mlqa, write_recipe

TASKS = (
    "  - {task: mlqa_dev_sentences, languages: [en], examples: 16, "
    "objective: {name: pair_ranking, temperature: 0.1}}"
)
CURVE, HEADS = "dev_steps: 2\nkeep_steps: [2]\n", "finetuning: {xnli: {epochs: 2}}\n"


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    data = write_data(tmp_path / "data")
    write_mlqa(data)
    monkeypatch.setattr(checkpoint_work, "TARGETS", {"jupyterlab": ("de", "fi")})
    monkeypatch.setattr(control_records, "LANGUAGES", ("de",))
    monkeypatch.setenv("STILTBOARD_CACHE", str(tmp_path / "cache"))
    return Places(data, tmp_path / "submissions", tmp_path / "work", tmp_path / "controls")


def test_a_row_grows_by_a_seed_and_its_weights_are_gone(
    places: Places, tmp_path: Path, toy_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = write_recipe(tmp_path, toy_encoder, TASKS, "english", more=f"{CURVE}{HEADS}")
    seeds = [grid.Unit(recipe, "toy", layers=0, seed=seed) for seed in load_recipe(recipe).seeds]
    monkeypatch.setattr(grid, "work_on", lambda of, layers, *rest: checkpoint_work.work_on(of, None, *rest))
    for number, unit in enumerate(seeds, start=1):
        assert not grid.is_done(unit, places)
        measured = grid.work(unit, places)
        assert measured is not None
        changed = grid.publish(unit, measured, places)
        assert changed == [places.submissions / "toy", places.controls / "toy.yaml"]
        assert grid.is_done(unit, places) and not (places.work / "toy").exists()
        submission = load_submission(places.submissions / "toy")
        assert isinstance(submission, Submission) and len(submission.checkpoints) == number
        assert submission.finetuning == {"xnli": FineTuning(epochs=2)}  # the recipe's
        assert submission_faults(places.submissions / "toy") == ()
        assert not (places.submissions / "toy/checkpoints").exists()
    training = load_training(places.submissions / "toy")
    result = load_result(places.submissions / "toy/results/jupyterlab.yaml")
    assert training is not None
    weights = [seed.weights for seed in training.seeds]
    assert [checkpoint.weights for checkpoint in result.checkpoints] == weights
    assert (places.submissions / "toy/results/jupyterlab.layers.yaml").is_file()
    on_record = control_records.load_controls(places.controls, "toy")
    assert [seed.weights for seed in on_record] == weights
    for seed, trained in zip(on_record, training.seeds, strict=True):
        (early,) = seed.early
        assert (early.step, early.weights) == (2, trained.curve[1].weights)
        assert set(early.scores["jupyterlab"]) == {"de", "fi"}
        assert -1 <= seed.drift["de"] < 0.999 and -1 <= early.drift["de"] < 0.999
        assert seed.drift != early.drift


def test_work_that_was_killed_goes_on_and_a_published_seed_is_taken_over(
    places: Places, tmp_path: Path, toy_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = load_recipe(write_recipe(tmp_path, toy_encoder, TASKS, "english"))
    recipe = recipe.model_copy(update={"seeds": (0,)})
    real = checkpoint_work._evaluate

    def killed(*_: object) -> None:
        raise CheckFailed("the machine is gone")

    monkeypatch.setattr(checkpoint_work, "_evaluate", killed)
    with pytest.raises(CheckFailed):
        checkpoint_work.work_on(recipe, None, 0, places)
    assert not places.submissions.exists()  # nothing half done
    monkeypatch.setattr(checkpoint_work, "_evaluate", real)
    weights = (places.work / "toy/checkpoints/seed-0/model.safetensors").stat().st_mtime_ns
    measured = checkpoint_work.work_on(recipe, None, 0, places)
    assert (places.work / "toy/checkpoints/seed-0/model.safetensors").stat().st_mtime_ns == weights
    grid.publish(grid.Unit(tmp_path / "toy.yaml", "toy", 0), measured, places)
    row, work = places.submissions / "toy", places.work / "toy"
    checkpoint_work._take_over(row, work, 1)
    assert load_training(work) == load_training(row)
    # Seed 1 fails before its weights are written: the work on seed 2 does not look for them.
    (work / "submission.yaml").write_text(
        (work / "submission.yaml").read_text().replace("seed: 0", "seed: 1").replace("seed-0", "seed-1")
    )
    checkpoint_work._take_over(row, work, 2)
    assert (work / "submission.yaml").read_text() == (row / "submission.yaml").read_text()


@pytest.mark.parametrize("stage", [*grid.STAGES, grid.UNTOUCHED])
def test_a_stage_comes_in_balanced_parts(stage: str) -> None:
    units = grid.units(stage)
    assert len({unit.name for unit in units}) == len(units)
    first = [unit for unit in units if unit.seed == 0]
    assert units[: len(first)] == first
    if stage in grid.STAGES:
        assert {unit.slug for unit in first} == {unit.slug for unit in units}
