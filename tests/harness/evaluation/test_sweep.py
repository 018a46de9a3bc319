"""Every layer and both poolings from the same passes, beside the result."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

import harness
from harness.errors import BadInput
from harness.evaluation.run import Options
from harness.models import encoder as encoder_module
from harness.models.vector_cache import VectorSpace
from harness.records import Sweep
from harness.store import SWEEPS, on_disk, submission_faults
from tests.support.submissions import write_submission
from tests.support.toys import save_toy_encoder

SWEEP = Options(dtype="float32", sweep=True)


@pytest.fixture
def submission(tmp_path: Path, toy_encoder: Path) -> Path:
    folder = write_submission(tmp_path / "submissions/toy", layer="2")
    shutil.copytree(toy_encoder, folder / "weights")
    return folder


def sweep(folder: Path, *languages: str, options: Options = SWEEP) -> Sweep:
    harness.evaluate(folder, ["jupyterlab"], languages, options)
    return SWEEPS.load(SWEEPS.path(folder, "jupyterlab"))


def test_every_view_scores_what_a_submission_that_declares_it_would(submission: Path, tmp_path: Path) -> None:
    found = sweep(submission, "de", "it")
    (checkpoint,) = found.checkpoints
    assert [(view.layer, view.pooling.value) for view in checkpoint.views] == [
        (i, p) for i in range(4) for p in ("mean", "cls")
    ]
    assert str(found.signature) == "jupyterlab|acc|en→xx|cos|prefix=|len=64|v1"
    for view in checkpoint.views:
        other = write_submission(
            tmp_path / f"submissions/h{view.layer}-{view.pooling.value}", layer=str(view.layer)
        )
        text = (
            (other / "submission.yaml").read_text().replace("pooling: mean", f"pooling: {view.pooling.value}")
        )
        (other / "submission.yaml").write_text(
            text.replace("path: weights", f"path: {submission / 'weights'}")
        )
        (result,) = harness.evaluate(other, ["jupyterlab"], ["de", "it"], Options(dtype="float32"))
        assert view.scores == {
            language: score.score for language, score in result.checkpoints[0].scores.items()
        }
        assert view.score is None  # two of twelve languages are no score
    (result,) = harness.load_results(submission)
    declared = next(view for view in checkpoint.views if (view.layer, view.pooling.value) == (2, "mean"))
    assert declared.scores == {
        language: score.score for language, score in result.checkpoints[0].scores.items()
    }


def test_one_pass_serves_all_views_and_a_second_sweep_computes_nothing(
    submission: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = []
    real = encoder_module.Encoder.forward
    monkeypatch.setattr(
        encoder_module.Encoder, "forward", lambda self, ids, n: passes.append(len(ids)) or real(self, ids, n)
    )
    sweep(submission, "de")
    (result,) = harness.load_results(submission)
    assert sum(passes) == result.runs[0].encoded_sentences
    passes.clear()
    before = SWEEPS.path(submission, "jupyterlab").read_text().partition("\nruns:")[0]
    sweep(submission, "de")
    assert passes == []
    assert SWEEPS.path(submission, "jupyterlab").read_text().partition("\nruns:")[0] == before


def test_a_sweep_grows_by_language_and_has_a_score_when_it_has_all(submission: Path) -> None:
    sweep(submission, "de")
    grown = sweep(submission, "it")
    assert [list(view.scores) for view in grown.checkpoints[0].views] == [["it", "de"]] * 8
    whole = sweep(submission)
    for view in whole.checkpoints[0].views:
        assert view.score == pytest.approx(np.mean(list(view.scores.values())), abs=1e-4)
    assert on_disk(submission).contents().sweeps == {whole.target: whole}
    assert submission_faults(submission) == ()


def test_the_headline_does_not_move_and_a_sweep_can_come_later(submission: Path) -> None:
    (before,) = harness.evaluate(submission, ["jupyterlab"], ["de"], Options(dtype="float32"))
    sweep(submission, "de")
    (after,) = harness.load_results(submission)
    assert after == before


def test_a_view_that_overflows_is_left_out_and_the_others_are_kept(submission: Path) -> None:
    weights = load_file(submission / "weights/model.safetensors")
    weights["encoder.layer.2.output.LayerNorm.weight"] *= 1e30
    save_file(weights, submission / "weights/model.safetensors", metadata={"format": "pt"})
    views = sweep(submission, "de").checkpoints[0].views
    assert [bool(view.scores) for view in views] == [True] * 6 + [False] * 2
    (result,) = harness.load_results(submission)
    assert list(result.checkpoints[0].scores) == ["de"]


def test_what_waits_for_the_disk_is_bounded_for_all_views_together(
    submission: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = []
    real = VectorSpace.__init__

    def spy(self: VectorSpace, root: Path, *, waiting: int, **what: object) -> None:
        limits.append(waiting)
        real(self, root, waiting=waiting, **what)

    monkeypatch.setattr(VectorSpace, "__init__", spy)
    sweep(submission, "de")
    assert len(limits) == 8
    assert sum(limits) <= 64 * 2**20


def test_other_weights_are_measured_again(submission: Path) -> None:
    before = sweep(submission, "de", "it")
    save_toy_encoder(submission / "weights", seed=5)
    after = sweep(submission, "it", options=replace(SWEEP, stale=True))
    assert [list(view.scores) for view in after.checkpoints[0].views] == [["it"]] * 8
    assert after.checkpoints[0].weights != before.checkpoints[0].weights


def test_a_trial_writes_no_sweep(submission: Path) -> None:
    harness.evaluate(submission, ["jupyterlab"], ["de"], Options(dtype="float32", sweep=True, limit=5))
    assert not (submission / "results").exists()


@pytest.mark.slow
def test_a_sweep_that_is_not_what_it_says_is_refused(submission: Path) -> None:
    whole = sweep(submission)
    path = SWEEPS.path(submission, "jupyterlab")
    view = whole.checkpoints[0].views[0]
    wrong = whole.model_copy(
        update={
            "checkpoints": (
                whole.checkpoints[0].model_copy(update={"views": (view.model_copy(update={"score": 1.0}),)}),
            )
        }
    )
    with pytest.raises(BadInput, match=r"score: 1\.0 is not the mean over the target's languages"):
        SWEEPS.write(submission, wrong)
    path.rename(path.with_name("tatoeba.layers.yaml"))
    (fault,) = submission_faults(submission)
    assert "target: expected tatoeba as in the file's path, found 'jupyterlab'" in str(fault)


def test_two_sweeps_at_once_lose_nothing(submission: Path) -> None:
    from harness.evaluation.story import evaluate
    from harness.evaluation.sweep import TargetSweep

    real = TargetSweep.measure
    done = []

    def meanwhile(self: TargetSweep, *arguments: object) -> None:
        real(self, *arguments)  # type: ignore[arg-type]
        if not done:  # another process measures Italian from start to end, while this one measures German
            done.append(True)
            evaluate(submission, ["jupyterlab"], ["it"], SWEEP)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TargetSweep, "measure", meanwhile)
        sweep(submission, "de")
    assert [
        sorted(view.scores)
        for view in SWEEPS.load(SWEEPS.path(submission, "jupyterlab")).checkpoints[0].views
    ] == [["de", "it"]] * 8


def test_what_was_swept_in_another_way_is_neither_kept_nor_replaced_by_a_part(submission: Path) -> None:
    sweep(submission, "de", "it")
    before = SWEEPS.path(submission, "jupyterlab").read_bytes()
    shutil.move(submission / "results/jupyterlab.yaml", submission / "kept.yaml")
    with pytest.raises(
        BadInput,
        match=r"layers\.yaml was measured with the dtype 'float32', now it is 'bfloat16': the two are not mixed",
    ):
        sweep(submission, "de", options=Options(dtype="bfloat16", sweep=True))
    assert SWEEPS.path(submission, "jupyterlab").read_bytes() == before
    SWEEPS.path(submission, "jupyterlab").write_text("schema: 1\n")
    with pytest.raises(BadInput, match=r"is damaged, and this run would measure only a part of it again"):
        sweep(submission, "de")


def test_a_sweep_with_nothing_to_do_leaves_the_file_alone(submission: Path) -> None:
    sweep(submission, "de")
    before = SWEEPS.path(submission, "jupyterlab").stat().st_mtime_ns
    sweep(submission, "de")
    assert SWEEPS.path(submission, "jupyterlab").stat().st_mtime_ns == before


def test_the_headline_is_on_disk_before_the_sweep_starts(
    submission: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.evaluation.sweep import TargetSweep

    def power_cut(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(TargetSweep, "measure", power_cut)
    with pytest.raises(KeyboardInterrupt):
        harness.evaluate(submission, ["jupyterlab"], ["de"], SWEEP)
    (result,) = harness.load_results(submission)
    assert list(result.checkpoints[0].scores) == ["de"]
