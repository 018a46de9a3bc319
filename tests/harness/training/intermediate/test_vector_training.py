"""Trainings of sentence vectors from end to end: learning, records, resumption, what is saved."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file

from harness.cli.main import main
from harness.errors import BadInput, CheckFailed
from harness.models.checkpoint import verify
from harness.models.encoder import Encoder
from harness.models.encoding_choice import choose_encoding
from harness.records import Batches, Pooling, SavedEncoding, TextRole, Training, View
from harness.records.result import CheckpointScores
from harness.store import load_recipe, load_submission, load_training, submission_faults
from harness.training.intermediate import optimise as optimise_module
from harness.training.intermediate.objectives import teacher as teacher_module
from harness.training.intermediate.story import train, trainees
from harness.training.intermediate.vectors import normalized
from tests.support.trainings import options, write_mlqa, write_recipe

RANKING = "{name: pair_ranking, temperature: 0.1}"
SEVEN = "[en, es, de, ar, hi, vi, zh]"
PYTHON_TEACHER = """
import numpy as np

class Words:
    calls = 0
    def encode(self, texts):
        Words.calls += 1
        vectors = [[float(t.count(c)) for c in "abcdefghijklmnopqrst"] for t in texts]
        return np.array(vectors) + 0.01
"""


def ranking(languages: str = "[en]", objective: str = RANKING) -> str:
    return f"  - {{task: mlqa_dev_sentences, languages: {languages}, examples: 48, objective: {objective}}}"


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    write_mlqa(tmp_path / "questions")
    return tmp_path / "questions"


def recipe_file(
    folder: Path, toy: Path, tasks: str, batches: str | None, more: str = "", slug: str = "toy"
) -> Path:
    regime = "english" if batches in (None, "english") else "multilingual"
    line = f"batches: {batches}\n" if batches else ""
    return write_recipe(folder, toy, tasks, regime, slug, line + more)


# ---- ranking -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "batches",
    [
        "crosslingual",
        pytest.param("english", marks=pytest.mark.slow),
        pytest.param("hybrid", marks=pytest.mark.slow),
    ],
)
def test_right_texts_rise_in_rank_and_the_record_tells_languages(
    tmp_path: Path, toy_encoder: Path, batches: str
) -> None:
    questions = tmp_path / "questions"
    write_mlqa(questions, n=240)
    languages = "[en]" if batches == "english" else SEVEN
    path = recipe_file(tmp_path, toy_encoder, ranking(languages).replace("48", "192"), batches)
    first, _ = trainees(load_recipe(path))
    done = train(first, options(tmp_path, questions))
    assert done.after["mlqa_dev_sentences"] > done.before["mlqa_dev_sentences"] + 5
    folder = tmp_path / "submissions/toy"
    record, submission = load_training(folder), load_submission(folder)
    assert record is not None and record.seeds == (done,)
    assert record.tasks[0].metric == "mrr" and record.tasks[0].examples == 192
    assert (
        record.objective == "mlqa_dev_sentences: cross-entropy over the passages of the batch, cosine / 0.1"
    )
    assert submission.intermediate.batches == Batches(batches)
    assert submission.intermediate.objectives == ("pair_ranking",)
    assert submission.trained_on == ("mlqa_dev",)
    assert submission_faults(folder) == ()
    assert done.drawn is not None
    drawn = done.drawn["mlqa_dev_sentences"]
    assert sum(drawn.first.values()) == sum(drawn.second.values()) == 2 * 192
    expected = {
        "english": {Batches.ENGLISH: 48},
        "crosslingual": {Batches.CROSSLINGUAL: 48},
        "hybrid": {Batches.MONOLINGUAL: 24, Batches.CROSSLINGUAL: 24},
    }
    assert drawn.batches == expected[batches]
    if batches == "hybrid":
        assert train(first, options(tmp_path, questions, "again")).weights == done.weights


def test_seeds_are_matched_over_languages_and_batches_and_nothing_else(
    tmp_path: Path, toy_encoder: Path, questions: Path
) -> None:
    def design(objective: str, batches: str, languages: str, more: str = "") -> str | None:
        tasks = ranking(languages, objective)
        path = recipe_file(tmp_path, toy_encoder, tasks, batches, more, slug=batches)
        done = trained.model_copy(update={"recipe": load_recipe(path)})
        return done.design([checkpoint])

    path = recipe_file(tmp_path, toy_encoder, ranking(), "english")
    done = train(trainees(load_recipe(path))[0], options(tmp_path, questions))
    trained = load_training(tmp_path / "submissions/toy")
    assert isinstance(trained, Training)
    checkpoint = CheckpointScores.model_validate(
        {"source": "here", "parameters": {"total": 2, "body": 1}, "layer": 1, "scores": {}, "seed": 0,
         "weights": done.weights}
    )  # fmt: skip
    english = trained.design([checkpoint])
    assert english is not None
    kinds = ("mixed", "monolingual", "crosslingual", "hybrid")
    assert {design(RANKING, kind, SEVEN) for kind in kinds} == {english}
    assert design(RANKING, "hybrid", SEVEN, "alpha: 0.4\n") == english
    assert design(RANKING.replace("0.1", "0.2"), "mixed", SEVEN) != english
    assert design(RANKING, "mixed", SEVEN, "at_once: 4\n") != english


def test_training_moves_the_layer_that_evaluation_reads_and_none_above_it(
    tmp_path: Path, toy_encoder: Path, questions: Path
) -> None:
    path = recipe_file(tmp_path, toy_encoder, ranking(), "english")
    path.write_text(path.read_text().replace("layer: last", "layer: 2"))
    train(trainees(load_recipe(path))[0], options(tmp_path, questions))
    folder = tmp_path / "submissions/toy/checkpoints/seed-0"
    before, after = (load_file(path / "model.safetensors") for path in (toy_encoder, folder))
    changed = {
        name.split(".")[2]
        for name in before
        if not torch.equal(before[name], after[name])
        if "layer." in name
    }
    assert changed == {"0", "1"}
    assert not (folder / "modules.json").exists()  # sentence-transformers reads the last layer only
    path.write_text(path.read_text().replace("layer: 2", "layer: 4"))
    with pytest.raises(BadInput, match=r"layer 4 of .* does not exist"):
        train(trainees(load_recipe(path))[0], options(tmp_path, questions, "other"))


def test_a_learnt_scale_has_its_own_rate_and_prefixes_come_before_both_sides(
    tmp_path: Path, toy_encoder: Path, questions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    objective = (
        "{name: pair_ranking, temperature: 0.1, learnt_scale: true, scale_rate: 0.1, both_directions: true, "
        'query_prefix: "sun ", passage_prefix: "moon "}'
    )
    path = recipe_file(tmp_path, toy_encoder, ranking("[en]", objective), "english")
    trainers: list[Any] = []
    real = optimise_module._ObjectiveTrainer.train

    def remember(self: Any, *args: Any, **kwargs: Any) -> Any:
        trainers.append(self)
        return real(self, *args, **kwargs)

    monkeypatch.setattr(optimise_module._ObjectiveTrainer, "train", remember)
    train(trainees(load_recipe(path))[0], options(tmp_path, questions))
    (trainer,) = trainers
    (task,) = trainer.objectives
    assert {group["initial_lr"] for group in trainer.optimizer.param_groups if group["params"]} == {
        0.003,
        0.1,
    }
    assert abs(float(task.log_scale.detach()) - np.log(10)) > 0.05
    vocabulary = task.opened.tokenizer.get_vocab()
    query, passage = task._scheduled[0].inputs
    assert (query.ids[1], passage.ids[1]) == (vocabulary["sun"], vocabulary["moon"])
    record = load_training(tmp_path / "submissions/toy")
    assert record is not None
    assert record.objective.endswith(
        "cross-entropy over queries and passages of the batch, cosine / 0.1, a learnt scale"
    )


def test_too_little_memory_computes_vectors_twice_with_the_same_negatives(
    tmp_path: Path, toy_encoder: Path, questions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = tmp_path / "without dropout"
    start.mkdir()
    for file in toy_encoder.iterdir():
        (start / file.name).write_bytes(file.read_bytes())
    config = json.loads((start / "config.json").read_text())
    dropouts = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (start / "config.json").write_text(json.dumps(config | dropouts))
    path = recipe_file(tmp_path, start, ranking(), "english")
    whole = train(trainees(load_recipe(path))[0], options(tmp_path, questions, "whole"))
    real = optimise_module.Multitask.forward

    def small_machine(self: Any, input_ids: torch.Tensor, **kwargs: Any) -> Any:
        if len(input_ids) > 4:
            raise torch.OutOfMemoryError("out of memory")
        return real(self, input_ids, **kwargs)

    monkeypatch.setattr(optimise_module.Multitask, "forward", small_machine)
    small = train(trainees(load_recipe(path))[0], options(tmp_path, questions))
    assert small.loss == pytest.approx(whole.loss, rel=1e-3)


# ---- the other objectives ------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["cosent", "cosine_regression"])
def test_cosines_follow_scores(tmp_path: Path, toy_encoder: Path, data: Path, loss: str) -> None:
    tasks = f"  - {{task: stsb, languages: [en, de], objective: {{name: scored_pairs, loss: {loss}}}}}"
    path = recipe_file(tmp_path, toy_encoder, tasks, "crosslingual")
    done = train(trainees(load_recipe(path))[0], options(tmp_path, data))
    assert done.after["stsb"] > done.before["stsb"]
    assert done.drawn is not None and done.drawn["stsb"].first == {"en": 96, "de": 96}


@pytest.mark.parametrize("batches", [pytest.param("english", marks=pytest.mark.slow), "crosslingual"])
def test_a_student_comes_closer_to_a_teacher_of_another_width(
    tmp_path: Path, toy_encoder: Path, data: Path, batches: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "words_of_a_teacher.py").write_text(PYTHON_TEACHER)
    monkeypatch.syspath_prepend(str(tmp_path))
    languages = "[en]" if batches == "english" else "[en, de]"
    objective = "{name: distillation, teacher: {python: words_of_a_teacher:Words}, map_rate: 0.01}"
    tasks = f"  - {{task: ntrex, languages: {languages}, objective: {objective}}}"
    path = recipe_file(tmp_path, toy_encoder, tasks, batches)
    done = train(trainees(load_recipe(path))[0], options(tmp_path, data))
    assert done.after["ntrex"] > done.before["ntrex"] + 5
    assert done.drawn is not None and set(done.drawn["ntrex"].first) == {"en"}
    assert set(done.drawn["ntrex"].second) == {"en" if batches == "english" else "de"}
    record = load_training(tmp_path / "submissions/toy")
    assert record is not None and record.tasks[0].teacher == "words_of_a_teacher:Words"
    assert record.tasks[0].metric == "cosine"
    assert verify(tmp_path / "submissions/toy/checkpoints/seed-0", "here").width == 32  # the map is gone


def test_a_teacher_may_be_a_checkpoint_and_its_vectors_are_the_targets(
    tmp_path: Path, toy_encoder: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher = f"{{path: {toy_encoder}, encoding: {{layer: 1, pooling: cls, max_length: 32}}}}"
    objective = f"{{name: distillation, teacher: {teacher}}}"
    tasks = f"  - {{task: ntrex, languages: [en], objective: {objective}}}"
    path = recipe_file(tmp_path, toy_encoder, tasks, "english")
    taught: list[tuple[list[str], torch.Tensor]] = []
    real = teacher_module.teach

    def remember(settings: Any, texts: Any, *more: Any) -> torch.Tensor:
        taught.append((list(texts), real(settings, texts, *more)))
        return taught[-1][1]

    monkeypatch.setattr("harness.training.intermediate.objectives.distillation.teach", remember)
    train(trainees(load_recipe(path))[0], options(tmp_path, data))
    ((texts, vectors),) = taught
    view = View(1, Pooling.CLS)
    encoder = Encoder(verify(toy_encoder, "toy"), [view], max_length=32, device="cpu", dtype="float32")
    own = np.concatenate([encoder.forward([ids])[view] for ids in encoder.tokenize(texts[:20])])
    assert np.abs(own - vectors[:20].numpy()).max() < 1e-6
    record = load_training(tmp_path / "submissions/toy")
    assert record is not None and record.tasks[0].teacher == verify(toy_encoder, "toy").digest


@pytest.mark.parametrize(
    ("teacher", "message"),
    [
        ("nothing_here:Encoder", "the teacher nothing_here:Encoder cannot be imported: No module named"),
        ("words_of_a_teacher:Nobody", "cannot be imported: module 'words_of_a_teacher' has no attribute"),
        ("words_of_a_teacher:flat", r"gives an array of shape \(\d+,\) for \d+ texts"),
        ("words_of_a_teacher:broken", "gives vectors that are not finite"),
    ],
)
def test_a_teacher_that_does_not_teach_is_refused(
    tmp_path: Path, toy_encoder: Path, data: Path, teacher: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = "class _Of:\n    def __init__(self, f): self.encode = f\n"
    more += "flat = _Of(lambda texts: [0.0] * len(texts))\n"
    more += "broken = _Of(lambda texts: [[float('nan')]] * len(texts))\n"
    (tmp_path / "words_of_a_teacher.py").write_text(PYTHON_TEACHER + more)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(__import__("sys").modules, "words_of_a_teacher", raising=False)
    objective = f"{{name: distillation, teacher: {{python: {teacher}}}}}"
    tasks = f"  - {{task: ntrex, languages: [en], objective: {objective}}}"
    path = recipe_file(tmp_path, toy_encoder, tasks, "english")
    with pytest.raises(BadInput, match=message):
        train(trainees(load_recipe(path))[0], options(tmp_path, data))


def test_pairs_and_heads_and_masked_words_train_in_one_run(
    tmp_path: Path, toy_encoder: Path, data: Path
) -> None:
    write_mlqa(data)
    start = tmp_path / "with mask"
    start.mkdir()
    for file in toy_encoder.iterdir():
        (start / file.name).write_bytes(file.read_bytes())
    settings = json.loads((start / "tokenizer_config.json").read_text())
    (start / "tokenizer_config.json").write_text(json.dumps({**settings, "mask_token": "<unk>"}))
    tasks = ranking(SEVEN) + "\n  - {task: udpos}"
    more = "at_once: 4\nsampling: temperature\ntemperature: 5\n"
    more += "continued_mlm: {text: ntrex, languages: [en, de], share: 0.25}\n"
    path = recipe_file(tmp_path, start, tasks, "mixed", more)
    done = train(trainees(load_recipe(path))[0], options(tmp_path, data))
    assert list(done.after) == ["mlqa_dev_sentences", "udpos"]
    assert done.after["mlqa_dev_sentences"] > done.before["mlqa_dev_sentences"]
    assert done.after["udpos"] > done.before["udpos"]
    assert done.drawn is not None and list(done.drawn) == ["mlqa_dev_sentences"]


# ---- killed runs, and what is saved --------------------------------------------------------------


@pytest.mark.parametrize("objective", ["ranking", pytest.param("distillation", marks=pytest.mark.slow)])
def test_a_killed_training_ends_with_the_same_weights(
    tmp_path: Path, toy_encoder: Path, data: Path, objective: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_mlqa(data)
    (tmp_path / "counting_teacher.py").write_text(PYTHON_TEACHER)
    monkeypatch.syspath_prepend(str(tmp_path))
    scaled = "{name: pair_ranking, learnt_scale: true, scale_rate: 0.01}"
    taught = "{name: distillation, teacher: {python: counting_teacher:Words}, map_rate: 0.01}"
    tasks, batches = {
        "ranking": (ranking(SEVEN, scaled), "hybrid"),
        "distillation": (
            f"  - {{task: ntrex, languages: [en, de], examples: 48, objective: {taught}}}",
            "crosslingual",
        ),
    }[objective]
    path = recipe_file(tmp_path, toy_encoder, tasks, batches, "at_once: 4\n")
    first, _ = trainees(load_recipe(path))
    expected = train(first, options(tmp_path, data, "whole"))
    monkeypatch.setattr("harness.training.trainer._SECONDS", 0.0)  # save at every step
    real = optimise_module._ObjectiveTrainer.training_step
    steps = 0

    def killed(self: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal steps
        steps += 1
        if steps == 8:
            raise KeyboardInterrupt
        return real(self, *args, **kwargs)

    monkeypatch.setattr(optimise_module._ObjectiveTrainer, "training_step", killed)
    with pytest.raises(KeyboardInterrupt):
        train(first, options(tmp_path, data))
    resumed = train(first, options(tmp_path, data))
    assert steps == 8 + 5  # twelve steps, seven of them before
    assert (resumed.weights, resumed.after, resumed.loss, resumed.drawn) == (
        expected.weights, expected.after, expected.loss, expected.drawn,
    )  # fmt: skip
    if objective == "distillation":
        import counting_teacher  # type: ignore[import-not-found]

        assert counting_teacher.Words.calls == 2  # once for each folder


def test_what_is_saved_tells_sentence_transformers_how_evaluation_reads_it(
    tmp_path: Path, toy_encoder: Path, questions: Path
) -> None:
    objective = '{name: pair_ranking, query_prefix: "sun "}'
    path = recipe_file(tmp_path, toy_encoder, ranking("[en]", objective), "english")
    path.write_text(path.read_text().replace('prefix: ""', 'prefix: "the "'))
    done = train(trainees(load_recipe(path))[0], options(tmp_path, questions))
    folder = tmp_path / "submissions/toy/checkpoints/seed-0"
    kinds = [
        module["type"].rpartition(".")[2] for module in json.loads((folder / "modules.json").read_text())
    ]
    assert kinds == ["Transformer", "Pooling", "Normalize"]
    pooling = json.loads((folder / "1_Pooling/config.json").read_text())
    assert pooling["pooling_mode_mean_tokens"] and not pooling["pooling_mode_cls_token"]
    assert pooling["word_embedding_dimension"] == 32
    settings = json.loads((folder / "config_sentence_transformers.json").read_text())
    assert settings["prompts"][settings["default_prompt_name"]] == "the "
    assert (settings["prompts"]["query"], settings["prompts"]["document"]) == ("sun ", "the ")
    assert json.loads((folder / "sentence_bert_config.json").read_text())["max_seq_length"] == 32
    submission = load_submission(folder.parents[1])
    files = verify(folder, "here")
    saved, stated = choose_encoding(SavedEncoding(), files), choose_encoding(submission.encoding, files)
    assert (stated.saved, replace(saved, saved="")) == ("", stated)  # nothing departs
    assert [stated.prefix_of(role) for role in TextRole] == ["the ", "sun ", "the "]
    # The digest is that of what evaluation reads; these files are not part of it.
    (folder / "modules.json").unlink()
    assert verify(folder, "here").digest == done.weights


# ---- recipes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tasks", "batches", "more", "message"),
    [
        (ranking(), "english", "alpha: 0.4\n", "alpha goes with batches: hybrid"),
        (ranking(SEVEN), "hybrid", "at_once: 3\n", "at_once divides batch_size: 3 does not divide 8"),
        (
            ranking("[en]", "{name: pair_ranking, scale_rate: 0.1}"),
            None,
            "",
            "scale_rate goes with learnt_scale",
        ),
        (ranking("[en]", "{name: ranking}"), None, "", "pair_ranking"),
        (
            ranking("[en]", "{name: scored_pairs, loss: cosine_regression, scale: 3}"),
            None,
            "",
            "scale goes with loss",
        ),
        (
            "  - {task: stsb, languages: [en, de]}",
            "hybrid",
            "",
            "stsb trains a head, whose batches mix languages",
        ),
        (
            ranking("[en, de]", "{name: distillation, teacher: {python: a:b}}"),
            "mixed",
            "",
            "distillation pairs English with a translation",
        ),
        (
            ranking("[de, es]", "{name: distillation, teacher: {python: a:b}}"),
            "crosslingual",
            "",
            "distillation needs en among its languages",
        ),
        (
            ranking("[en]", "{name: distillation, teacher: {python: a:b, path: c}}"),
            None,
            "",
            "python goes without hub, revision, path, bundled and layers",
        ),
        (
            ranking("[en]", "{name: distillation, normalized: false, teacher: {path: c}}"),
            None,
            "",
            "normalized: false goes with a teacher in Python",
        ),
    ],
)
def test_recipes_of_objectives_are_strict(
    tmp_path: Path, toy_encoder: Path, tasks: str, batches: str | None, more: str, message: str
) -> None:
    path = recipe_file(tmp_path, toy_encoder, tasks, batches, more)
    with pytest.raises(BadInput) as error:
        load_recipe(path)
    assert any(message in fault.message for fault in error.value.faults), error.value.faults


def test_several_languages_need_batches_and_batches_need_their_regime(
    tmp_path: Path, toy_encoder: Path
) -> None:
    path = write_recipe(tmp_path, toy_encoder, ranking(SEVEN), "multilingual")
    with pytest.raises(BadInput, match="objective pair_ranking goes with batches: one of mixed, monolingual"):
        load_recipe(path)
    path = write_recipe(tmp_path, toy_encoder, ranking(), "english", more="batches: hybrid\n")
    with pytest.raises(BadInput, match="regime english has english, not batches: hybrid"):
        load_recipe(path)


def test_a_dry_run_names_the_batches(tmp_path: Path, toy_encoder: Path) -> None:
    path = recipe_file(tmp_path, toy_encoder, ranking(SEVEN), "hybrid")
    result = CliRunner().invoke(main, ["train", str(path), "--dry-run", "--seed", "0"])
    assert result.stdout.startswith("toy seed 0: multilingual, hybrid batches, from ")


@pytest.mark.parametrize(
    ("task", "objective", "message"),
    [
        ("stsb", RANKING, "stsb cannot be trained with pair_ranking: its format is pair_regression"),
        ("xnli_dev", "{name: scored_pairs, loss: cosent}", "xnli_dev cannot be trained with scored_pairs"),
    ],
)
def test_a_task_of_another_format_is_refused(
    tmp_path: Path, toy_encoder: Path, data: Path, task: str, objective: str, message: str
) -> None:
    path = recipe_file(tmp_path, toy_encoder, f"  - {{task: {task}, objective: {objective}}}", "english")
    with pytest.raises(BadInput, match=message):
        train(trainees(load_recipe(path))[0], options(tmp_path, data))


def test_a_loss_that_is_not_finite_ends_the_training(
    tmp_path: Path, toy_encoder: Path, questions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = recipe_file(tmp_path, toy_encoder, ranking(), "english")
    monkeypatch.setattr(
        "harness.training.intermediate.objectives.pair_ranking.normalized",
        lambda vectors: normalized(vectors) * torch.nan,
    )
    with pytest.raises(CheckFailed, match="the loss of step 10 is not finite"):
        train(trainees(load_recipe(path))[0], options(tmp_path, questions))
