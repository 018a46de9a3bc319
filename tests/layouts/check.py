"""Encode the texts of the layouts with the harness, and with plain transformers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.layouts.encoders import LAYERS, LENGTH, encoder_of
from tests.layouts.matrix import Sentences
from tests.layouts.texts import TEXTS

Vectors = NDArray[np.float32]


def vectors_of(
    folder: Path, cache: Path, texts: Sequence[str] = TEXTS, layer: int = LAYERS
) -> tuple[list[list[int]], list[Vectors], list[str]]:
    """Return ids, vectors of a layer by mean, and notes of the harness for a saved checkpoint."""
    from harness.models.checkpoint import fetch
    from harness.models.encoder import Encoder
    from harness.records import Checkpoint, Pooling, View

    files = fetch(Checkpoint(path=folder.name), folder.parent, cache)
    encoder = Encoder(files, [View(layer, Pooling.MEAN)], max_length=LENGTH, dtype="float32", device="cpu")
    rows: dict[int, Vectors] = {}
    report = encoder.encode(
        texts, sink=lambda _, indices, vectors: rows.update(zip(indices.tolist(), vectors, strict=True))
    )
    assert report.failed == {}
    return (
        [ids.tolist() for ids in encoder.tokenize(texts)],
        [rows[i] for i in range(len(texts))],
        report.events,
    )


def saved_vectors_of(folder: Path, cache: Path, texts: Sequence[str], role: str = "text") -> Vectors:
    """Return the vectors (texts, width) of a folder of sentence-transformers, read as saved."""
    from harness.models.checkpoint import fetch
    from harness.models.encoder import Encoder
    from harness.models.encoding_choice import choose_encoding
    from harness.records import Checkpoint, SavedEncoding, TextRole

    files = fetch(Checkpoint(path=folder.name), folder.parent, cache)
    encoding = choose_encoding(SavedEncoding(), files)
    encoder = Encoder(
        files,
        [encoding.view],
        max_length=encoding.max_length,
        lower_case=encoding.lower_case,
        dtype="float32",
        device="cpu",
    )
    rows: dict[int, Vectors] = {}
    report = encoder.encode(
        texts,
        prefix=encoding.prefix_of(TextRole(role)),
        sink=lambda _, indices, vectors: rows.update(zip(indices.tolist(), vectors, strict=True)),
    )
    assert report.failed == {}
    return np.stack([rows[i] for i in range(len(texts))])


def sentence_reference(model: Any, layout: Sentences, folder: Path, ids: Sequence[Sequence[int]]) -> Vectors:
    """Return unit vectors (texts, width): states of plain transformers, then pooling and maps in numpy."""
    import torch
    from safetensors.numpy import load_file

    rows = []
    for text in ids:
        with torch.inference_mode():
            state = encoder_of(model)(input_ids=torch.tensor([list(text)[:LENGTH]])).last_hidden_state[0]
        hidden = state.double().numpy()
        vector = {"mean": hidden.mean(axis=0), "cls": hidden[0], "lasttoken": hidden[-1]}[layout.pooling]
        for number, (_, _, activation) in enumerate(layout.maps, start=2):
            weights = load_file(folder / f"{number}_Dense/model.safetensors")
            vector = weights["linear.weight"] @ vector + weights.get("linear.bias", 0)
            vector = np.tanh(vector) if activation.endswith("Tanh") else vector
        rows.append(vector / np.linalg.norm(vector))
    return np.stack(rows).astype(np.float32)


def reference(model: Any, ids: Sequence[Sequence[int]]) -> Vectors:
    """Return unit vectors (texts, hidden) of plain transformers, one text at a time and without padding."""
    import torch

    encoder, rows = encoder_of(model), []
    with torch.inference_mode():
        for text in ids:
            state = encoder(input_ids=torch.tensor([list(text)[:LENGTH]])).last_hidden_state[0]
            rows.append(state.mean(dim=0))
        found = torch.stack(rows)
        vectors: Vectors = (found / found.norm(dim=1, keepdim=True)).numpy()
    return vectors


def padded_reference(model: Any, ids: Sequence[Sequence[int]]) -> Vectors:
    """Return unit vectors (texts, hidden) of plain transformers, as one batch with padding and its mask."""
    import torch

    length = min(LENGTH, max(map(len, ids)))
    padding = model.config.pad_token_id or 0
    tokens, mask = torch.full((len(ids), length), padding), torch.zeros(len(ids), length, dtype=torch.long)
    for row, text in enumerate(ids):
        cut = list(text)[:length]
        tokens[row, : len(cut)], mask[row, : len(cut)] = torch.tensor(cut), 1
    with torch.inference_mode():
        states = encoder_of(model)(input_ids=tokens, attention_mask=mask).last_hidden_state
    found = (states * mask[..., None]).sum(dim=1) / mask.sum(dim=1, keepdim=True)
    vectors: Vectors = (found / found.norm(dim=1, keepdim=True)).numpy()
    return vectors
