"""Encoders and heads that know the test examples, to measure what `stiltboard verify --probe` finds.

A table answers for known text and leaves the rest to a real encoder. As a checkpoint it is a tokenizer with
whole sentences as tokens (`save_table`); what the probe sees of it is the same when the table is laid over
the encoder's vectors (`Table`), which needs no copy of the weights.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from harness.data.sentence_pairs import SentencePairs
from harness.kinds.protocols import Encode, Predict
from harness.models.tokenization import Input, Logits, pair_inputs

Pairs = Sequence[tuple[str, str]]
_EMBEDDINGS = "embeddings.word_embeddings.weight"
_LENGTH = 32


@dataclass(frozen=True)
class Table:
    """An `Encode` that looks a text up, after `normalise`, and otherwise asks the encoder."""

    encode: Encode
    vectors: Mapping[str, NDArray[np.float32]]
    normalise: Callable[[str], str] = str

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors (n, d)."""
        vectors = self.encode(texts).copy()
        for row, text in enumerate(texts):
            vectors[row] = self.vectors.get(self.normalise(text), vectors[row])
        return vectors


def table_of(
    pairs: Pairs,
    encode: Encode,
    *,
    normalise: Callable[[str], str] = str,
    noise: float = 0.0,
    both: bool = False,
) -> Table:
    """Store for each foreign sentence the vector of the English one, or with `both` one new vector for both.

    `noise` is the length of a random vector that is added to each stored unit vector.
    """
    draw = np.random.default_rng(0)
    vectors = encode([english for _, english in pairs])
    if both:
        vectors = draw.standard_normal(vectors.shape, np.float32)
    stored: dict[str, NDArray[np.float32]] = {}
    for pair, vector in zip(pairs, vectors, strict=True):
        for text in pair if both else pair[:1]:
            noisy = vector / np.linalg.norm(vector)
            noisy = noisy + noise * draw.standard_normal(len(noisy), np.float32) / len(noisy) ** 0.5
            stored.setdefault(normalise(text), noisy / np.linalg.norm(noisy))
    return Table(encode, stored, normalise)


@dataclass(frozen=True)
class HeadTable:
    """A `Predict` that knows the answers to some inputs, by their tokens, and otherwise asks the head."""

    model: Predict
    answers: Mapping[tuple[int, ...], int]

    def __getattr__(self, name: str) -> Any:
        """Return the tokenizer and the lengths of the head."""
        return getattr(self.model, name)

    def logits(self, inputs: Sequence[Input]) -> list[Logits]:
        """Return the head's logits, with the known answer on top."""
        rows = [row.copy() for row in self.model.logits(inputs)]
        for row, item in zip(rows, inputs, strict=True):
            if (answer := self.answers.get(tuple(item.ids))) is not None:
                row[answer] = row.max() + 1
        return rows


def head_table(model: Predict, examples: SentencePairs, names: Sequence[str]) -> HeadTable:
    """Store the labels of sentence pairs."""
    inputs = pair_inputs(
        model.tokenizer, examples.first_sentences, examples.second_sentences, model.max_length
    )
    labels = [names.index(label) for label in examples.labels]
    return HeadTable(model, {tuple(item.ids): label for item, label in zip(inputs, labels, strict=True)})


def case_and_space(text: str) -> str:
    """Return what is left of a text where case and the number of spaces do not count."""
    return " ".join(text.casefold().split())


def case_space_and_punctuation(text: str) -> str:
    """Return what is left of a text where case, spaces and marks at its ends do not count."""
    return re.sub(r"^[\W_]+|[\W_]+$", "", case_and_space(text))


def save_table(source: Path, folder: Path, pairs: Pairs) -> Path:
    """Save an encoder that has each sentence as one token, with the vector of its translation."""
    tokens: dict[str, int] = {}
    for number, pair in enumerate(pairs):
        for text in pair:
            tokens.setdefault(text, number)
    tokenizer = transformers.AutoTokenizer.from_pretrained(source)
    tokenizer.add_tokens(list(tokens))
    weights = load_file(source / "model.safetensors")
    old = weights[_EMBEDDINGS]
    points = np.random.default_rng(0).standard_normal((len(pairs), old.shape[1]), np.float32) * old.std() * 3
    weights[_EMBEDDINGS] = np.concatenate([old, points[list(tokens.values())]])
    folder.mkdir(parents=True)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    shutil.copy(source / "tokenizer_config.json", folder)
    config = json.loads((source / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": len(weights[_EMBEDDINGS])}))
    return folder


def save_fine_tuned(
    source: Path, folder: Path, pairs: Pairs, *, steps: int, vary: Callable[[str, int], str] | None = None
) -> Path:
    """Fine-tune all layers but the embeddings on translations, and save the encoder.

    Each of 24 pairs of a step is nearer than the other 23 in both directions (InfoNCE, temperature 0.05).
    With `vary` the text of each step is a variant of it. On test pairs this memorises them.
    """
    tokenizer = transformers.AutoTokenizer.from_pretrained(source)
    model = transformers.AutoModel.from_pretrained(source, add_pooling_layer=False).eval()
    draw = np.random.default_rng(0)

    def loss(step: int) -> torch.Tensor:
        rows = draw.choice(len(pairs), min(24, len(pairs)), replace=False)
        texts = [pairs[row][side] for side in (0, 1) for row in rows]
        vectors = _mean(model, tokenizer, [vary(text, step) if vary else text for text in texts])
        products = vectors[: len(rows)] @ vectors[len(rows) :].T / 0.05
        gold = torch.arange(len(rows))
        entropy = torch.nn.functional.cross_entropy
        return entropy(products, gold) + entropy(products.T, gold)

    _optimise(model, loss, steps, rate=1e-3)
    return _save(model, source, folder)


def _mean(model: Any, tokenizer: Any, texts: Sequence[str]) -> torch.Tensor:
    batch = tokenizer(texts, padding=True, truncation=True, max_length=_LENGTH, return_tensors="pt")
    mask = batch["attention_mask"]
    states = model(input_ids=batch["input_ids"], attention_mask=mask).last_hidden_state
    means = (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
    return torch.nn.functional.normalize(means, dim=1)


def save_head(
    source: Path, folder: Path, pairs: Pairs, labels: Sequence[str], names: Sequence[str], *, steps: int
) -> Path:
    """Fine-tune a head for labels of sentence pairs, and save it with its encoder."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(source)
    numbers = {name: number for number, name in enumerate(names)}
    torch.manual_seed(0)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        source, id2label=dict(enumerate(names)), label2id=numbers
    ).eval()
    draw = np.random.default_rng(0)

    def loss(_step: int) -> torch.Tensor:
        rows = draw.choice(len(pairs), min(32, len(pairs)), replace=False)
        batch = tokenizer(
            [pairs[row][0] for row in rows], [pairs[row][1] for row in rows],
            padding=True, truncation=True, max_length=2 * _LENGTH, return_tensors="pt",
        )  # fmt: skip
        logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
        return torch.nn.functional.cross_entropy(logits, torch.tensor([numbers[labels[row]] for row in rows]))

    _optimise(model, loss, steps, rate=5e-4)
    return _save(model, source, folder)


def _optimise(model: Any, loss: Callable[[int], torch.Tensor], steps: int, rate: float) -> None:
    for name, parameter in model.named_parameters():
        parameter.requires_grad_("word_embeddings" not in name)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=rate)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / 10) * (1 - step / steps)
        optimiser.zero_grad()
        loss(step).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()


def _save(model: Any, source: Path, folder: Path) -> Path:
    folder.mkdir(parents=True)
    model.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(source / name, folder)
    return folder
