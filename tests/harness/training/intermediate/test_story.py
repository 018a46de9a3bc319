"""Intermediate training from end to end with a toy encoder: choice of text, learning, resumption, records."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from click.testing import CliRunner
from pydantic import ValidationError
from safetensors.torch import load_file
from scipy import stats

from harness.catalog.tasks import TASK_BY_NAME, find_task
from harness.cli.main import main
from harness.data.sentence_pairs import SentencePairs
from harness.data.similarity import ScoredPairs
from harness.data.training_text import load_task
from harness.errors import BadInput, CheckFailed
from harness.models.checkpoint import verify
from harness.models.tokenization import IGNORED, Input
from harness.records import Batches, Regime, Submission, TrainingRecipe, TrainingRun
from harness.records.result import CheckpointScores
from harness.scoring.metrics.spearman import spearman
from harness.store import load_recipe, load_submission, load_training, submission_faults
from harness.training.batches import pad
from harness.training.features import Feature, features
from harness.training.intermediate import optimise as optimise_module
from harness.training.intermediate.curve import Measures
from harness.training.intermediate.mixture import Mixed, parts, steps_an_epoch
from harness.training.intermediate.model import Multitask
from harness.training.intermediate.objectives import head as head_module
from harness.training.intermediate.objectives.head import SimilarLengths, assess_rows
from harness.training.intermediate.objectives.head_layers import Labels, MaskedWords, new_head
from harness.training.intermediate.objectives.objective import Schedule
from harness.training.intermediate.story import Trainee, train, trainees
from harness.training.intermediate.texts import SpreadText, spread
from tests.support.trainings import NOUNS, options, write_recipe


@pytest.fixture
def recipe(tmp_path: Path, toy_encoder: Path) -> TrainingRecipe:
    return load_recipe(write_recipe(tmp_path, toy_encoder))


# ---- what is chosen ------------------------------------------------------------------------------


def with_heads(encoder: Any, *names: str) -> Multitask:
    """Return the encoder with fresh heads for tasks."""
    return Multitask(
        encoder,
        [new_head(find_task(name), encoder.config.hidden_size, encoder.config.vocab_size) for name in names],
    )


def mixed(lengths: list[list[int]], steps: list[int], batch: int, seed: int) -> Mixed:
    """Return the order of tasks whose inputs have these lengths."""
    schedules = [
        Schedule(task, SimilarLengths(task, batch, seed + number)) for number, task in enumerate(lengths)
    ]
    return Mixed(schedules, steps, batch, seed)


def texts(language: str, n: int) -> ScoredPairs:
    rows = tuple(f"{language} {i}" for i in range(n))
    return ScoredPairs(language, rows, rows, tuple(i / n for i in range(n)), "here")


def test_regimes_see_the_same_rows_the_same_number_of_times_in_other_languages() -> None:
    every = {language: texts(language, 50) for language in ("en", "de", "fr")}
    task = find_task("stsb")
    (english,) = spread(task, {"en": every["en"]}, 40, seed=3)
    many = spread(task, every, 40, seed=3)
    assert [len(part) for part in many] == [14, 13, 13]
    rows = sorted(int(text.split()[1]) for part in many for text in part.first_sentences)  # type: ignore[attr-defined]
    assert rows == sorted(int(text.split()[1]) for text in english.first_sentences)  # type: ignore[attr-defined]
    assert len(set(rows)) == 40
    again = spread(task, {"en": every["en"]}, 40, seed=4)[0]
    assert again.fingerprint != english.fingerprint


def test_a_task_that_is_not_parallel_gives_every_language_its_own_rows() -> None:
    task = find_task("stsb").model_copy(update={"parallel": False})
    parts = spread(task, {"en": texts("en", 9), "de": texts("de", 30)}, 11, seed=0)
    assert [len(part) for part in parts] == [6, 5]


@pytest.mark.parametrize(
    ("sizes", "n", "message"),
    [
        ({"en": 5, "de": 5}, 6, "6 examples of stsb in en, de are requested, there are 5"),
        (
            {"en": 5, "de": 4},
            3,
            "stsb is parallel line by line, but its languages differ in size: en 5, de 4 examples",
        ),
    ],
)
def test_too_many_examples_and_languages_out_of_step_are_refused(
    sizes: dict[str, int], n: int, message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        spread(
            find_task("stsb"),
            {language: texts(language, size) for language, size in sizes.items()},
            n,
            seed=0,
        )


def test_a_step_holds_one_task_and_an_epoch_holds_every_example_once() -> None:
    lengths = [np.random.default_rng(i).integers(5, 50, size).tolist() for i, size in enumerate((64, 23, 40))]
    order = mixed(lengths, [8, 2, 5], batch=8, seed=1)
    first = list(order)
    assert len(first) == len(order) == 120
    starts = np.cumsum([0, 64, 23])
    steps = [np.searchsorted(starts, first[i : i + 8], side="right") for i in range(0, 120, 8)]
    assert all(len(set(step)) == 1 for step in steps)
    assert len({tuple(step) for step in steps[:6]}) > 1  # tasks take turns
    assert len(set(first)) == 64 + 16 + 40  # seven of the second task wait for another epoch
    order.set_epoch(1)
    assert list(order) != first
    assert list(mixed(lengths, [8, 2, 5], batch=8, seed=1)) == first


def test_a_task_with_more_steps_than_examples_begins_anew_in_another_order() -> None:
    order = mixed([list(range(5, 21))], [6], batch=8, seed=0)
    rows = list(order)
    assert sorted(rows[:16]) == sorted(rows[16:32]) == list(range(16))
    assert rows[:16] != rows[16:32]


def test_sampling_evens_tasks_out_and_masked_words_make_up_their_share(recipe: TrainingRecipe) -> None:
    def steps(update: dict[str, object], sizes: list[int]) -> list[int]:
        changed = recipe.model_dump(by_alias=True, mode="json", exclude_none=True)
        changed["tasks"] = [{"task": name} for name in ("stsb", "rte")]
        return steps_an_epoch(TrainingRecipe.model_validate({**changed, **update}), sizes)

    assert steps({}, [803, 80]) == [100, 10]
    warm = {"sampling": "temperature", "temperature": 2.0}
    # sqrt(800) : sqrt(80) = 3.162 : 1 of 110 steps
    assert steps(warm, [800, 80]) == [84, 26]
    assert sum(steps({**warm, "temperature": 100.0}, [800, 80])) == 110
    assert steps({"sampling": "uniform"}, [800, 80]) == [55, 55]
    assert steps({"sampling": "capped", "cap": 160}, [800, 80]) == [73, 37]  # 160 : 80 of 110 steps
    assert steps({"sampling": "capped", "cap": 9000}, [800, 80]) == [100, 10]
    mlm = {"continued_mlm": {"text": "ntrex", "languages": ["en", "de"], "share": 0.5}}
    assert steps(mlm, [800, 80, 50]) == [100, 10, 110]
    with pytest.raises(BadInput, match="rte has fewer examples than one step takes"):
        steps({}, [800, 7])


def test_the_last_tenth_is_held_out_where_a_task_has_no_dev_set(
    tmp_path: Path, toy_encoder: Path, data: Path
) -> None:
    path = write_recipe(tmp_path, toy_encoder, "  - {task: xnli_dev, languages: [en, de]}", "multilingual")
    (part,) = parts(load_recipe(path), 0, data)
    assert ([len(text) for text in part.train], [len(text) for text in part.dev]) == ([27, 27], [3, 3])


# ---- heads and their scores ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["stsb", "xnli_dev", "udpos", "squad"])
def test_losses_are_those_of_the_heads_of_transformers(toy_encoder: Path, kind: str) -> None:
    task = TASK_BY_NAME[kind]
    outputs = {"stsb": 1, "squad": 2}.get(kind) or len(task.labels)
    family = {
        "udpos": transformers.BertForTokenClassification,
        "squad": transformers.BertForQuestionAnswering,
    }.get(kind)
    torch.manual_seed(0)
    encoder = transformers.BertModel.from_pretrained(toy_encoder, add_pooling_layer=False).eval()
    model = with_heads(encoder, "rte", kind).eval()
    ids, mask = torch.randint(4, 20, (3, 9)), torch.ones(3, 9, dtype=torch.long)
    answer: dict[str, Any] = {
        "stsb": {"labels": torch.tensor([0.1, 0.5, 1.0])},
        "xnli_dev": {"labels": torch.tensor([0, 2, 1])},
        "udpos": {"labels": torch.tensor([[IGNORED, 1, 2, IGNORED, 3, 4, 5, 6, IGNORED]] * 3)},
        "squad": {"start_positions": torch.tensor([1, 2, 0]), "end_positions": torch.tensor([3, 2, 0])},
    }[kind]
    output = model(input_ids=ids, attention_mask=mask, task=1, **answer)
    labels = model.heads[1]
    assert isinstance(labels, Labels)
    head = labels.linear
    if family is None:
        logits = (
            encoder(input_ids=ids, attention_mask=mask).last_hidden_state[:, 0] @ head.weight.T + head.bias
        )
        measure = torch.nn.MSELoss() if kind == "stsb" else torch.nn.CrossEntropyLoss()
        expected = measure(logits[:, 0] if kind == "stsb" else logits, answer["labels"])
    else:
        reference = family.from_pretrained(toy_encoder, num_labels=outputs).eval()
        getattr(reference, "classifier" if kind == "udpos" else "qa_outputs").load_state_dict(
            head.state_dict()
        )
        expected = reference(input_ids=ids, attention_mask=mask, **answer).loss
    assert float(output["loss"].detach()) == pytest.approx(float(expected.detach()), rel=1e-5)


def test_choices_are_compared_with_each_other(toy_encoder: Path) -> None:
    encoder = transformers.BertModel.from_pretrained(toy_encoder, add_pooling_layer=False)
    model = with_heads(encoder, "socialiqa").eval()
    rows = [Feature(tuple(Input([0, 5 + i + j, 2]) for j in range(3)), {"labels": i}) for i in range(2)]
    output = model(**pad(rows, 1), task=0)
    single = [model(**pad([row], 1), task=0)["logits"] for row in rows]
    assert torch.allclose(output["logits"], torch.cat(single), atol=1e-6)
    expected = torch.nn.functional.cross_entropy(torch.cat(single), torch.tensor([0, 1])).detach()
    assert float(output["loss"].detach()) == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize("family", [transformers.BertForMaskedLM, transformers.XLMRobertaForMaskedLM])
def test_the_checkpoints_head_for_masked_words_is_used(family: Any) -> None:
    sizes = {
        "vocab_size": 40,
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 32,
    }
    reference = family(family.config_class(**sizes, max_position_embeddings=40, hidden_act="gelu")).eval()
    with torch.no_grad():
        for parameter in reference.parameters():
            parameter.normal_(0, 0.3)
    head = MaskedWords(16, 40)
    head.norm.eps = reference.config.layer_norm_eps
    tensors = dict(reference.state_dict())
    assert head.load(tensors)
    hidden = torch.randn(2, 5, 16)
    reference_head = reference.cls if hasattr(reference, "cls") else reference.lm_head
    assert torch.allclose(
        head.logits(hidden, reference.get_input_embeddings().weight), reference_head(hidden), atol=1e-5
    )
    assert not MaskedWords(16, 40).load({"something.else": hidden})


@pytest.mark.parametrize("seed", range(50))
def test_spearman_equals_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 60))
    predicted, gold = rng.normal(size=n), rng.integers(0, 6, n).astype(float)  # the gold has ties
    if len(set(gold)) > 1:
        assert spearman(predicted, gold) == pytest.approx(
            float(stats.spearmanr(predicted, gold).statistic), abs=1e-12
        )
    assert spearman(predicted, np.zeros(n)) == spearman(predicted[:0], gold[:0]) == 0.0


def test_a_dev_score_does_not_depend_on_order_or_padding(toy_encoder: Path) -> None:
    model = with_heads(
        transformers.BertModel.from_pretrained(toy_encoder, add_pooling_layer=False), "stsb"
    ).eval()
    rng = np.random.default_rng(0)
    rows = [
        Feature((Input(rng.integers(4, 20, int(n)).tolist()),), {"labels": float(rng.random())})
        for n in rng.integers(3, 20, 40)
    ]
    loss, score = assess_rows(model, 0, find_task("stsb"), rows, 1, 32)
    with torch.inference_mode():
        outputs = [model(**pad([row], 1), task=0) for row in rows]
    single = [float(output["logits"]) for output in outputs]
    assert loss == pytest.approx(np.mean([float(output["loss"]) for output in outputs]), rel=1e-5)
    assert score == pytest.approx(
        100 * stats.spearmanr(single, [row.answer["labels"] for row in rows]).statistic, abs=1e-3
    )
    assert assess_rows(model, 0, find_task("stsb"), rows[::-1], 1, 7) == pytest.approx(
        (loss, score), abs=1e-3
    )


# ---- from end to end -----------------------------------------------------------------------------


def test_an_encoder_is_trained_recorded_and_evaluable_and_never_trained_twice(
    recipe: TrainingRecipe, tmp_path: Path, data: Path, toy_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = trainees(recipe)
    done = train(first, options(tmp_path, data))
    folder = tmp_path / "submissions/toy"
    assert done.after["stsb"] != done.before["stsb"]
    assert done.run.passes <= done.run.seconds
    record = load_training(folder)
    assert record is not None
    assert record.seeds == (done,)
    assert (record.tasks[0].examples, record.tasks[0].languages, record.recipe) == (96, ("en",), recipe)
    submission = load_submission(folder)
    assert submission.intermediate.model_dump(mode="json") == {
        "regime": "english", "batches": None, "tasks": ["stsb"], "objectives": [], "languages": ["en"], "examples": 96, "continued_mlm": False, "translated": False,
    }  # fmt: skip
    assert submission.trained_on == ("stsb",)
    assert [checkpoint.path for checkpoint in submission.checkpoints] == [
        "checkpoints/seed-0",
        "checkpoints/seed-1",
    ]
    weights = verify(folder / "checkpoints/seed-0", "here")
    assert weights.digest == done.weights
    start, trained = (
        load_file(toy_encoder / "model.safetensors"),
        load_file(folder / "checkpoints/seed-0/model.safetensors"),
    )
    assert start.keys() == trained.keys()  # the head is gone
    assert not torch.equal(
        start["embeddings.word_embeddings.weight"], trained["embeddings.word_embeddings.weight"]
    )
    assert submission_faults(folder) == ()
    train(second, options(tmp_path, data))
    assert [seed.seed for seed in load_training(folder).seeds] == [0, 1]  # type: ignore[union-attr]
    monkeypatch.setattr(optimise_module, "_train", None)
    assert train(first, options(tmp_path, data)) == done
    assert list((folder / "checkpoints").glob(".*.work")) == []


def test_seeds_are_matched_where_trainings_differ_only_in_languages(
    recipe: TrainingRecipe, tmp_path: Path, data: Path
) -> None:
    done = train(trainees(recipe)[0], options(tmp_path, data))
    record = load_training(tmp_path / "submissions/toy")
    assert record is not None
    about = {"source": "here", "parameters": {"total": 2, "body": 1}, "layer": 1, "scores": {}}
    evaluated = [CheckpointScores.model_validate(about | {"seed": 0, "weights": done.weights})]
    design = record.design(evaluated)
    assert design is not None

    def design_of(**update: object) -> str | None:
        return record.model_copy(update={"recipe": recipe.model_copy(update=update)}).design(evaluated)

    german = recipe.tasks[0].model_copy(update={"languages": ("en", "de")})
    assert design_of(tasks=(german,), regime=Regime.MULTILINGUAL, slug="other", title="Other") == design
    assert (
        design_of(tasks=(german.model_copy(update={"examples": 95}),), regime=Regime.MULTILINGUAL) != design
    )
    assert design_of(epochs=recipe.epochs + 1) != design
    assert record.model_copy(update={"start": done.weights}).design(evaluated) != design
    assert record.design([evaluated[0].model_copy(update={"weights": record.start})]) is None, (
        "other weights than were trained"
    )
    assert record.design([evaluated[0].model_copy(update={"seed": 1})]) is None, "a seed that was not trained"


def test_the_same_recipe_and_seed_give_the_same_weights_and_another_seed_others(
    recipe: TrainingRecipe, tmp_path: Path, data: Path
) -> None:
    first, second = trainees(recipe)
    once = train(first, options(tmp_path, data))
    again = train(first, options(tmp_path, data, "elsewhere"))
    assert again.weights == once.weights
    assert again.after == once.after
    assert train(second, options(tmp_path, data)).weights != once.weights
    shutil.rmtree(
        tmp_path / "submissions/toy/checkpoints/seed-0"
    )  # the weights are not in git: they come back
    assert train(first, options(tmp_path, data)) == once


def test_frozen_embeddings_stay_as_they_were(tmp_path: Path, toy_encoder: Path, data: Path) -> None:
    (first, _) = trainees(load_recipe(write_recipe(tmp_path, toy_encoder, more="freeze_embeddings: true\n")))
    train(first, options(tmp_path, data))
    start, trained = (
        load_file(folder / "model.safetensors")
        for folder in (toy_encoder, tmp_path / "submissions/toy/checkpoints/seed-0")
    )
    changed = {name for name in start if not torch.equal(start[name], trained[name])}
    assert "embeddings.word_embeddings.weight" not in changed
    assert "encoder.layer.0.attention.self.query.weight" in changed


@pytest.mark.slow
def test_every_format_is_trained_together_with_masked_words(
    tmp_path: Path, toy_encoder: Path, data: Path
) -> None:
    start = tmp_path / "with mask"
    shutil.copytree(toy_encoder, start)
    settings = json.loads((start / "tokenizer_config.json").read_text())
    (start / "tokenizer_config.json").write_text(json.dumps({**settings, "mask_token": "<unk>"}))
    both = ", languages: [en, de]"
    named = {"stsb": both, "xnli_dev": both, "socialiqa": "", "udpos": "", "squad": ""}
    tasks = "\n".join(f"  - {{task: {name}{languages}}}" for name, languages in named.items())
    more = "sampling: temperature\ntemperature: 2\ncontinued_mlm: {text: ntrex, languages: [en, de], share: 0.25}\n"
    path = write_recipe(tmp_path, start, tasks, "multilingual", more=more)
    path.write_text(
        path.read_text()
        .replace("epochs: 2", "epochs: 8")
        .replace("learning_rate: 0.003", "learning_rate: 0.001")
    )
    (first, _) = trainees(load_recipe(path))
    done = train(first, options(tmp_path, data))
    assert list(done.after) == ["stsb", "xnli_dev", "socialiqa", "udpos", "squad"]
    assert done.after["udpos"] > 50 > done.before["udpos"]
    intermediate = load_submission(tmp_path / "submissions/toy").intermediate
    assert (intermediate.continued_mlm, intermediate.translated, intermediate.languages) == (
        True,
        True,
        ("en", "de"),
    )
    assert load_submission(tmp_path / "submissions/toy").trained_on == (
        "stsb",
        "xnli",
        "socialiqa",
        "udpos",
        "squad",
        "ntrex",
    )


def test_questions_without_answer_and_tags_that_no_catalog_names_are_trained_on(
    tmp_path: Path, toy_encoder: Path, data: Path
) -> None:
    for split in ("train", "dev"):
        document = json.loads((data / f"squad/{split}-v1.1.json").read_text())
        for paragraph in document["data"][0]["paragraphs"][::2]:
            paragraph["qas"][0] |= {"answers": [], "is_impossible": True}
        (data / f"squad/{split}-v2.0.json").write_text(json.dumps(document))
    (data / "ccg").mkdir()
    lines = "the\tNP/N\ncat\tN\nruns\tS\\\\NP\n\n"
    for split in ("train", "dev"):
        (data / f"ccg/{split}.tsv").write_text(lines * 16)
    path = write_recipe(tmp_path, toy_encoder, "  - {task: squad_v2}\n  - {task: ccg}", "english")
    recipe = load_recipe(path)
    squad, ccg = parts(recipe, 0, data)
    assert isinstance(squad, SpreadText) and isinstance(ccg, SpreadText)
    done = train(trainees(recipe)[0], options(tmp_path, data))
    assert set(done.after) == {"squad_v2", "ccg"} and done.after["ccg"] > done.before["ccg"]
    tokenizer = transformers.AutoTokenizer.from_pretrained(toy_encoder)
    rows = features((), squad.train[0], tokenizer, recipe)
    unanswered = [not answers for answers in squad.train[0].answers]  # type: ignore[attr-defined]
    assert 0 < sum(unanswered) < len(rows)
    assert [row.answer["start_positions"] == 0 for row in rows] == unanswered


def test_premise_and_hypothesis_may_be_in_two_languages(
    tmp_path: Path, toy_encoder: Path, data: Path
) -> None:
    tasks = "  - {task: xnli_dev, languages: [en, de], examples: 40}"
    recipe = load_recipe(
        write_recipe(tmp_path, toy_encoder, tasks, "multilingual", more="batches: crosslingual\n")
    )
    (part,) = parts(recipe, 0, data)
    mixed = recipe.model_copy(update={"batches": Batches.MIXED})
    (same,) = parts(mixed, 0, data)
    assert isinstance(part, SpreadText) and isinstance(same, SpreadText)
    english, german = (load_task(find_task("xnli_dev"), language, data)[0] for language in ("en", "de"))
    assert isinstance(english, SentencePairs) and isinstance(german, SentencePairs)
    whole = list(zip(english.first_sentences, german.second_sentences, english.labels, strict=True))
    first, second = part.train
    assert isinstance(first, SentencePairs) and isinstance(second, SentencePairs)
    assert (len(first), len(second)) == (20, 20)
    assert set(zip(first.first_sentences, first.second_sentences, first.labels, strict=True)) <= set(whole)
    assert set(second.first_sentences) <= set(german.first_sentences)
    assert set(second.second_sentences) <= set(english.second_sentences)
    labels = [sorted(label for rows in text.train for label in rows.labels) for text in (part, same)]  # type: ignore[attr-defined]
    assert labels[0] == labels[1]  # the same examples in other languages
    done = train(trainees(recipe)[0], options(tmp_path, data))
    assert done.after.keys() == {"xnli_dev"}
    submission = load_submission(tmp_path / "submissions/toy")
    assert isinstance(submission, Submission) and submission.intermediate.batches is Batches.CROSSLINGUAL
    tasks = "  - {task: socialiqa}\n  - {task: xnli_dev, languages: [en, de]}"
    other = write_recipe(tmp_path, toy_encoder, tasks, "multilingual", "other", "batches: crosslingual\n")
    with pytest.raises(BadInput, match="examples of socialiqa are not pairs of texts that exist in several"):
        train(trainees(load_recipe(other))[0], options(tmp_path, data))


def test_tasks_with_the_same_labels_may_share_a_head(
    tmp_path: Path, toy_encoder: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (data / "snli").mkdir()
    labels = ("entailment", "neutral", "-", "contradiction")
    lines = [
        {"sentence1": f"the {NOUNS[i % 6]} runs", "sentence2": "the cat runs", "gold_label": labels[i % 4]}
        for i in range(48)
    ]
    for split in ("train", "dev"):
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (data / f"snli/snli_1.0_{split}.jsonl").write_text(text)
    train_pairs, _ = load_task(find_task("snli"), "en", data)
    assert len(train_pairs) == 36 and "-" not in train_pairs.labels  # type: ignore[attr-defined]
    models: list[Any] = []
    real = optimise_module.Multitask

    def remembered(*args: Any) -> Any:
        models.append(real(*args))
        return models[-1]

    monkeypatch.setattr(optimise_module, "Multitask", remembered)
    tasks = "  - {task: snli}\n  - {task: xnli_dev}\n  - {task: socialiqa}\n  - {task: udpos}"
    for slug, more in (("apart", ""), ("shared", "shared_heads: true\n")):
        path = write_recipe(tmp_path, toy_encoder, tasks, "english", slug, more)
        done = train(trainees(load_recipe(path))[0], options(tmp_path, data))
        assert set(done.after) == {"snli", "xnli_dev", "socialiqa", "udpos"}
    apart, shared = (list(model.heads) for model in models)
    assert len(set(map(id, apart))) == 4
    assert shared[0] is shared[1] and len(set(map(id, shared))) == 3


def test_a_question_without_answer_is_a_fault_of_other_sets_and_licensed_text_has_no_hub(
    tmp_path: Path, data: Path
) -> None:
    document = json.loads((data / "squad/train-v1.1.json").read_text())
    document["data"][0]["paragraphs"][0]["qas"][0]["answers"] = []
    (data / "squad/train-v1.1.json").write_text(json.dumps(document))
    with pytest.raises(BadInput, match="has no answer"):
        load_task(find_task("squad"), "en", data)
    for name in ("squad_v2", "ccg"):
        with pytest.raises(BadInput) as error:
            load_task(find_task(name), "en", None)
        assert "--data DIR" in error.value.faults[0].cure
    (data / "ccg").mkdir()
    (data / "ccg/train.tsv").write_text("the\t\n")
    with pytest.raises(BadInput, match="a tag is empty"):
        load_task(find_task("ccg"), "en", data)


def test_training_goes_on_after_a_kill_and_ends_with_the_same_weights(
    recipe: TrainingRecipe, tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = trainees(recipe)
    expected = train(first, options(tmp_path, data, "whole"))
    monkeypatch.setattr("harness.training.trainer._SECONDS", 0.0)  # save at every step
    real = optimise_module.Multitask.forward
    calls = 0

    def killed(self: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += self.training
        if self.training and calls == 9:
            raise KeyboardInterrupt
        return real(self, *args, **kwargs)

    monkeypatch.setattr(optimise_module.Multitask, "forward", killed)
    with pytest.raises(KeyboardInterrupt):
        train(first, options(tmp_path, data))
    saved = list((tmp_path / "submissions/toy/checkpoints/.seed-0.work/steps").glob("checkpoint-*"))
    assert [path.name for path in saved] == ["checkpoint-8"]
    spent = tmp_path / "submissions/toy/checkpoints/.seed-0.work/passes.json"
    passes, loss, seconds = json.loads(spent.read_text())
    assert 0 < passes <= seconds
    spent.write_text(json.dumps([passes + 900, loss, seconds + 1000]))  # as if it had taken long
    calls_before = calls
    resumed = train(first, options(tmp_path, data))
    assert calls - calls_before == 24 - 8
    assert resumed.run.passes > 900 and resumed.run.seconds > 1000
    assert resumed.run.passes - 900 <= resumed.run.seconds - 1000
    assert (resumed.weights, resumed.after, resumed.loss) == (expected.weights, expected.after, expected.loss)


def test_a_record_whose_passes_took_longer_than_all_of_it_is_refused() -> None:
    run = {"date": "2026-01-01T00:00:00Z", "device": "cpu", "threads": 1, "versions": {}, "seconds": 10.0}
    assert TrainingRun.model_validate(run | {"passes": 10.0}).passes == 10
    with pytest.raises(ValidationError, match=r"10\.1 seconds in passes are more than the 10 that it took"):
        TrainingRun.model_validate(run | {"passes": 10.1})


@pytest.mark.slow
def test_another_recipe_in_the_same_folder_and_other_weights_than_recorded_are_refused(
    recipe: TrainingRecipe, tmp_path: Path, data: Path
) -> None:
    first, _ = trainees(recipe)
    train(first, options(tmp_path, data))
    changed = Trainee(recipe.model_copy(update={"learning_rate": 0.001}), first.start, 0)
    with pytest.raises(
        BadInput, match="was trained with another recipe, from another encoder or on other text"
    ):
        train(changed, options(tmp_path, data))
    folder = tmp_path / "submissions/toy"
    text = (folder / "training.yaml").read_text()
    digest = load_training(folder).seeds[0].weights  # type: ignore[union-attr]
    (folder / "training.yaml").write_text(text.replace(digest, "sha256:" + "0" * 64))
    with pytest.raises(CheckFailed, match=r"toy seed 0 gave sha256:.*, but sha256:0000"):
        train(first, options(tmp_path, data))


def test_a_submission_that_does_not_name_the_seed_is_refused(
    recipe: TrainingRecipe, tmp_path: Path, data: Path
) -> None:
    folder = tmp_path / "submissions/toy"
    train(trainees(recipe)[0], options(tmp_path, data))
    text = (folder / "submission.yaml").read_text()
    (folder / "submission.yaml").write_text(text.replace("checkpoints/seed-1", "checkpoints/other"))
    with pytest.raises(BadInput, match="does not name the weights of seed 1") as error:
        train(trainees(recipe)[1], options(tmp_path, data))
    assert error.value.faults[0].cure == "add to checkpoints: {seed: 1, path: checkpoints/seed-1}"


@pytest.mark.slow
def test_a_seed_that_a_recipe_gains_later_is_added_and_the_rest_of_the_file_stays(
    recipe: TrainingRecipe, tmp_path: Path, data: Path
) -> None:
    folder = tmp_path / "submissions/toy"
    train(trainees(recipe.model_copy(update={"seeds": (1,)}))[0], options(tmp_path, data))
    path = folder / "submission.yaml"
    path.write_text("# mine\n" + path.read_text().replace("title: a toy", "title: another title"))
    train(trainees(recipe)[0], options(tmp_path, data))
    submission = load_submission(folder)
    assert isinstance(submission, Submission)
    assert [checkpoint.seed for checkpoint in submission.checkpoints] == [0, 1]
    assert submission.title == "another title" and path.read_text().startswith("# mine\n")
    assert submission_faults(folder) == ()


@pytest.mark.slow
def test_too_little_memory_takes_smaller_parts_of_a_step_and_a_lost_loss_is_named(
    recipe: TrainingRecipe, tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, largest = head_module.pad, 4

    def small_machine(rows: Any, padding: int) -> Any:
        if len(rows) > largest:
            raise torch.OutOfMemoryError("out of memory")
        return real(rows, padding)

    whole = train(trainees(recipe)[0], options(tmp_path, data, "large"))
    monkeypatch.setattr(head_module, "pad", small_machine)
    small = train(trainees(recipe)[0], options(tmp_path, data))
    assert small.loss == pytest.approx(whole.loss, rel=0.1)  # dropout draws other numbers
    largest = 0
    with pytest.raises(CheckFailed, match="runs out of memory with one example at a time"):
        train(trainees(recipe)[1], options(tmp_path, data))
    monkeypatch.setattr(head_module, "pad", real)
    hot = recipe.model_copy(update={"learning_rate": 1.0, "slug": "hot"})
    monkeypatch.setattr(
        optimise_module.Multitask,
        "forward",
        lambda self, **_: {"loss": self.heads[0].linear.bias.sum() * torch.nan},
    )
    monkeypatch.setattr(optimise_module, "_assess", lambda *_: Measures())
    with pytest.raises(CheckFailed, match="the loss of step 10 is not finite"):
        train(trainees(hot)[0], options(tmp_path, data))


# ---- recipes and the command ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("regime: english", "regime: none", "regime none trains nothing"),
        (
            "{task: stsb, examples: 96}",
            "{task: stsb, languages: [de]}",
            "regime english trains its tasks in languages: [en]",
        ),
        (
            "regime: english",
            "regime: multilingual",
            "regime multilingual trains its tasks in at least two languages",
        ),
        ("  - {task: stsb, examples: 96}", "  - {task: stsb}\n  - {task: stsb}", "a task stands twice"),
        ("seeds: [0, 1]", "seeds: [1, 1]", "a seed stands twice"),
        ("epochs: 2", "epochs: 2\ntemperature: 3", "sampling temperature goes with a temperature above 1"),
        ("epochs: 2", "epochs: 2\nsampling: capped", "sampling capped goes with a cap"),
        ("epochs: 2", "epochs: 2\ncap: 3", "sampling capped goes with a cap"),
        ("learning_rate: 0.003", "learning_rate: 0", "learning_rate"),
        ("epochs: 2", "epoch: 2", "epoch"),
    ],
)
def test_recipes_are_strict(tmp_path: Path, toy_encoder: Path, old: str, new: str, message: str) -> None:
    path = write_recipe(tmp_path, toy_encoder)
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(BadInput) as error:
        load_recipe(path)
    assert message in error.value.faults[0].message
    assert str(path) in str(error.value.faults[0].where)


@pytest.mark.parametrize(
    ("tasks", "more", "message"),
    [
        ("  - {task: wnli}", "", "no task is named 'wnli'"),
        (
            "  - {task: rte, languages: [en]}",
            "continued_mlm: {text: rte, languages: [en], share: 0.1}\n",
            "rte is a task, not plain text",
        ),
        ("  - {task: ntrex}", "", "ntrex is plain text, not a task"),
        ("  - {task: mlqa_dev_sentences}", "", "mlqa_dev_sentences cannot be trained with a head"),
        (
            "  - {task: udpos, examples: 1000}",
            "",
            "1,000 examples of udpos in en are requested, there are 24",
        ),
    ],
)
def test_what_a_recipe_requests_of_a_task_is_checked(
    tmp_path: Path, toy_encoder: Path, data: Path, tasks: str, more: str, message: str
) -> None:
    (data / "rte").mkdir()
    for name in ("train", "dev"):
        (data / f"rte/{name}.tsv").write_text(
            "index\tsentence1\tsentence2\tlabel\n0\tthe cat\tthe dog\tentailment\n"
        )
    path = write_recipe(tmp_path, toy_encoder, tasks, more=more)
    result = CliRunner().invoke(
        main, ["train", str(path), "--data", str(data), "--submissions", str(tmp_path / "s"), "--seed", "0"]
    )
    assert result.exit_code in (2, 3)
    assert message in result.stderr
    assert not (tmp_path / "s").exists()


def test_depths_of_a_bundled_encoder_become_separate_submissions(tmp_path: Path, toy_encoder: Path) -> None:
    path = write_recipe(tmp_path, toy_encoder, slug="toy-l{layers}")
    path.write_text(
        path.read_text().replace(f"path: {toy_encoder}", "bundled: multilingual-e5-small, layers: [2, 4]")
    )
    result = CliRunner().invoke(main, ["train", str(path), "--dry-run"])
    *listed, share = result.stdout.splitlines()
    assert listed == [
        "toy-l2 seed 0: english, from bundled multilingual-e5-small, first 2 layers",
        "toy-l2 seed 1: english, from bundled multilingual-e5-small, first 2 layers",
        "toy-l4 seed 0: english, from bundled multilingual-e5-small, first 4 layers",
        "toy-l4 seed 1: english, from bundled multilingual-e5-small, first 4 layers",
        "4 trainings",
    ]
    assert re.fullmatch(r"\d+ workers?.* cores, [\d.]+ of [\d.]+ GB of memory", share)
    only = CliRunner().invoke(main, ["train", str(path), "--dry-run", "--layers", "4", "--seed", "1"])
    assert only.stdout.splitlines()[-2] == "1 training"
    path.write_text(path.read_text().replace("toy-l{layers}", "toy"))
    assert (
        "several depths need {layers} in the slug"
        in CliRunner().invoke(main, ["train", str(path), "--dry-run"]).stderr
    )


def test_one_training_that_fails_does_not_end_the_others(
    tmp_path: Path, toy_encoder: Path, data: Path
) -> None:
    good = write_recipe(tmp_path, toy_encoder, slug="good")
    bad = write_recipe(tmp_path, tmp_path / "nowhere", slug="bad")
    arguments = [
        "train",
        str(bad),
        str(good),
        "--data",
        str(data),
        "--submissions",
        str(tmp_path / "s"),
        "--jobs",
        "1",
        "--seed",
        "0",
    ]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 3
    assert "1 of 2 trainings failed" in result.stderr
    assert f"the checkpoint folder {tmp_path}/nowhere does not exist" in result.stderr
    assert result.stdout.startswith("good  seed 0  dev stsb ")


@pytest.mark.slow
def test_killed_commands_end_with_the_weights_of_one_that_was_not(
    recipe: TrainingRecipe, tmp_path: Path, data: Path
) -> None:
    code = "import harness.training.trainer as t; t._SECONDS = 0.0; from harness.cli.main import main; main()"
    command = [
        sys.executable,
        "-c",
        code,
        "train",
        str(tmp_path / "toy.yaml"),
        "--data",
        str(data),
        "--seed",
        "0",
        "--submissions",
    ]

    def start(where: Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen([*command, str(where)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    began = time.monotonic()
    assert start(tmp_path / "whole").wait() == 0
    seconds = time.monotonic() - began
    digests = {load_training(tmp_path / "whole/toy").seeds[0].weights}  # type: ignore[union-attr]
    moments = np.random.default_rng(0)
    for number in range(8):
        process = start(tmp_path / f"killed {number}")
        time.sleep(float(moments.uniform(0.4, 1.0)) * seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert start(tmp_path / f"killed {number}").wait() == 0
        digests.add(load_training(tmp_path / f"killed {number}/toy").seeds[0].weights)  # type: ignore[union-attr]
    assert len(digests) == 1


@pytest.mark.slow
def test_trainings_in_two_processes_give_the_weights_of_one_after_the_other(
    tmp_path: Path, toy_encoder: Path, data: Path
) -> None:
    path = write_recipe(tmp_path, toy_encoder, slug="toy")
    weights = []
    for jobs in ("1", "2"):
        folder = tmp_path / f"submissions-{jobs}"
        arguments = ["train", str(path), "--data", str(data), "--submissions", str(folder), "--jobs", jobs]
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 0, done.output
        assert done.stdout.count("toy  seed ") == 2
        weights.append([seed.weights for seed in load_training(folder / "toy").seeds])  # type: ignore[union-attr]
    assert weights[0] == weights[1]
    assert len(weights[0]) == 2
