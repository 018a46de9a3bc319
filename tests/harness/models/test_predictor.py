"""Logits without padding are those of a padded batch, labels in any order, answers at their positions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from harness.catalog import BY_NAME
from harness.catalog.finetuning import recipe_for
from harness.data.question_answering import AnsweredQuestions
from harness.errors import BadInput, CheckFailed
from harness.kinds.qa import Span, best_span
from harness.models.checkpoint import verify
from harness.models.predictor import Predictor, label_names, load, open_head
from harness.models.tokenization import Input, Window, pair_inputs
from harness.records import Target
from harness.training.batches import ByLength
from harness.training.features import features

WORDS = [
    "the",
    "a",
    "cat",
    "dog",
    "sun",
    "moon",
    "sea",
    "tree",
    "red",
    "blue",
    "runs",
    "sleeps",
    "shines",
    "sings",
]


def head_folder(base: Path, folder: Path, target: Target) -> Path:
    transformers.set_seed(0)
    model, _, tokenizer = load(verify(base, "toy"), target.kind, dtype=torch.float32, **label_names(target))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def some_inputs(tokenizer: Any, n: int = 40) -> list[Input]:
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(WORDS, rng.integers(1, 20))) for _ in range(2 * n)]
    return pair_inputs(tokenizer, texts[:n], texts[n:], 48)


@pytest.mark.parametrize("name", ["xnli", "udpos", "tydiqa"])
def test_logits_are_those_of_a_plain_padded_batch(toy_encoder: Path, tmp_path: Path, name: str) -> None:
    target = BY_NAME[name]
    folder = head_folder(toy_encoder, tmp_path / "head", target)
    model, tokenizer, order = open_head(verify(folder, "toy"), target, device="cpu", dtype="float32")
    inputs = some_inputs(tokenizer)
    logits = Predictor(model, tokenizer, order, max_length=48, stride=0, batch_tokens=64).logits(inputs)
    padded = tokenizer.pad({"input_ids": [item.ids for item in inputs]}, return_tensors="pt")
    with torch.inference_mode():
        output = model(**padded)
    expected = (
        torch.stack([output.start_logits, output.end_logits], -1) if target.kind == "qa" else output.logits
    )
    for row, reference, item in zip(logits, expected.numpy(), inputs, strict=True):
        np.testing.assert_allclose(
            row, reference if target.kind == "classification" else reference[: len(item.ids)], atol=2e-5
        )


def test_labels_are_read_by_name_and_a_diverged_head_is_named(toy_encoder: Path, tmp_path: Path) -> None:
    target = BY_NAME["xnli"]
    reordered = target.model_copy(update={"labels": ("neutral", "contradiction", "entailment", "else")})
    folder = head_folder(toy_encoder, tmp_path / "head", reordered)
    model, tokenizer, order = open_head(verify(folder, "toy"), target, device="cpu", dtype="float32")
    assert order == [2, 0, 1]
    inputs = some_inputs(tokenizer, 4)
    whole = Predictor(model, tokenizer, None, max_length=48, stride=0).logits(inputs)
    chosen = Predictor(model, tokenizer, order, max_length=48, stride=0).logits(inputs)
    np.testing.assert_array_equal(np.stack(chosen), np.stack(whole)[:, [2, 0, 1]])
    with torch.no_grad():
        model.classifier.bias.fill_(float("nan"))
    with pytest.raises(CheckFailed, match="a logit is not finite"):
        Predictor(model, tokenizer, order, max_length=48, stride=0).logits(inputs)


def test_a_pass_that_fails_names_the_checkpoint_and_the_exception(
    toy_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = BY_NAME["xnli"]
    folder = head_folder(toy_encoder, tmp_path / "head", target)
    model, tokenizer, order = open_head(verify(folder, "toy"), target, device="cpu", dtype="float32")

    def broken(*_: object, **__: object) -> None:
        raise ValueError("no such argument")

    monkeypatch.setattr(type(model), "forward", broken)
    predictor = Predictor(model, tokenizer, order, max_length=48, stride=0, source="toy")
    with pytest.raises(BadInput, match="toy cannot encode a text: ValueError: no such argument"):
        predictor.logits(some_inputs(tokenizer, 2))


def test_a_head_whose_encoder_has_weights_that_are_not_read_is_refused(
    toy_encoder: Path, tmp_path: Path
) -> None:
    target = BY_NAME["xnli"]
    folder = head_folder(toy_encoder, tmp_path / "head", target)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 2}))
    message = "the weights of toy hold 16 tensors that BertForSequenceClassification does not read: .*layer.2"
    with pytest.raises(BadInput, match=message):
        open_head(verify(folder, "toy"), target, device="cpu", dtype="float32")


def window(passage: int, question: int = 2) -> Window:
    offsets = [None] * question + [(3 * i, 3 * i + 2) for i in range(passage)] + [None]
    return Window(Input([0] * len(offsets)), 0, offsets)


def test_the_best_span_lies_in_the_passage_runs_forwards_and_is_at_most_30_tokens_long() -> None:
    logits = np.zeros((43, 2), np.float32)
    logits[[0, 5, 30, 40], 0] = 9, 3, 2, 5
    logits[[1, 4, 10, 36], 1] = 9, 8, 1, 4
    # 0 → 1 is the question; 40 begins behind every good end; 5 → 36 is 32 tokens long; 2 → 4 sums to 0 + 8.
    assert best_span(window(40), logits) == Span(0, 3 * 2 + 2, 8.0)
    logits[4, 1] = 0  # then 30 → 36 with 2 + 4
    assert best_span(window(40), logits) == Span(3 * 28, 3 * 34 + 2, 6.0)
    logits[30, 0], logits[40, 1] = -1, 0.5  # then 40 → 40
    assert best_span(window(40), logits) == Span(3 * 38, 3 * 38 + 2, 5.5)


def test_ties_go_to_the_earlier_begin_and_then_to_the_earlier_end() -> None:
    assert best_span(window(5), np.zeros((8, 2), np.float32)) == Span(0, 2, 0.0)


def test_only_the_20_best_begins_and_ends_of_the_whole_window_count() -> None:
    logits = np.zeros((33, 2), np.float32)
    logits[:25, 0] = 1.0  # 20 of these lie in the question
    assert best_span(window(10, question=22), logits) is None


def test_every_brute_force_span_is_found() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        passage, question = int(rng.integers(1, 15)), int(rng.integers(1, 4))
        logits = rng.integers(0, 6, (passage + question + 1, 2)).astype(np.float32)  # with ties
        part = window(passage, question)
        spans = [
            (-float(logits[i, 0] + logits[j, 1]), i, j)
            for i in range(question, question + passage)
            for j in range(i, question + passage)
        ]
        cost, i, j = min(spans)
        assert best_span(part, logits) == Span(part.offsets[i][0], part.offsets[j][1], -cost)


def test_a_reader_is_trained_on_the_tokens_of_the_answer_and_on_the_first_one_elsewhere(
    toy_encoder: Path,
) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(toy_encoder))
    context = "the cat runs the dog sleeps the sun shines the moon sings"
    examples = AnsweredQuestions(
        "en", ("1",), ("the sea",), (context,), (("the moon",),), ((context.index("the moon"),),), "here"
    )
    recipe = recipe_for(BY_NAME["tydiqa"], None, 32).model_copy(update={"max_length": 12, "stride": 2})
    rows = features((), examples, tokenizer, recipe)
    assert len(rows) > 1
    answers = [
        tokenizer.decode(row.inputs[0].ids[row.answer["start_positions"] : row.answer["end_positions"] + 1])
        for row in rows
    ]
    assert "the moon" in answers
    assert set(answers) <= {"the moon", "<s>"}


def test_the_order_of_an_epoch_is_a_permutation_in_steps_of_like_length_that_seed_and_epoch_decide() -> None:
    lengths = np.random.default_rng(1).integers(5, 100, 1003).tolist()
    order = ByLength(lengths, 16, seed=3)
    first = list(order)
    order.set_epoch(1)
    second = list(order)
    again = ByLength(lengths, 16, seed=3)
    assert sorted(first) == sorted(second) == list(range(1003))
    assert first == list(again) != second != list(ByLength(lengths, 16, seed=4))

    def padded(indices: list[int]) -> int:
        steps = [indices[start : start + 16] for start in range(0, len(indices), 16)]
        return sum(len(step) * max(lengths[i] for i in step) for step in steps)

    assert padded(first) < 1.1 * sum(lengths)
    assert padded(list(range(1003))) > 1.6 * sum(lengths)
    means = [np.mean([lengths[i] for i in first[start : start + 16]]) for start in range(0, 992, 16)]
    assert abs(np.corrcoef(means, range(len(means)))[0, 1]) < 0.4  # lengths come in no order
