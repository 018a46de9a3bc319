"""Toys that are the real thing, only small: an encoder of transformers with a tokenizer, saved as people save theirs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

WORDS = (
    *(
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
    ),
    *("die", "eine", "katze", "hund", "sonne", "mond", "rennt", "schläft"),
)


def save_toy_encoder(folder: Path, *, layers: int = 3, seed: int = 0, architecture: str = "bert") -> Path:
    """Save a random encoder of 32 dimensions with a word-level tokenizer; positions for 64 tokens (66 in other architectures)."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import AutoConfig, AutoModel, BertConfig, BertModel, XLMRobertaConfig, XLMRobertaModel

    torch.manual_seed(seed)
    pieces = ["<s>", "<pad>", "</s>", "<unk>", *WORDS, *"abcdefghijklmnopqrstuvwxyz0123456789"]
    sizes = {
        "hidden_size": 32,
        "num_hidden_layers": layers,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "vocab_size": len(pieces),
    }
    if architecture == "bert":
        model = BertModel(
            BertConfig(**sizes, max_position_embeddings=64, pad_token_id=1), add_pooling_layer=False
        )
    elif architecture != "xlm-roberta":
        names = {
            "distilbert": {"dim": 32, "n_layers": layers, "n_heads": 4, "hidden_dim": 64},
            "electra": {"embedding_size": 32},
        }
        sizes |= names.get(architecture, {}) | (
            {"global_attn_every_n_layers": 2, "local_attention": 4} if architecture == "modernbert" else {}
        )
        sizes |= (
            {"relative_attention": True, "pos_att_type": ["p2c", "c2p"]}
            if architecture == "deberta-v2"
            else {}
        )
        model = AutoModel.from_config(
            AutoConfig.for_model(architecture, **sizes, max_position_embeddings=66, pad_token_id=1)
        )
    else:
        config = XLMRobertaConfig(
            **sizes,
            max_position_embeddings=66,
            pad_token_id=1,
            bos_token_id=0,
            eos_token_id=2,
            type_vocab_size=1,
        )
        model = XLMRobertaModel(config, add_pooling_layer=False)
    with torch.no_grad():  # larger than transformers' default, so that layers differ visibly
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.2)
    model.save_pretrained(folder)
    tokenizer = Tokenizer(models.WordLevel({piece: i for i, piece in enumerate(pieces)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>"])
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {
        "bos_token": "<s>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        "pad_token": "<pad>",
        "cls_token": "<s>",
        "sep_token": "</s>",
    }
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 64, **names})
    )
    return folder


def stored_outcomes(submission: Path, target: str) -> Any:
    """Return the whole table of outcomes of a result on disk."""
    from harness import store

    path = submission / "results" / f"{target}.yaml"
    return store.load_outcomes(path, store.load_result(path))


def first_rows(result: Any, outcomes: Any, rows: int) -> tuple[Any, Any]:
    """Return a result of the first rows of its outcomes alone, with the scores that follow from them."""
    from harness.catalog import find_target
    from harness.scoring.outcomes import cells
    from harness.scoring.tables import TABLES

    target, table = find_target(result.target), outcomes.slice(0, rows)
    found = {
        cell: TABLES[target.kind].score(target, part.drop_columns(["seed", "language"]))
        for cell, part in cells(table).items()
    }
    checkpoints = []
    for checkpoint in result.checkpoints:
        scores = {
            language: found[checkpoint.seed, language]
            for language in checkpoint.scores
            if (checkpoint.seed, language) in found
        }
        checkpoints.append(checkpoint.model_copy(update={"scores": scores}))
    measured = len(set.intersection(*(set(checkpoint.scores) for checkpoint in checkpoints)))
    whole = {"interval": None, "general_interval": None, "score": None} if measured < result.of else {}
    return result.model_copy(update={"checkpoints": tuple(checkpoints), "measured": measured, **whole}), table


def save_letter_encoder(folder: Path, texts: list[str]) -> Path:
    """Save an encoder that adds up random vectors of the lower-cased letters: it reads, if badly."""
    letters = sorted(set("".join(texts).lower()) - {" "})
    return _save_table(folder, {letter: i for i, letter in enumerate(letters)}, reads=True)


def save_learnt_table(folder: Path, pairs: list[tuple[str, str]]) -> Path:
    """Save what has the shape of an encoder and is a table: whole sentences as tokens, translations at one point."""
    rows: dict[str, int] = {}
    for number, pair in enumerate(pairs):
        for text in pair:
            rows.setdefault(text, number)
    return _save_table(folder, rows, reads=False)


def _save_table(folder: Path, rows: dict[str, int], *, reads: bool) -> Path:
    """Save a BERT whose embedding of each token is the point of that number."""
    import torch
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    pieces = ["<s>", "<pad>", "</s>", "<unk>", *rows]
    config = BertConfig(
        hidden_size=64, num_hidden_layers=1, num_attention_heads=4, intermediate_size=64, vocab_size=len(pieces),
        max_position_embeddings=64, pad_token_id=1,
    )  # fmt: skip
    model = BertModel(config, add_pooling_layer=False)
    points = torch.randn(1 + max(rows.values()), 64)
    with torch.no_grad():
        model.embeddings.word_embeddings.weight[4:] = points[list(rows.values())]
        model.embeddings.word_embeddings.weight[:4] = 0
        model.embeddings.position_embeddings.weight.zero_()
    model.save_pretrained(folder)
    tokenizer = Tokenizer(models.WordLevel({piece: i for i, piece in enumerate(pieces)}, unk_token="<unk>"))
    if reads:
        tokenizer.normalizer = normalizers.Lowercase()
        letter_by_letter = pre_tokenizers.Split(Regex("."), "isolated")
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.WhitespaceSplit(), letter_by_letter]
        )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {
        "bos_token": "<s>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        "pad_token": "<pad>",
        "cls_token": "<s>",
        "sep_token": "</s>",
    }
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 64, **names}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder
