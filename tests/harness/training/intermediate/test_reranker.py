"""A re-ranker is trained on questions and passages with mined negatives, saved whole, and opened to re-rank."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from torch.nn import functional

from harness.data.ir_collection import Collection, Document
from harness.data.text_pairs import TextPairs
from harness.errors import BadInput
from harness.models.checkpoint import verify
from harness.reporter import Silent
from harness.retrieval.ranked_run import RankedRun, Ranking
from harness.retrieval.reranking import rerank
from harness.store import load_recipe, load_submission, load_training, submission_faults
from harness.training.intermediate.family_head import RelevanceHead
from harness.training.intermediate.hard_negatives import mine_negatives
from harness.training.intermediate.items import Items
from harness.training.intermediate.objectives.relevance import relevance_loss
from harness.training.intermediate.story import train, trainees
from tests.support.trainings import options, write_mlqa, write_recipe

SEVEN = "[en, es, de, ar, hi, vi, zh]"


def recipe_of(folder: Path, toy: Path, batches: str, objective: str, epochs: int) -> Path:
    languages = "[en]" if batches == "english" else SEVEN
    task = f"  - {{task: mlqa_dev_sentences, languages: {languages}, examples: {24 * epochs}, objective: {objective}}}"
    regime = "english" if batches == "english" else "multilingual"
    path = write_recipe(folder, toy, task, regime, "toy", f"batches: {batches}\nat_once: 4\n")
    path.write_text(path.read_text().replace("epochs: 2", f"epochs: {epochs}").replace("0.003", "0.001"))
    return path


@pytest.mark.parametrize(
    ("batches", "objective", "epochs"),
    [
        ("crosslingual", "{name: reranking, negatives: 2}", 1),
        pytest.param("crosslingual", "{name: reranking, negatives: 2}", 8, marks=pytest.mark.slow),
        pytest.param("english", "{name: reranking, loss: listwise, negatives: 3}", 8, marks=pytest.mark.slow),
    ],
)
def test_a_trained_reranker_is_better_and_opens_with_its_head(
    tmp_path: Path, toy_encoder: Path, batches: str, objective: str, epochs: int
) -> None:
    write_mlqa(tmp_path / "questions", n=240)
    path = recipe_of(tmp_path, toy_encoder, batches, objective, epochs)
    first, _ = trainees(load_recipe(path))
    done = train(first, options(tmp_path, tmp_path / "questions"))
    if epochs > 1:
        assert done.after["mlqa_dev_sentences"] > done.before["mlqa_dev_sentences"] + 5
    folder = tmp_path / "submissions/toy"
    record = load_training(folder)
    assert record is not None and record.tasks[0].metric == "mrr"
    assert "negatives of a query mined by BM25" in record.objective
    assert load_submission(folder).intermediate.objectives == ("reranking",)
    assert submission_faults(folder) == ()
    assert verify(folder / "checkpoints/seed-0", "encoder").layers == 3
    saved = folder / "checkpoints/seed-0/reranker"
    encoder = transformers.AutoModel.from_pretrained(folder / "checkpoints/seed-0", add_pooling_layer=False)
    whole = transformers.AutoModelForSequenceClassification.from_pretrained(saved)
    assert whole.config.num_labels == 1
    for name, tensor in encoder.state_dict().items():
        torch.testing.assert_close(whole.base_model.state_dict()[name], tensor)
    collection = Collection(
        "en-en",
        {"q": "the cat"},
        {name: Document("", name) for name in ("the cat runs", "a dog", "the sea")},
        {"q": {"a dog": 1}},
        0,
        "here",
    )
    run = RankedRun("first", (), {"q": Ranking.of(tuple(collection.documents), [3, 2, 1])})
    ranked, cost = rerank(
        run,
        collection,
        verify(saved, "toy"),
        depth=3,
        max_length=32,
        device="cpu",
        dtype="float32",
        reporter=Silent(),
    )
    assert sorted(ranked.rankings["q"].documents) == sorted(collection.documents)
    assert cost.pairs == 3


def items_of(*languages: tuple[str, list[str], list[str]]) -> Items:
    texts = tuple(
        TextPairs(name, tuple(map(str, range(len(queries)))), tuple(queries), tuple(passages), "here")
        for name, queries, passages in languages
    )
    rows = np.tile(np.arange(len(languages[0][1]))[:, None], (1, len(languages)))
    return Items(tuple(name for name, _, _ in languages), texts, rows)


def test_negatives_are_the_passages_that_bm25_ranks_first() -> None:
    queries = ["ferry pier", "choir song", "bread salt", "ferry noon", "the ferry song"]
    passages = [
        "The ferry leaves the pier.",
        "A song of the choir.",
        "Bread, salt.",
        "the ferry leaves THE pier.",
        "The ferry sang.",
    ]
    items = items_of(("en", queries, passages), ("de", queries, passages))
    items.rows[2, 1] = -1
    negatives = mine_negatives(items, 2)
    assert negatives.shape == (5, 2, 2)
    # The fourth passage means the same as the first, so neither is a negative of the other's query.
    assert negatives[0, 0, 0] == negatives[3, 0, 0] == 4
    assert 3 not in negatives[0] and 0 not in negatives[3]
    assert negatives[4, 0].tolist() == [1, 0]
    assert negatives[2, 1].tolist() == [-1, -1]
    assert 2 not in negatives[:, 1]
    with pytest.raises(BadInput, match="3 different passages in de are too few for 3 negatives"):
        mine_negatives(items, 3)


def test_losses_by_hand() -> None:
    scores = torch.tensor([[2.0, -1.0, 0.5], [0.0, 0.0, 3.0]])
    listwise = -torch.log_softmax(scores, dim=1)[:, 0].mean()
    torch.testing.assert_close(relevance_loss(scores, listwise=True), listwise)
    binary = -functional.logsigmoid(scores * torch.tensor([1.0, -1.0, -1.0])).mean()
    torch.testing.assert_close(relevance_loss(scores, listwise=False), binary)


@pytest.mark.parametrize("family", ["BertConfig", "XLMRobertaConfig", "DistilBertConfig"])
def test_the_head_is_that_of_the_family(family: str) -> None:
    small: dict[str, Any] = {"vocab_size": 30, "num_attention_heads": 2}
    if family == "DistilBertConfig":
        config = transformers.DistilBertConfig(**small, dim=16, n_layers=1, n_heads=2, hidden_dim=16)
    else:
        config = getattr(transformers, family)(
            **small, hidden_size=16, num_hidden_layers=1, intermediate_size=16, max_position_embeddings=40
        )
    pooler = {} if family == "DistilBertConfig" else {"add_pooling_layer": False}
    encoder = transformers.AutoModel.from_config(copy.deepcopy(config), **pooler).eval()
    if family == "DistilBertConfig":
        with pytest.raises(BadInput, match="no head for re-ranking is known for model_type 'distilbert'"):
            RelevanceHead(encoder, "toy")
        return
    head = RelevanceHead(encoder, "toy").eval()
    ids = torch.tensor([[1, 5, 6, 2], [1, 7, 8, 2]])
    mask = torch.ones_like(ids)
    with torch.inference_mode():
        hidden = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        expected = head._whole[0].eval()(input_ids=ids, attention_mask=mask).logits[:, 0]
        scores = head(hidden, mask, encoder, {})["scores"]
    torch.testing.assert_close(scores, expected)
    assert all("embeddings" not in name for name, _ in head.named_parameters())
