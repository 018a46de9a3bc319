"""Heads from end to end with a toy encoder: trained once, resumed after a kill, and what is predicted."""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pytest
import torch
from click.testing import CliRunner

import harness
from harness import catalog
from harness.cli.main import main
from harness.errors import BadInput, CheckFailed
from harness.evaluation import heads
from harness.evaluation.estimate import estimate
from harness.evaluation.story import Options
from harness.models.forward_passes import Passes
from harness.records import Result
from harness.reporter import Silent
from harness.training import finetune as finetune_module
from tests.support.submissions import write_submission
from tests.support.toys import stored_outcomes

NOUNS, VERBS, COLOURS = (
    ("cat", "dog", "sun", "moon", "sea", "tree"),
    ("runs", "sleeps", "shines", "sings"),
    ("red", "blue"),
)
FOREIGN = {
    "cat": "katze",
    "dog": "hund",
    "sun": "sonne",
    "moon": "mond",
    "runs": "rennt",
    "sleeps": "schläft",
    "the": "die",
}
TAGS = {
    "the": "DET",
    **dict.fromkeys(NOUNS, "NOUN"),
    **dict.fromkeys(VERBS, "VERB"),
    **dict.fromkeys(COLOURS, "ADJ"),
}
FAST = "{epochs: 2, batch_size: 4, learning_rate: 0.003, max_length: 32}"


def sentences() -> list[list[str]]:
    return [["the", colour, noun, verb] for noun in NOUNS for verb in VERBS for colour in COLOURS]


def write_tagged(path: Path, rows: list[list[str]], words: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "\n".join("".join(f"{words.get(word, word)}\t{TAGS[word]}\n" for word in row) for row in rows),
        "utf-8",
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Lay out small sets of our own as XTREME's files are."""
    root = tmp_path / "data"
    write_tagged(root / "udpos/train-en.tsv", sentences(), {})
    for language, words in (("en", {}), ("de", FOREIGN)):
        write_tagged(root / f"udpos/dev-{language}.tsv", sentences()[::5], words)
    (root / "pawsx").mkdir()
    pairs = [
        (" ".join(a), " ".join(b), str(int(a[2] == b[2]))) for a in sentences()[::3] for b in sentences()[::7]
    ]
    for name in ("dev-en", "test-en"):
        (root / f"pawsx/{name}.tsv").write_text("".join("\t".join(row) + "\n" for row in pairs[:60]), "utf-8")
    (root / "pawsx/TEST_LABELS_UNCERTAIN_ROWS.txt").write_text("# rows\n0\n")
    for split, language, rows in (
        ("train", "en", sentences()),
        ("dev", "en", sentences()[::6]),
        ("dev", "fi", sentences()[::8]),
    ):
        paragraphs = []
        for number, row in enumerate(rows):
            context = f"{' '.join(row)} and {' '.join(rows[(number + 5) % len(rows)])}"
            answers = [{"text": row[2], "answer_start": context.index(row[2])}]
            asked = [{"id": f"{language}-{number}", "question": f"the {row[1]}", "answers": answers}]
            paragraphs.append({"context": context, "qas": asked})
        path = root / f"tydiqa/tydiqa-goldp-v1.1-{split}/tydiqa.goldp.{language}.{split}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            json.dumps({"version": "1", "data": [{"title": "toys", "paragraphs": paragraphs}]}), "utf-8"
        )
    return root


@pytest.fixture(autouse=True)
def no_official_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let text of our own stand for the official sets."""
    for name, target in catalog.BY_NAME.items():
        monkeypatch.setitem(catalog.BY_NAME, name, target.model_copy(update={"sizes": {}}))
    monkeypatch.setattr("harness.data.FINGERPRINTS", {})
    monkeypatch.setattr("harness.data.training_text.TRAINING_FINGERPRINTS", {})


@pytest.fixture
def submission(tmp_path: Path, toy_encoder: Path) -> Path:
    folder = write_submission(tmp_path / "submissions/toy")
    shutil.copytree(toy_encoder, folder / "weights")
    names = ("udpos_dev", "pawsx_from_dev", "tydiqa")
    with (folder / "submission.yaml").open("a") as file:
        file.write("finetuning:\n" + "".join(f"  {name}: {FAST}\n" for name in names))
    return folder


def run(folder: Path, target: str, *languages: str, data: Path, **more: Any) -> Result:
    (result,) = harness.evaluate(folder, [target], languages, Options(dtype="float32", data=data, **more))
    return result


def bytes_of(folder: Path, target: str) -> tuple[str, str]:
    text = (folder / f"results/{target}.yaml").read_text().partition("\nruns:")[0]
    return text, hashlib.sha256((folder / f"results/{target}.parquet").read_bytes()).hexdigest()


def test_a_tagger_learns_from_english_and_its_scores_follow_from_its_outcomes(
    submission: Path, data: Path
) -> None:
    from seqeval.metrics import f1_score

    path = submission / "submission.yaml"
    path.write_text(
        path.read_text().replace(
            f"udpos_dev: {FAST}", "udpos_dev: " + FAST.replace("epochs: 2", "epochs: 12")
        )
    )
    result = run(submission, "udpos_dev", "en", "de", data=data)
    assert (
        str(result.signature)
        == "udpos_dev|f1|en⇒xx|raw UPOS|fused|head=xtreme,batch=4,epochs=12,lr=0.003,len=32|v1"
    )
    assert (result.score, result.measured, list(result.checkpoints[0].scores)) == (None, 2, ["de", "en"])
    head = result.checkpoints[0].head
    assert head is not None
    assert (head.examples, head.steps) == (44, 132)
    assert result.checkpoints[0].scores["en"].score > 90
    table = stored_outcomes(submission, "udpos_dev").filter(pc.field("language") == "en")
    gold = [[TAGS[word] for word in row] for row in sentences()[::5]]
    predicted = table["tags"].to_pylist()
    with pytest.warns(UserWarning, match="seems not to be NE tag"):
        assert result.checkpoints[0].scores["en"].score == pytest.approx(
            100 * f1_score(gold, predicted), abs=1e-4
        )
    right = [a == b for pair in zip(gold, predicted, strict=True) for a, b in zip(*pair, strict=True)]
    assert result.checkpoints[0].scores["en"].secondary["accuracy"] == pytest.approx(
        100 * np.mean(right), abs=1e-4
    )


def test_a_classifier_and_a_reader_run_from_end_to_end(submission: Path, data: Path) -> None:
    paws = run(submission, "pawsx_from_dev", "en", data=data)
    assert paws.checkpoints[0].scores["en"].n == 59  # without the uncertain row
    assert {row["predicted"] for row in stored_outcomes(submission, "pawsx_from_dev").to_pylist()} <= {
        "0",
        "1",
    }
    reading = run(submission, "tydiqa", "en", "fi", data=data)
    score = reading.checkpoints[0].scores["en"]
    assert score.score == pytest.approx(
        (score.secondary["exact_match"] + score.secondary["f1"]) / 2, abs=1e-3
    )
    rows = [row for row in stored_outcomes(submission, "tydiqa").to_pylist() if row["language"] == "en"]
    assert all(0 <= row["start"] <= row["end"] for row in rows)
    assert (
        harness.compare(harness.load_side(submission), harness.load_side(submission)).targets[0].difference
        == 0
    )


def test_a_head_is_trained_once_and_a_finished_language_is_not_predicted_again(
    submission: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(submission, "udpos_dev", "en", data=data)
    before = bytes_of(submission, "udpos_dev")

    def never(*_: object, **__: object) -> None:
        raise AssertionError("a head was trained")

    monkeypatch.setattr(heads, "finetune", never)
    run(submission, "udpos_dev", "de", data=data)
    assert bytes_of(submission, "udpos_dev") != before
    monkeypatch.setattr(heads, "open_head", never)
    again = bytes_of(submission, "udpos_dev")
    run(submission, "udpos_dev", "en", "de", data=data)
    assert bytes_of(submission, "udpos_dev") == again


def test_training_goes_on_after_a_kill_and_ends_with_the_same_head(
    submission: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finetune_module, "_STEPS", 4)
    whole = run(submission, "udpos_dev", "en", "de", data=data)
    expected = bytes_of(submission, "udpos_dev")
    shutil.rmtree(submission / "results")
    monkeypatch.setenv("STILTBOARD_CACHE", str(tmp_path / "another cache"))
    real, seen = finetune_module._English.score, []

    def power_cut(self: Any, model: Any) -> float:
        seen.append(model)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return real(self, model)

    monkeypatch.setattr(finetune_module._English, "score", power_cut)
    with pytest.raises(KeyboardInterrupt):
        run(submission, "udpos_dev", "en", "de", data=data)
    (steps,) = (tmp_path / "another cache/heads").glob(".*.work/steps")
    saved = sorted(path.name for path in steps.iterdir())
    assert saved == ["checkpoint-4", "checkpoint-8"]
    shutil.copytree(steps / "checkpoint-8", steps / "checkpoint-11")
    (steps / "checkpoint-11/trainer_state.json").write_text("{")  # half written
    resumed = run(submission, "udpos_dev", "en", "de", data=data)
    assert bytes_of(submission, "udpos_dev") == expected
    assert resumed.checkpoints[0].head == whole.checkpoints[0].head
    assert not list((tmp_path / "another cache/heads").glob(".*.work"))


def test_too_little_memory_takes_smaller_parts_of_a_step_and_then_fails_by_name(
    submission: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = finetune_module.pad
    largest = 2

    def small_machine(rows: Any, padding: int) -> Any:
        if len(rows) > largest:
            raise torch.OutOfMemoryError("out of memory")
        return real(rows, padding)

    monkeypatch.setattr(finetune_module, "pad", small_machine)
    result = run(submission, "udpos_dev", "en", data=data)
    assert result.checkpoints[0].head is not None
    assert result.checkpoints[0].head.steps == 22  # as many as with 4 at a time
    largest = 0
    with pytest.raises(CheckFailed, match="runs out of memory with one example at a time"):
        run(submission, "pawsx_from_dev", "en", data=data)


def test_a_full_disk_is_named_and_what_was_predicted_before_is_kept(
    submission: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(submission, "udpos_dev", "en", data=data)
    before = bytes_of(submission, "udpos_dev")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(heads, "asdict", full)
    with pytest.raises(CheckFailed, match=r"cannot be stored in .*No space left on device"):
        run(submission, "pawsx_from_dev", "en", data=data)
    monkeypatch.setattr(finetune_module._OnEnglish, "save_model", full)
    with pytest.raises(CheckFailed, match=r"cannot be written to .*No space left on device"):
        run(submission, "pawsx_from_dev", "en", data=data)
    assert bytes_of(submission, "udpos_dev") == before


def test_a_prediction_that_needs_too_much_memory_fails_its_language_by_name(
    submission: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(submission, "udpos_dev", "en", data=data)
    monkeypatch.setattr(Passes, "attempt", lambda self, batch: None)
    result = run(submission, "udpos_dev", "de", data=data)
    assert list(result.checkpoints[0].scores) == ["en"]
    assert result.checkpoints[0].failed["de"].startswith("out of memory on the ")


def test_a_submission_may_bring_its_own_head(submission: Path, data: Path, own_cache: Path) -> None:
    trained = run(submission, "udpos_dev", "en", data=data)
    (folder,) = [path for path in (own_cache / "heads").iterdir() if path.is_dir()]
    shutil.copytree(folder, submission / "head")
    path = submission / "submission.yaml"
    path.write_text(
        path.read_text().partition("finetuning:")[0] + "finetuned: {udpos_dev: {seed: 0, path: head}}\n"
    )
    own = run(submission, "udpos_dev", "en", data=data, overwrite=True)
    assert str(own.signature) == "udpos_dev|f1|en⇒xx|raw UPOS|fused|head=own|v1"
    assert own.checkpoints[0].scores == trained.checkpoints[0].scores
    assert own.checkpoints[0].head is not None
    assert own.checkpoints[0].head.training is None
    config = json.loads((submission / "head/config.json").read_text())
    config["id2label"]["0"] = "NOTHING"
    (submission / "head/config.json").write_text(json.dumps(config))
    with pytest.raises(BadInput, match="udpos_dev wants ADJ, too"):
        run(submission, "udpos_dev", "en", data=data, overwrite=True)


def test_a_probe_changes_the_text_under_a_submitted_head_and_else_under_its_encoder(
    submission: Path, data: Path, own_cache: Path
) -> None:
    """No head is trained for a probe; the answers of a submitted one are those that are stored."""

    def probed() -> str:
        arguments = ["verify", submission.name, "--probe", "--data", str(data), "--seed", "s"]
        # It ends with 1, since the text is not the official one.
        ended = CliRunner().invoke(main, [*arguments, "--submissions", str(submission.parent)])
        assert "FAILED probe" not in ended.stdout
        return ended.stdout

    run(submission, "udpos_dev", "en", data=data)
    (folder,) = [path for path in (own_cache / "heads").iterdir() if path.is_dir()]
    shutil.copytree(folder, submission / "head")
    shutil.rmtree(own_cache / "heads")
    lines = probed()
    assert "punctuation changed" in lines
    assert "sentences in 'en' are singular" in lines
    assert "no stored outcome could be compared example by example" in lines
    assert not (own_cache / "heads").exists()
    path = submission / "submission.yaml"
    path.write_text(
        path.read_text().partition("finetuning:")[0] + "finetuned: {udpos_dev: {seed: 0, path: head}}\n"
    )
    run(submission, "udpos_dev", "en", data=data, overwrite=True)
    lines = probed()
    assert "spelling changed" in lines
    assert "punctuation changed" not in lines
    assert "of 10 examples in 'en' are singular" in lines
    assert "no stored outcome" not in lines


def test_a_trial_writes_nothing_and_a_dry_run_says_what_would_be_trained(
    submission: Path, data: Path
) -> None:
    trial = run(submission, "udpos_dev", "en", data=data, limit=3)
    assert trial.checkpoints[0].scores["en"].n == 3
    assert not (submission / "results").exists()
    (line,) = estimate(submission, ["udpos_dev"], ["en"], Options(dtype="float32", data=data)).heads
    assert line == (
        "udpos_dev",
        "a head on 44 English examples, 2 epochs, about 22 steps of 4, unless it is in the cache; 10 sentences in 1 languages to predict",
    )


def test_what_the_training_needs_is_missing_before_anything_starts(submission: Path, data: Path) -> None:
    (data / "udpos/train-en.tsv").unlink()
    found = CliRunner().invoke(
        main,
        [
            "evaluate",
            str(submission),
            "-t",
            "udpos_dev",
            "-l",
            "en",
            "--data",
            str(data),
            "--dtype",
            "float32",
        ],
    )
    assert found.exit_code == 3
    assert "train-en.tsv" in found.stderr


def job(folder: Path, target: str, work: Path, **recipe: Any) -> finetune_module.HeadTraining:
    """Return the training of a target on a few English sentences."""
    from harness.catalog.finetuning import Recipe
    from harness.data.tagging import TaggedSentences
    from harness.models.checkpoint import verify

    rows = tuple(map(tuple, sentences()))
    text = TaggedSentences("en", rows, tuple(tuple(TAGS[word] for word in row) for row in rows), "here")
    values = {"learning_rate": 0.01, "epochs": 3, "max_length": 32, "batch_size": 8} | recipe
    return finetune_module.HeadTraining(
        verify(folder, "toy"),
        catalog.BY_NAME[target],
        Recipe(**values),
        text,
        text.first(12),
        0,
        work,
        "cpu",
        "float32",
    )


def test_the_head_is_fresh_whatever_head_the_checkpoint_carries(toy_encoder: Path, tmp_path: Path) -> None:
    from transformers import (
        AutoModelForSequenceClassification,
        AutoModelForTokenClassification,
        AutoTokenizer,
    )

    for kind, labels in ((AutoModelForTokenClassification, 17), (AutoModelForSequenceClassification, 3)):
        model = kind.from_pretrained(str(toy_encoder), num_labels=labels)
        folder = tmp_path / kind.__name__
        model.save_pretrained(folder)
        AutoTokenizer.from_pretrained(str(toy_encoder)).save_pretrained(folder)
        fresh, _ = finetune_module._fresh(job(folder, "udpos_dev", tmp_path))
        bare, _ = finetune_module._fresh(job(toy_encoder, "udpos_dev", tmp_path))
        assert torch.equal(fresh.classifier.weight, bare.classifier.weight)
        assert fresh.classifier.weight.shape == (17, 32)
        assert torch.equal(
            fresh.bert.encoder.layer[2].output.dense.weight, bare.bert.encoder.layer[2].output.dense.weight
        )
        reader, _ = finetune_module._fresh(job(folder, "tydiqa", tmp_path))
        assert reader.qa_outputs.weight.shape == (2, 32)


def test_a_step_in_parts_has_the_gradient_of_the_step_at_once(toy_encoder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(toy_encoder, tmp_path / "still"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(
        json.dumps(config | {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0})
    )
    norms = []
    for at_once in (8, 4, 1):
        work = tmp_path / str(at_once)
        trained = finetune_module._train(
            job(folder, "udpos_dev", work, epochs=1, learning_rate=1e-12), at_once, Silent()
        )
        assert trained.steps == 6
        norms.append(
            [
                entry["grad_norm"]
                for entry in json.loads((work / "model/log.json").read_text())["log_history"]
                if "loss" in entry
            ]
        )
    assert norms[1] == pytest.approx(norms[0], rel=1e-4)
    assert norms[2] == pytest.approx(norms[0], rel=1e-4)


def test_a_training_killed_after_its_early_end_keeps_the_best_evaluation(
    toy_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter([50.0, 40.0, 30.0, 99.0])
    monkeypatch.setattr(finetune_module._English, "score", lambda self, model: next(scores))
    asked = job(toy_encoder, "udpos_dev", tmp_path / "work", epochs=6, patience=2)
    real = finetune_module._save

    def power_cut(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(finetune_module, "_save", power_cut)
    with pytest.raises(KeyboardInterrupt):
        finetune_module.finetune(asked, Silent())
    monkeypatch.setattr(finetune_module, "_save", real)
    assert finetune_module.finetune(asked, Silent()) == finetune_module.Trained(
        examples=48, steps=18, dev=50.0
    )
    names = {path.name for path in (tmp_path / "work/model").iterdir()}
    assert {"model.safetensors", "config.json", "log.json", "tokenizer.json"} <= names
    assert not [name for name in names if name.endswith(".bin")]


_CODE = (
    "import harness.data, harness.data.training_text, harness.catalog as c, harness.training.finetune as f; harness.data.FINGERPRINTS = {};"
    "c.BY_NAME['udpos_dev'] = c.BY_NAME['udpos_dev'].model_copy(update={'sizes': {}});"
    "harness.data.training_text.TRAINING_FINGERPRINTS = {}; f._STEPS = 3; from harness.cli.main import main; main()"
)


@pytest.mark.slow
def test_killed_runs_end_with_the_bytes_of_one_that_was_not(
    submission: Path, data: Path, own_cache: Path
) -> None:
    command = [
        sys.executable,
        "-c",
        _CODE,
        "evaluate",
        str(submission),
        "-t",
        "udpos_dev",
        "-l",
        "en",
        "-l",
        "de",
    ]
    command += ["--data", str(data), "--dtype", "float32"]

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    began = time.monotonic()
    assert start().wait() == 0
    seconds, found = time.monotonic() - began, {bytes_of(submission, "udpos_dev")}
    moments = np.random.default_rng(0)
    for _ in range(8):
        shutil.rmtree(submission / "results")
        shutil.rmtree(own_cache)
        process = start()
        time.sleep(float(moments.uniform(0.4, 1.0)) * seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert start().wait() == 0
        found.add(bytes_of(submission, "udpos_dev"))
    assert len(found) == 1
