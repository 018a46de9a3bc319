"""A folder of sentence-transformers as a submission: from `as: saved` to a stored result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

import harness
from harness.catalog import BY_NAME
from harness.data import load_examples
from harness.errors import BadInput
from harness.evaluation.estimate import estimate
from harness.evaluation.story import Options
from harness.models import encoder as encoder_module
from harness.models.checkpoint import CheckpointFiles, verify
from harness.records import Pooling, Result, View
from harness.scoring.outcomes import cells
from harness.store import SWEEPS, load_outcomes, load_submission, submission_faults
from harness.store.agreement import other_recipe
from harness.store.submissions import SUBMISSION_FILE
from tests.harness.models.test_saved_encoders import encoded
from tests.support.collections import write_beir
from tests.support.sentence_folders import NORMALIZE, change, dense, save_sentence_folder
from tests.support.submissions import write_submission

OPTIONS = Options(dtype="float32", device="cpu")


def save(folder: Path, encoding: str | None = "{as: saved}", *modules: Any, **saved: Any) -> Path:
    """Write a submission of one folder of sentence-transformers, with its `encoding:`, or without any."""
    write_submission(folder)
    state(folder, encoding)
    save_sentence_folder(folder / "weights", *modules, NORMALIZE, **saved)
    return folder


def state(folder: Path, encoding: str | None) -> None:
    """State another `encoding:`, or none."""
    path = folder / SUBMISSION_FILE
    lines = [line for line in path.read_text().splitlines() if not line.startswith("encoding:")]
    path.write_text("\n".join([*lines, *([f"encoding: {encoding}"] if encoding else [])]) + "\n")


def evaluate(folder: Path, *languages: str, options: Options = OPTIONS) -> Result:
    (result,) = harness.evaluate(folder, ["jupyterlab"], languages or ["de"], options)
    return result


@pytest.mark.parametrize("encoding", ["{as: saved}", None])
def test_a_folder_is_evaluated_as_it_was_saved(tmp_path: Path, encoding: str | None) -> None:
    folder = save(tmp_path / "submissions/toy", encoding, dense(32, 24), poolings=("cls",))
    result = evaluate(folder)
    assert str(result.signature) == "jupyterlab|acc|en→xx|cos|h2.cls>dense24-tanh|as saved|prefix=|len=64|v1"
    assert not submission_faults(folder)
    assert not list(other_recipe(result, load_submission(folder)))
    path = folder / "results/jupyterlab.yaml"
    answers = cells(load_outcomes(path, result))[0, "de"]
    examples: Any = load_examples(BY_NAME["jupyterlab"], "de", None)
    foreign, english = (
        encoded(folder / "weights", side)[0].astype(np.float64)
        for side in (examples.foreign, examples.english)
    )
    assert np.array_equal(answers["answer"].to_numpy(), np.argmax((english @ foreign.T).round(12), axis=1))


def test_a_result_is_only_of_the_encoding_that_its_submission_declares(tmp_path: Path) -> None:
    folder = save(tmp_path / "submissions/toy")
    result = evaluate(folder)
    for encoding, named in (
        ("{layer: last, pooling: mean, max_length: 64}", "texts were encoded as saved, but the submission states"),
        ("{as: saved, departs_from_saved: true}", "encoded as saved, but the submission declares as saved except"),
        ('{as: saved, prefix: "query: "}', "prefix was nothing, but the submission declares 'query: '"),
        ("{layer: 1, pooling: mean, departs_from_saved: true}", "the signature lacks 'not as saved', 'len=512'"),
    ):  # fmt: skip
        state(folder, encoding)
        assert any(named in what for what in other_recipe(result, load_submission(folder))), encoding
    state(folder, "{layer: 1, pooling: mean, max_length: 64, departs_from_saved: true}")
    departing = evaluate(folder, options=Options(dtype="float32", device="cpu", overwrite=True))
    assert str(departing.signature) == "jupyterlab|acc|en→xx|cos|h1.mean|not as saved|prefix=|len=64|v1"
    assert not list(other_recipe(departing, load_submission(folder)))


def test_a_contradiction_ends_the_evaluation_before_it_begins(tmp_path: Path) -> None:
    folder = save(tmp_path / "submissions/toy", "{layer: last, pooling: cls}")
    with pytest.raises(BadInput, match=r"pooling: cls, the folder mean; max_length: 512, the folder 64"):
        evaluate(folder)
    assert not (folder / "results").exists()


def test_a_cached_checkpoint_is_not_opened_and_a_changed_map_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save(tmp_path / "submissions/toy", "{as: saved}", dense(32, 24))
    first = evaluate(folder)
    again = Options(dtype="float32", device="cpu", overwrite=True)
    with monkeypatch.context() as patched:
        patched.setattr(encoder_module.Encoder, "__init__", lambda *_: pytest.fail("opened"))
        assert evaluate(folder, options=again).checkpoints == first.checkpoints
    save_sentence_folder(folder / "weights", dense(32, 24, seed=9), NORMALIZE)
    other = evaluate(folder, options=again)
    assert other.checkpoints[0].weights != first.checkpoints[0].weights
    assert other.runs[0].encoded_sentences == first.runs[0].encoded_sentences


def test_an_estimate_and_a_sweep_know_the_width_and_the_view(tmp_path: Path) -> None:
    folder = save(tmp_path / "submissions/toy", "{as: saved}", dense(32, 24))
    expected = estimate(folder, ["jupyterlab"], ["de"], OPTIONS)
    assert expected.disk == expected.texts * (4 * 24 + 16)
    result = evaluate(folder, options=Options(dtype="float32", device="cpu", sweep=True))
    sweep = SWEEPS.load(SWEEPS.path(folder, "jupyterlab"))
    assert sweep.signature == result.signature.of_all_views
    views = {View(view.layer, view.pooling) for view in sweep.checkpoints[0].views}
    assert views == {View(layer, pooling) for layer in range(3) for pooling in (Pooling.MEAN, Pooling.CLS)}
    assert not submission_faults(folder)


def test_queries_and_passages_have_their_prompts(tmp_path: Path) -> None:
    folder = save(tmp_path / "submissions/toy", prompts={"query": "the ", "document": "a "})
    collection = write_beir(tmp_path / "de-en")
    options = Options(dtype="float32", device="cpu", own={"clir.pets": collection})
    (result,) = harness.evaluate(folder, ["clir.pets"], (), options)
    assert "|h2.mean|as saved|query=the |passage=a |len=64|" in str(result.signature)
    (plain,) = harness.evaluate(folder, ["jupyterlab"], ["de"], OPTIONS)
    assert "|h2.mean|as saved|prefix=|len=64|" in str(plain.signature)
    state(folder, '{layer: last, pooling: mean, max_length: 64, query_prefix: "the ", passage_prefix: "a "}')
    again = Options(dtype="float32", device="cpu", own={"clir.pets": collection}, overwrite=True)
    (stated,) = harness.evaluate(folder, ["clir.pets"], (), again)
    assert stated.checkpoints == result.checkpoints
    state(folder, "{layer: last, pooling: mean, max_length: 64}")
    with pytest.raises(BadInput, match="query_prefix: nothing, the folder 'the '"):
        harness.evaluate(folder, ["clir.pets"], (), again)


def test_one_checkpoint_is_not_two_seeds(tmp_path: Path) -> None:
    folder = save(tmp_path / "submissions/toy")
    text = (folder / SUBMISSION_FILE).read_text()
    same = "[{seed: 0, path: weights}, {seed: 1, path: copy}]"
    (folder / SUBMISSION_FILE).write_text(text.replace("[{seed: 0, path: weights}]", same))
    save_sentence_folder(folder / "copy", NORMALIZE)
    with pytest.raises(BadInput, match=r"seed 1 \(copy\) has the same weights as seed 0 \(weights\)"):
        evaluate(folder)
    save_sentence_folder(folder / "copy", NORMALIZE, seed=1, max_length=32)
    with pytest.raises(BadInput, match="seed 0 and seed 1 say different things of how a text is read"):
        evaluate(folder)
    change(folder / "copy/sentence_bert_config.json", max_seq_length=64)
    assert len(evaluate(folder).checkpoints) == 2


def test_what_a_folder_says_reaches_another_process(tmp_path: Path) -> None:
    folder = save_sentence_folder(tmp_path, dense(32, 24), poolings=("cls", "max"), prompts={"query": "q"})
    files = verify(folder, "toy")
    adapter = TypeAdapter(CheckpointFiles)
    assert adapter.validate_json(adapter.dump_json(files)) == files
    change(folder / "1_Pooling/config.json", pooling_mode="median")
    refused = verify(folder, "toy")
    assert adapter.validate_json(adapter.dump_json(refused)) == refused
