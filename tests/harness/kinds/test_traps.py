"""Traps of the scripts that published numbers were made with: each has a test that would fail if we stepped into it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from harness.catalog import BY_NAME
from harness.data.bitext import Bitext
from harness.data.bucc import Comparable, Split
from harness.kinds import mining, retrieval
from harness.models.checkpoint import verify
from harness.models.encoder import Encoder
from harness.records import Pooling, View
from harness.scoring.metrics.precision_recall import best_threshold, precision_recall
from harness.scoring.tables import TABLES

# Which way a text points in the plane, in degrees.
ANGLES = {
    "eins": 0,
    "zwei": 50,
    "drei": 100,
    "one": 2,
    "two": 49,
    "three": 104,
    "noise": 300,
    "anders": 25,
    "other": 24,
}


def encode(texts: list[str]) -> np.ndarray:
    angles = np.deg2rad([ANGLES[text] for text in texts])
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def mined(dev: Split, test: Split, **policy: object) -> list[dict[str, object]]:
    bucc = BY_NAME["bucc2018"]
    assert bucc.mining is not None
    target = bucc.with_mining(bucc.mining.model_copy(update=policy))
    return mining.run(target, Comparable("de", {"dev": dev, "test": test}, "here"), encode).to_pylist()


EASY = Split({"d1": "eins", "d2": "zwei"}, {"e1": "one", "e2": "two"}, (("d1", "e1"), ("d2", "e2")))


def test_a_best_f1_at_the_last_item_takes_that_item_as_the_threshold() -> None:
    # The scripts read the item after it and fail.
    curve = precision_recall(np.array([1.3, 1.2, 1.1]), np.array([True, True, True]), 3)
    assert best_threshold(curve) == 1.1


def test_repeated_sentences_are_dropped_and_can_be_kept() -> None:
    twice = Split(
        {"d1": "eins", "d2": "zwei", "d3": "eins"}, {"e1": "one", "e2": "two"}, (("d1", "e1"), ("d2", "e2"))
    )
    pairs = [
        (row["foreign"], row["english"])
        for row in mined(EASY, twice)
        if row["split"] == "test" and row["margin"] is not None
    ]
    assert pairs == [("d2", "e2")]
    with_duplicates = mined(EASY, twice, keep_duplicates=True)
    assert {
        (row["foreign"], row["english"])
        for row in with_duplicates
        if row["split"] == "test" and row["margin"] is not None
    } == {
        ("d1", "e1"),
        ("d2", "e2"),
    }


def test_the_headline_of_tatoeba_asks_in_english() -> None:
    # Both English sentences find eins, while each foreign sentence finds its own: the directions differ.
    bitext = Bitext("de", ("eins", "anders"), ("one", "other"), "here")
    ANGLES.update({"one": 2, "other": 5, "anders": 25})
    tatoeba = BY_NAME["tatoeba"]
    score = TABLES["retrieval"].score(tatoeba, retrieval.run(tatoeba, bitext, encode))
    ANGLES.update({"other": 24})
    assert (score.score, score.secondary["accuracy_to_english"]) == (50.0, 100.0)
    assert tatoeba.direction == "en→xx"


def hidden_states(folder: Path, text: str) -> tuple[torch.Tensor, ...]:
    model = transformers.AutoModel.from_pretrained(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    with torch.inference_mode():
        states: tuple[torch.Tensor, ...] = model(
            **tokenizer(text, return_tensors="pt"), output_hidden_states=True
        ).hidden_states
    return states


@pytest.mark.parametrize("layer", [0, 1, 2, 3])
def test_a_layer_is_an_index_into_the_hidden_states_whose_first_is_the_embeddings(
    toy_encoder: Path, layer: int
) -> None:
    encoder = Encoder(verify(toy_encoder, "toy"), [View(layer, Pooling.MEAN)], max_length=64, dtype="float32")
    (vectors,) = encoder.forward(encoder.tokenize(["the cat sleeps"])).values()
    expected = hidden_states(toy_encoder, "the cat sleeps")[layer][0].mean(dim=0).numpy()
    assert vectors[0] == pytest.approx(expected / np.linalg.norm(expected), abs=1e-6)


def test_the_mean_runs_over_the_special_tokens_too(toy_encoder: Path) -> None:
    encoder = Encoder(verify(toy_encoder, "toy"), [View(3, Pooling.MEAN)], max_length=64, dtype="float32")
    (vectors,) = encoder.forward(encoder.tokenize(["the cat sleeps"])).values()
    states = hidden_states(toy_encoder, "the cat sleeps")[3][0]
    assert states.shape[0] == 5  # <s>, three words, </s>
    whole, inner = (part.mean(dim=0).numpy() for part in (states, states[1:-1]))
    assert vectors[0] == pytest.approx(whole / np.linalg.norm(whole), abs=1e-6)
    assert vectors[0] != pytest.approx(inner / np.linalg.norm(inner), abs=1e-3)


def test_the_test_split_is_mined_from_its_own_sentences(tmp_path: Path) -> None:
    # The scripts keep the candidates of the dev split in a file and take them for the test split when it is
    # there.
    test = Split({"d1": "drei", "d2": "eins"}, {"e1": "three", "e2": "one"}, (("d1", "e1"), ("d2", "e2")))
    rows = mined(EASY, test)
    assert {
        (row["split"], row["foreign"], row["english"]) for row in rows if row["gold"] and row["margin"]
    } == {
        ("dev", "d1", "e1"),
        ("dev", "d2", "e2"),
        ("test", "d1", "e1"),
        ("test", "d2", "e2"),
    }
    shutil.rmtree(tmp_path)


def test_a_gold_pair_is_one_of_ids_not_of_texts() -> None:
    # d3 repeats the text of d1; gold names d3. A map from text to id keeps one of the two and counts a hit or
    # a miss by chance.
    test = Split(
        {"d1": "eins", "d2": "zwei", "d3": "eins"}, {"e1": "one", "e2": "two"}, (("d3", "e1"), ("d2", "e2"))
    )
    rows = [row for row in mined(EASY, test, keep_duplicates=True) if row["split"] == "test"]
    assert [
        (row["foreign"], row["english"], row["gold"])
        for row in rows
        if row["margin"] is not None and row["english"] == "e1"
    ] == [("d1", "e1", False)]
    assert [row["foreign"] for row in rows if row["margin"] is None] == ["d3"]
