"""The story with a toy encoder on the demonstration's real text."""

from __future__ import annotations

import hashlib
import multiprocessing
import shutil
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
import yaml
from safetensors.torch import load_file, save_file

import harness
from harness.errors import BadInput
from harness.evaluation import provenance
from harness.evaluation.story import Options
from harness.models import device
from harness.models import encoder as encoder_module
from harness.models.vector_cache import VectorSpace
from harness.records import Result
from harness.store import submission_faults
from tests.support.folders import ROOT
from tests.support.submissions import write_submission
from tests.support.toys import save_toy_encoder, stored_outcomes

OPTIONS = Options(dtype="float32")


@pytest.fixture
def submission(tmp_path: Path, toy_encoder: Path) -> Path:
    folder = write_submission(tmp_path / "submissions/toy")
    shutil.copytree(toy_encoder, folder / "weights")
    return folder


@pytest.fixture
def text_folder(tmp_path: Path) -> Path:
    (tmp_path / "text").mkdir()
    (tmp_path / "text/de.tsv").write_text("die katze\tthe cat\nein hund\ta dog\ndie sonne\tthe sun\n")
    return tmp_path / "text"


def files_of(folder: Path) -> tuple[str, str]:
    """Return the result without its run block, and the digest of the outcomes."""
    results = folder / "results"
    return (results / "jupyterlab.yaml").read_text().partition("\nruns:")[0], hashlib.sha256(
        (results / "jupyterlab.parquet").read_bytes()
    ).hexdigest()


def evaluate(folder: Path, *languages: str, options: Options = OPTIONS) -> Result:
    (result,) = harness.evaluate(folder, ["jupyterlab"], languages, options)
    return result


def test_some_languages_are_no_score_and_all_languages_are_one(submission: Path) -> None:
    some = evaluate(submission, "de", "it")
    assert (some.score, some.measured, some.of, some.complete) == (None, 2, 12, False)
    assert list(some.checkpoints[0].scores) == ["it", "de"]  # the catalog's order, not the command's
    whole = evaluate(submission)
    assert (whole.measured, whole.of) == (12, 12)
    assert whole.score == pytest.approx(
        np.mean([s.score for s in whole.checkpoints[0].scores.values()]), abs=1e-4
    )
    assert str(whole.signature) == "jupyterlab|acc|en→xx|cos|h3.mean|prefix=|len=64|v1"
    assert harness.load_results(submission) == (whole,)


def test_a_submission_may_have_a_layer_and_a_pooling_of_its_own_for_a_target(
    submission: Path, text_folder: Path
) -> None:
    """Each target has the very result of a submission that states its view for all targets."""
    by_target = "encoding_by_target:\n  jupyterlab: {layer: 1, pooling: cls}\n"
    path = submission / "submission.yaml"
    stated = path.read_text()
    path.write_text(stated.replace("checkpoints:", f"{by_target}checkpoints:"))
    options = replace(OPTIONS, own={"bitext.own": text_folder})
    first, second = harness.evaluate(submission, ["jupyterlab", "bitext.own"], ["de"], options)
    views = {result.target: str(result.signature.view) for result in (first, second)}
    assert views == {"jupyterlab": "h1.cls", "bitext.own": "h3.mean"}
    assert submission_faults(submission) == ()
    shutil.rmtree(submission / "results")
    path.write_text(stated.replace("layer: last, pooling: mean", "layer: 1, pooling: cls"))
    (alone,) = harness.evaluate(submission, ["jupyterlab"], ["de"], OPTIONS)
    assert alone.checkpoints[0].scores == first.checkpoints[0].scores
    shutil.rmtree(submission / "results")
    path.write_text(stated)
    (alone,) = harness.evaluate(submission, ["bitext.own"], ["de"], options)
    assert alone.checkpoints[0].scores == second.checkpoints[0].scores


def test_scores_can_be_computed_again_from_the_outcomes(submission: Path) -> None:
    result = evaluate(submission, "de", "fi")
    table = stored_outcomes(submission, "jupyterlab").to_pylist()
    for language, score in result.checkpoints[0].scores.items():
        rows = [row for row in table if row["language"] == language]
        assert [row["index"] for row in rows] == list(range(score.n))
        assert score.score == pytest.approx(
            100 * np.mean([row["answer"] == row["index"] for row in rows]), abs=1e-4
        )
        assert score.secondary["accuracy_to_english"] == pytest.approx(
            100 * np.mean([row["answer_to_english"] == row["index"] for row in rows]), abs=1e-4
        )


def test_a_finished_language_is_never_computed_again(
    submission: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluate(submission, "de")
    before = files_of(submission)
    stamps = [
        (submission / "results" / name).stat().st_mtime_ns
        for name in ("jupyterlab.yaml", "jupyterlab.parquet")
    ]

    def never(*_: object, **__: object) -> None:
        raise AssertionError("the encoder was opened")

    monkeypatch.setattr(encoder_module.Encoder, "__init__", never)
    evaluate(submission, "de")
    assert files_of(submission) == before
    assert stamps == [
        (submission / "results" / name).stat().st_mtime_ns
        for name in ("jupyterlab.yaml", "jupyterlab.parquet")
    ]


def test_one_language_after_the_other_gives_the_bytes_of_all_at_once(
    submission: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for language in ("it", "fi", "de"):
        evaluate(submission, language)
    monkeypatch.setenv("STILTBOARD_CACHE", str(tmp_path / "another cache"))
    other = shutil.copytree(submission, tmp_path / "elsewhere/toy", ignore=shutil.ignore_patterns("results"))
    evaluate(Path(other), "de", "fi", "it")
    assert files_of(submission) == files_of(Path(other))


def test_an_interrupted_run_goes_on_and_ends_with_the_same_bytes(
    submission: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, seen = VectorSpace.put, []

    def power_cut(self: VectorSpace, texts: list[str], vectors: np.ndarray) -> None:
        real(self, texts, vectors)
        seen.append(len(texts))
        if len(seen) == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr(VectorSpace, "put", power_cut)
    with pytest.raises(KeyboardInterrupt):
        evaluate(submission, "de", "it")
    assert not (submission / "results").exists()
    interrupted = sum(seen)
    result = evaluate(submission, "de", "it")
    monkeypatch.setenv("STILTBOARD_CACHE", str(tmp_path / "another cache"))
    other = Path(
        shutil.copytree(submission, tmp_path / "elsewhere/toy", ignore=shutil.ignore_patterns("results"))
    )
    whole = evaluate(other, "de", "it")
    assert files_of(submission) == files_of(other)
    assert result.runs[-1].encoded_sentences == whole.runs[0].encoded_sentences - interrupted


def test_damaged_outcomes_are_measured_again(submission: Path) -> None:
    evaluate(submission, "de")
    before = files_of(submission)
    (submission / "results/jupyterlab.parquet").write_bytes(b"PAR1")
    evaluate(submission, "de")
    assert files_of(submission) == before


def test_seeds_are_averaged_and_each_is_kept(submission: Path, tmp_path: Path) -> None:
    save_toy_encoder(submission / "other", seed=1)
    write_submission(submission, checkpoints="[{seed: 0, path: weights}, {seed: 7, path: other}]")
    result = evaluate(submission, "de")
    first, second = (checkpoint.scores["de"].score for checkpoint in result.checkpoints)
    assert result.language_score("de") == (first + second) / 2
    assert [checkpoint.seed for checkpoint in result.checkpoints] == [0, 7]
    assert result.checkpoints[0].weights != result.checkpoints[1].weights
    assert set(stored_outcomes(submission, "jupyterlab")["seed"].to_pylist()) == {0, 7}


def test_a_language_that_cannot_be_encoded_is_named_and_the_others_are_kept(submission: Path) -> None:
    weights = load_file(submission / "weights/model.safetensors")
    weights["embeddings.word_embeddings.weight"][4 + 14] = 3e38  # the token "die", which Italian text lacks
    save_file(weights, submission / "weights/model.safetensors", metadata={"format": "pt"})
    result = evaluate(submission, "de", "it")
    checkpoint = result.checkpoints[0]
    assert list(checkpoint.scores) == ["it"]
    assert list(checkpoint.failed) == ["de"]
    assert "of the de side: its vector is not finite in float32" in checkpoint.failed["de"]
    assert result.score is None


def test_text_that_cannot_be_read_is_named_and_the_others_are_kept(
    submission: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.data import jupyterlab

    real = jupyterlab.find_spec
    monkeypatch.setattr(jupyterlab, "find_spec", lambda name: None if name.endswith("fi_FI") else real(name))
    result = evaluate(submission, "fi", "de")
    assert result.checkpoints[0].failed == {
        "fi": "the language pack jupyterlab_language_pack_fi_FI is not installed"
    }
    assert list(result.checkpoints[0].scores) == ["de"]
    monkeypatch.setattr(jupyterlab, "find_spec", lambda name: None)
    with pytest.raises(BadInput, match="jupyterlab_language_pack_it_IT is not installed"):
        evaluate(submission, "it")


def test_a_result_measured_in_another_way_is_never_mixed(submission: Path) -> None:
    evaluate(submission, "de")
    with pytest.raises(
        BadInput,
        match=r"with the dtype 'float32', now it is 'bfloat16': the two are not mixed\n    cure: --dtype float32, or --overwrite",
    ):
        evaluate(submission, "it", options=Options(dtype="bfloat16"))
    write_submission(submission, layer="2")
    with pytest.raises(
        BadInput, match=r"with the signature 'jupyterlab\|.*h3\.mean.*', now it is '.*h2\.mean.*'"
    ):
        evaluate(submission, "it")
    with pytest.raises(BadInput, match="the two are not mixed"):  # German would be lost
        evaluate(submission, "it", options=Options(dtype="float32", overwrite=True))
    result = evaluate(submission, "it", "de", options=Options(dtype="float32", overwrite=True))
    assert str(result.signature.view) == "h2.mean"


def test_overwriting_one_language_leaves_the_others_alone(submission: Path) -> None:
    evaluate(submission, "de", "it")
    before = files_of(submission)
    result = evaluate(submission, "it", options=Options(dtype="float32", overwrite=True))
    assert list(result.checkpoints[0].scores) == ["it", "de"]
    assert files_of(submission) == before


def test_damaged_outcomes_are_not_replaced_by_a_part_of_them(submission: Path) -> None:
    evaluate(submission, "de", "it")
    (submission / "results/jupyterlab.parquet").write_bytes(b"PAR1")
    with pytest.raises(
        BadInput, match="is damaged, and this run would measure only a part of it again, without it"
    ):
        evaluate(submission, "de")


@pytest.mark.parametrize("moment", range(3))
def test_a_crash_at_any_moment_of_writing_loses_neither_the_old_nor_the_new(
    submission: Path, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    evaluate(submission, "it")
    evaluate(submission, "it", "de")
    whole = files_of(submission)
    shutil.rmtree(submission / "results")
    evaluate(submission, "it")
    real, moves = Path.replace, []

    def power_cut(self: Path, target: Path) -> Path:
        if "results" in str(target):
            if len(moves) == moment:
                raise KeyboardInterrupt
            moves.append(target)
        return real(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", power_cut)
        with pytest.raises(KeyboardInterrupt):
            evaluate(submission, "de")
    evaluate(submission, "de")
    assert files_of(submission) == whole
    assert list((submission / "results").glob(".*.next")) == []


def test_why_a_language_failed_is_kept_until_it_is_tried_again(
    submission: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.data import jupyterlab

    real = jupyterlab.find_spec
    with monkeypatch.context() as patch:
        patch.setattr(jupyterlab, "find_spec", lambda name: None if name.endswith("fi_FI") else real(name))
        evaluate(submission, "fi", "it")
    assert list(evaluate(submission, "de").checkpoints[0].failed) == ["fi"]
    assert evaluate(submission, "fi").checkpoints[0].failed == {}


def test_a_prefix_of_any_text_is_written_into_one_line(submission: Path) -> None:
    path = submission / "submission.yaml"
    path.write_text(path.read_text().replace('prefix: ""', 'prefix: "Task | retrieve\\nQuery: "'))
    assert "|prefix=Task \\u007c retrieve\\nQuery: |" in str(evaluate(submission, "de").signature)


def test_a_seed_is_on_disk_before_the_next_one_starts(submission: Path) -> None:
    save_toy_encoder(submission / "other", seed=1)
    weights = load_file(submission / "other/model.safetensors")
    del weights["encoder.layer.1.output.dense.weight"]
    save_file(weights, submission / "other/model.safetensors", metadata={"format": "pt"})
    write_submission(submission, checkpoints="[{seed: 0, path: weights}, {seed: 7, path: other}]")
    with pytest.raises(BadInput, match="lack 1 tensors"):
        evaluate(submission, "de")
    (result,) = harness.load_results(submission)
    assert [list(checkpoint.scores) for checkpoint in result.checkpoints] == [["de"], []]
    assert result.score is None


def test_other_weights_are_measured_anew_where_that_is_asked_for(submission: Path) -> None:
    before = evaluate(submission, "de", "it")
    save_toy_encoder(submission / "weights", seed=5)
    with pytest.raises(BadInput, match="was measured on other weights of seed 0"):
        evaluate(submission, "it")
    after = evaluate(submission, "it", options=Options(dtype="float32", stale=True))
    assert list(after.checkpoints[0].scores) == ["it"]
    assert after.checkpoints[0].weights != before.checkpoints[0].weights


def test_one_pass_keeps_further_layers_for_checkpoints_cut_there(
    submission: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluate(submission, "de", options=Options(dtype="float32", keep_layers=(2, 3)))
    cut = write_submission(tmp_path / "submissions/cut", layer="2")
    shutil.copytree(submission / "weights", cut / "weights")
    from_cache = evaluate(cut, "de")
    assert from_cache.runs[0].encoded_sentences == 0
    before = files_of(cut)
    shutil.rmtree(cut / "results")
    monkeypatch.setenv("STILTBOARD_CACHE", str(tmp_path / "another cache"))
    assert evaluate(cut, "de").runs[0].encoded_sentences != 0
    assert files_of(cut) == before


@pytest.mark.parametrize("native", [True, False])
def test_emulated_bfloat16_is_recorded(
    submission: Path, monkeypatch: pytest.MonkeyPatch, native: bool
) -> None:
    monkeypatch.setattr(device, "_multiplies_bfloat16", lambda: native)
    result = evaluate(submission, "de", options=Options(dtype="bfloat16"))
    assert result.runs[0].events == (() if native else ("bfloat16 was emulated with float32 products",))


def test_a_limit_tries_the_first_pairs_and_writes_nothing(submission: Path) -> None:
    result = evaluate(submission, "de", options=Options(dtype="float32", limit=10))
    assert result.checkpoints[0].scores["de"].n == 10
    assert not (submission / "results").exists()


def test_checkpoints_of_different_depth_have_no_common_last_layer(submission: Path) -> None:
    save_toy_encoder(submission / "deeper", layers=4)
    write_submission(submission, checkpoints="[{seed: 0, path: weights}, {seed: 1, path: deeper}]")
    with pytest.raises(
        BadInput, match=r"the checkpoints differ in depth, so that `layer: last` means \[3, 4\]"
    ):
        evaluate(submission, "de")


def test_an_unknown_target_and_an_unknown_language_list_the_known_ones(submission: Path) -> None:
    with pytest.raises(BadInput, match="unknown target 'tatoba'"):
        harness.evaluate(submission, ["tatoba"])
    with pytest.raises(BadInput, match="target jupyterlab has no language 'sw'"):
        evaluate(submission, "sw")


def _in_another_process(folder: Path, language: str) -> None:
    evaluate(folder, language)


@pytest.mark.slow
def test_two_runs_at_once_on_one_submission_lose_nothing(submission: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=_in_another_process, args=(submission, language)) for language in ("de", "it")
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    (result,) = harness.load_results(submission)
    assert list(result.checkpoints[0].scores) == ["it", "de"]
    assert len(stored_outcomes(submission, "jupyterlab")) == 233 + 216


def test_the_result_is_plain_yaml_whose_last_key_is_the_runs(submission: Path) -> None:
    evaluate(submission, "de")
    document = yaml.safe_load((submission / "results/jupyterlab.yaml").read_text())
    assert list(document)[-1] == "runs"
    assert document["runs"][0]["dtype"] == "float32"
    layers = 3 * (4 * (32 * 32 + 32) + 2 * 32 * 64 + 64 + 32 + 4 * 32)
    embeddings = (62 + 64 + 2 + 2) * 32
    assert document["checkpoints"][0]["parameters"] == {"total": layers + embeddings, "body": layers}


def test_cells_of_one_result_keep_the_run_that_measured_them(
    submission: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([f"2026-03-0{day}T00:00:00Z" for day in range(1, 9)])
    monkeypatch.setattr(provenance, "now", lambda: next(clock))
    evaluate(submission, "de")
    alike = evaluate(submission, "it")
    (run,) = alike.runs  # the same machine, the same libraries
    assert run.since == "2026-03-01T00:00:00Z" < run.date
    assert run.cells == {}
    monkeypatch.setattr(
        provenance, "version", lambda name: "99.0" if name == "transformers" else metadata.version(name)
    )
    mixed = evaluate(submission, "fi")
    older, newer = mixed.runs
    assert older.cells == {"0": ("de", "it")}
    assert newer.cells == {"0": ("fi",)}
    assert list(mixed.mixed) == ["versions.transformers"]
    assert mixed.mixed["versions.transformers"][1] == "99.0"
    assert mixed.run_of(0, "de") == older.model_copy(update={"cells": {}})
    again = evaluate(submission, options=replace(OPTIONS, overwrite=True))
    assert len(again.runs) == 1 and not again.mixed


def test_a_run_states_what_another_person_needs_to_repeat_it(submission: Path) -> None:
    run = evaluate(submission, "de").last_run
    assert run is not None
    assert run.versions.keys() >= {"stiltboard", "torch", "transformers", "numpy", "python"}
    assert run.processor and run.instructions and run.system
    lock = hashlib.sha256((ROOT / "constraints.txt").read_bytes()).hexdigest()
    assert run.lock == f"sha256:{lock}"
