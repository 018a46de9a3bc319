"""A row that grows seed by seed: scores stay where weights are gone, and nothing is made of what is missing."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import harness
from harness.errors import BadInput
from harness.evaluation.story import Options
from harness.records import Checkpoint, Result
from harness.store import SWEEPS, declare_checkpoint, submission_faults
from tests.support.submissions import write_submission

OPTIONS = Options(dtype="float32", device="cpu")
LANGUAGES = ("de", "fi")


@pytest.fixture
def grown(tmp_path: Path, toy_encoder: Path) -> Path:
    """Return a submission whose seed 0 was measured and lost, and whose seed 1 is here."""
    folder = write_submission(tmp_path / "submissions/toy")
    shutil.copytree(toy_encoder, folder / "weights")
    evaluate(folder, sweep=True)
    shutil.rmtree(folder / "weights")
    shutil.copytree(toy_encoder, folder / "more")
    weights = load_file(folder / "more/model.safetensors")
    name = next(name for name in weights if "attention.self.query.weight" in name)
    save_file(
        {**weights, name: weights[name] + torch.eye(len(weights[name]))}, folder / "more/model.safetensors"
    )
    declare_checkpoint(folder, Checkpoint(seed=1, path="more"))
    return folder


def evaluate(folder: Path, *languages: str, target: str = "jupyterlab", sweep: bool = False) -> Result:
    (result,) = harness.evaluate(folder, [target], languages or LANGUAGES, replace(OPTIONS, sweep=sweep))
    return result


def test_a_seed_is_added_to_a_result_that_holds_others(grown: Path) -> None:
    before = harness.load_results(grown)[0].checkpoints[0]
    views = SWEEPS.load(SWEEPS.path(grown, "jupyterlab")).checkpoints[0]
    result = evaluate(grown, sweep=True)
    first, second = result.checkpoints
    assert first == before
    assert (second.seed, second.source) == (1, "more")
    assert second.weights != first.weights and set(second.scores) == set(LANGUAGES)
    assert all(result.run_of(seed, language) for seed in (0, 1) for language in LANGUAGES)
    swept = SWEEPS.load(SWEEPS.path(grown, "jupyterlab")).checkpoints
    assert swept[0] == views and [checkpoint.seed for checkpoint in swept] == [0, 1]
    assert submission_faults(grown) == ()
    assert evaluate(grown) == result  # again: nothing to do


def test_what_the_lost_seed_lacks_is_refused(grown: Path) -> None:
    with pytest.raises(
        BadInput, match=r"the weights of seed 0 are gone \(weights\), and jupyterlab has no"
    ) as e:
        evaluate(grown, "de", "it")
    assert "in it" in e.value.faults[0].message
    with pytest.raises(BadInput, match=r"checkpoint folder .*weights does not exist"):
        harness.evaluate(grown, ["jupyterlab"], LANGUAGES, replace(OPTIONS, overwrite=True))
    with pytest.raises(BadInput, match=r"checkpoint folder .*weights does not exist"):
        harness.evaluate(grown, ["jupyterlab"], LANGUAGES, replace(OPTIONS, limit=2))


def test_without_any_weights_there_is_nothing_to_measure(grown: Path) -> None:
    shutil.rmtree(grown / "more")
    with pytest.raises(BadInput, match=r"checkpoint folder .*weights does not exist"):
        evaluate(grown)


def test_a_seed_of_another_size_is_refused(grown: Path) -> None:
    path = grown / "more/model.safetensors"
    weights = load_file(path)
    save_file({**weights, "extra.weight": torch.zeros(3, 3)}, path)
    with pytest.raises(BadInput, match="another size than seed 0"):
        evaluate(grown)
