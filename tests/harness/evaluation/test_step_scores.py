"""The other checkpoints of a submission's training: a curve beside its result, never a row."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

import harness
from harness.cache import cache_folder
from harness.catalog import target_of
from harness.cli.main import main
from harness.errors import BadInput
from harness.evaluation.run import Options
from harness.records import StepCurve
from harness.store import STEP_CURVES, load_submission, on_disk, submission_faults
from harness.store.renaming import rename_submission
from harness.verification.checks import changed_weights
from site_gen.board.entry import Entry
from site_gen.figures.selection import step_figure
from site_gen.reading.entries import gather
from tests.support.submissions import write_submission
from tests.support.toys import save_toy_encoder

STEPS = "steps: [{step: 4, path: step-4}, {step: 8, path: step-8}]"
OPTIONS = Options(dtype="float32", steps=True)


@pytest.fixture
def submission(tmp_path: Path) -> Path:
    folder = write_submission(
        tmp_path / "submissions/toy", "2", f"[{{seed: 0, step: 12, path: weights, {STEPS}}}]"
    )
    for seed, name in enumerate(("weights", "step-4", "step-8")):
        save_toy_encoder(folder / name, seed=seed)
    return folder


def measured(folder: Path, *languages: str, options: Options = OPTIONS) -> StepCurve:
    harness.evaluate(folder, ["jupyterlab"], languages, options)
    return STEP_CURVES.load(STEP_CURVES.path(folder, "jupyterlab"))


def points(curve: StepCurve) -> dict[int, dict[str, float]]:
    return {step.step: dict(step.scores) for step in curve.checkpoints[0].steps}


def test_a_step_scores_what_a_submission_of_its_weights_would(submission: Path, tmp_path: Path) -> None:
    curve = measured(submission, "de", "it")
    (result,) = harness.load_results(submission)
    assert curve.signature == result.signature
    assert curve.data == result.data
    assert curve.of == 12 and [step.score for step in curve.checkpoints[0].steps] == [None, None]
    for step in (4, 8):
        other = write_submission(
            tmp_path / f"others/step-{step}", "2", f"[{{path: {submission}/step-{step}}}]"
        )
        (alone,) = harness.evaluate(other, ["jupyterlab"], ["de", "it"], Options(dtype="float32"))
        (checkpoint,) = alone.checkpoints
        scored = curve.at(step)[0]
        assert scored.weights == checkpoint.weights
        assert scored.scores == {language: score.score for language, score in checkpoint.scores.items()}
    assert submission_faults(submission) == ()


def test_a_curve_grows_and_scores_of_former_weights_are_replaced_only_if_asked(submission: Path) -> None:
    first = points(measured(submission, "de"))
    grown = points(measured(submission, "it"))
    assert {step: scores["de"] for step, scores in grown.items()} == {
        step: scores["de"] for step, scores in first.items()
    }
    save_toy_encoder(submission / "step-8", seed=9)
    (changed,) = changed_weights(submission, cache_folder())
    assert "the weights of seed 0 at step 8 are " in changed.message and "--steps --stale" in changed.cure
    with pytest.raises(BadInput, match="other weights of step 8 of seed 0") as refused:
        measured(submission, "de", "it")
    assert "--steps --stale" in str(refused.value.faults[0].cure)
    again = points(measured(submission, "de", "it", options=Options(dtype="float32", steps=True, stale=True)))
    assert again[4] == grown[4] and again[8] != grown[8]
    shutil.rmtree(submission / "step-4")  # gone: its scores are kept
    assert points(measured(submission, "de", "it")) == again


def test_weights_that_are_no_other_step_are_refused(submission: Path) -> None:
    shutil.rmtree(submission / "step-8")
    shutil.copytree(submission / "weights", submission / "step-8")
    with pytest.raises(BadInput, match=r"step 8 .* has the weights of seed 0 itself"):
        measured(submission, "de")
    save_toy_encoder(submission / "step-8", layers=2, seed=5)
    text = (submission / "submission.yaml").read_text()
    (submission / "submission.yaml").write_text(text.replace("layer: 2", "layer: last"))
    with pytest.raises(BadInput, match=r"step 8 of seed 0 .* is encoded otherwise"):
        measured(submission, "de")


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ("steps: [{step: 12, path: step-4}]", r"steps\[0\]\.step: 12 is the step of the checkpoint itself"),
        ("steps: [{step: 4, path: a}, {step: 4, path: b}]", r"steps\[1\]\.step: 4 is that of .*steps\[0\]"),
        ("steps: [{step: 4, path: weights}]", "'weights' is the checkpoint itself"),
        ("steps: [{step: 4}]", "name one of hub and path"),
        ("steps: [{step: 4, hub: a/b}]", "hub and revision"),
        ("steps: [{path: step-4}]", "step"),
    ],
)
def test_steps_that_contradict_themselves_are_named(submission: Path, steps: str, message: str) -> None:
    text = (submission / "submission.yaml").read_text()
    (submission / "submission.yaml").write_text(text.replace(STEPS, steps))
    with pytest.raises(BadInput, match=message):
        load_submission(submission)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("step: 8", "step: 9", "step 9 is not among the steps of seed 0"),
        ("h2.mean", "h1.mean", "the signature is not that of the result"),
        ("score: null", "score: 50.0", "50.0 is not the mean over the target's languages"),
    ],
)
def test_a_curve_that_contradicts_its_folder_is_named(
    submission: Path, old: str, new: str, message: str
) -> None:
    measured(submission, "de")
    path = STEP_CURVES.path(submission, "jupyterlab")
    path.write_text(path.read_text().replace(old, new))
    faults = [fault.message for fault in submission_faults(submission)]
    assert faults and re.search(message, faults[0])


def test_a_row_stays_one_row_and_its_page_and_commands_draw_the_curve(
    submission: Path, tmp_path: Path
) -> None:
    curve = measured(submission, "de", "it")
    (entry,) = gather(submission.parent)
    (result,) = harness.load_results(submission)
    figure = step_figure(curve, result, load_submission(submission))  # type: ignore[arg-type]
    assert figure is not None
    assert [point.x for point in figure.curves[0].points] == [4, 8, 12]
    assert [point.x for point in figure.curves[0].marked] == [12]
    assert isinstance(entry, Entry)
    sections = entry.details.page({"jupyterlab": target_of(result)}, {})
    assert "accuracy by training step" in sections.results["jupyterlab"]

    run = CliRunner().invoke
    shown = run(main, ["show", str(submission), "--steps"]).output
    assert "by step of toy\n" in shown
    assert [line.split()[0] for line in shown.splitlines() if re.match(r"  \d+ ", line)] == ["4", "8", "12"]
    plain = run(main, ["show", str(submission)]).output
    assert "by step" not in plain and plain in shown
    file = tmp_path / "curve.svg"
    drawn = run(main, ["plot", "jupyterlab", str(submission), "--x", "step", "-o", str(file)])
    assert drawn.exit_code == 0 and "step 8" in file.read_text()

    renamed = rename_submission(submission.parent, "toy", "other")
    assert on_disk(renamed).contents().curves["jupyterlab"].submission == "other"
    assert submission_faults(renamed) == ()


def test_checkpoints_of_one_training_become_one_submission_with_their_curve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for step in (8, 16, 4):
        save_toy_encoder(tmp_path / f"runs/x/checkpoint-{step}", seed=step)
    names = [str(path) for path in sorted(tmp_path.glob("runs/x/*"))]
    options = ["-t", "jupyterlab", "-l", "de,it", "--device", "cpu", "--save-as", "x", "-q"]
    done = CliRunner().invoke(main, ["evaluate", *names, *options])
    assert done.exit_code == 0, done.output
    folder = tmp_path / "submissions/x"
    (result,) = harness.load_results(folder)
    (last,) = harness.load_results(tmp_path / "evaluations/x-checkpoint-16")
    assert result.checkpoints == last.checkpoints
    curve = STEP_CURVES.load(STEP_CURVES.path(folder, "jupyterlab"))
    for step in (4, 8):
        (alone,) = harness.load_results(tmp_path / f"evaluations/x-checkpoint-{step}")
        assert points(curve)[step] == {code: s.score for code, s in alone.checkpoints[0].scores.items()}
    scaffold = yaml.safe_load((folder / "submission.yaml").read_text())
    write_submission(folder, checkpoints=json.dumps(scaffold["checkpoints"]))  # filled in, as a person would
    assert submission_faults(folder) == ()
    before = STEP_CURVES.path(folder, "jupyterlab").read_bytes()
    measured(folder, "de", "it", options=Options(steps=True))
    assert STEP_CURVES.path(folder, "jupyterlab").read_bytes() == before
    mixed = ["evaluate", names[0], str(tmp_path / "runs/x"), "--save-as", "y"]
    assert CliRunner().invoke(main, mixed).exit_code != 0
