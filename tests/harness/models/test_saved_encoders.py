"""Vectors of folders of sentence-transformers, against a reference in plain transformers and numpy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from numpy.typing import NDArray
from safetensors.numpy import load_file

from harness.models.batching import Indices
from harness.models.checkpoint import verify
from harness.models.encoder import Encoder
from harness.models.encoding_choice import choose_encoding
from harness.models.vector_cache import Vectors
from harness.records import SavedEncoding, TextEncoding, TextRole, View
from tests.support.sentence_folders import NORMALIZE, dense, layer_norm, save_sentence_folder

TEXTS = ["the cat sleeps", "a dog", "x", "die katze rennt the sun shines", "the", "The CAT sings"]
Array = NDArray[np.float64]

POOLED: dict[str, Callable[[Array], Array]] = {
    "mean": lambda h: h.mean(axis=0),
    "cls": lambda h: h[0],
    "lasttoken": lambda h: h[-1],
    "max": lambda h: h.max(axis=0),
    "weightedmean": lambda h: sum((i + 1) * row for i, row in enumerate(h)) / (len(h) * (len(h) + 1) / 2),
    "mean_sqrt_len_tokens": lambda h: h.sum(axis=0) / len(h) ** 0.5,
}
ACTIVATED: dict[str, Callable[[Array], Array]] = {
    "Identity": lambda x: x,
    "Tanh": np.tanh,
    "ReLU": lambda x: np.maximum(x, 0),
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}


def encoded(
    folder: Path, texts: Sequence[str] = TEXTS, role: TextRole = TextRole.TEXT, **stated: Any
) -> tuple[Vectors, TextEncoding]:
    """Return the vectors (texts, width) of a folder, read as saved."""
    files = verify(folder, "toy")
    encoding = choose_encoding(SavedEncoding(**stated), files)
    encoder = Encoder(
        files,
        [encoding.view],
        max_length=encoding.max_length,
        lower_case=encoding.lower_case,
        dtype="float32",
        device="cpu",
    )
    vectors = np.zeros((len(texts), encoder.width(encoding.view)), np.float32)

    def sink(_view: View, indices: Indices, rows: Vectors) -> None:
        vectors[indices] = rows

    report = encoder.encode(texts, prefix=encoding.prefix_of(role), sink=sink)
    assert not report.failed
    return vectors, encoding


@lru_cache(1)
def opened(folder: Path) -> tuple[Any, Any]:
    """Return tokenizer and model as the documentation of transformers opens them."""
    model = transformers.AutoModel.from_pretrained(folder).eval()
    return transformers.AutoTokenizer.from_pretrained(folder), model


def reference(folder: Path, text: str, steps: Callable[[Array], Array], skip: int = 0) -> Array:
    """Return the vector of one text: hidden states of transformers, then `steps` in numpy."""
    tokenizer, model = opened(folder)
    with torch.inference_mode():
        hidden = model(**tokenizer(text, return_tensors="pt", return_token_type_ids=False)).last_hidden_state
    vector = steps(hidden[0, skip:].double().numpy())
    return vector / np.linalg.norm(vector)


def assert_equal(vectors: Vectors, expected: Sequence[Array]) -> None:
    cosines = [float(vector @ other) for vector, other in zip(vectors, expected, strict=True)]
    assert min(cosines) >= 0.99999, cosines


@pytest.mark.parametrize(
    ("poolings", "version"),
    [
        *((("mean",), 5), (("cls",), 6), (("lasttoken",), 6), (("max",), 5), (("weightedmean",), 6)),
        (("mean_sqrt_len_tokens",), 5),
        (("cls", "max", "mean"), 5),
        (("mean", "cls", "lasttoken"), 6),  # version 6 keeps the order that it was given
    ],
)
def test_poolings_and_their_concatenations(tmp_path: Path, poolings: tuple[str, ...], version: int) -> None:
    folder = save_sentence_folder(tmp_path, NORMALIZE, poolings=poolings, version=version)
    vectors, encoding = encoded(folder)
    assert str(encoding.view) == f"h2.{'+'.join(poolings)}"
    assert_equal(
        vectors,
        [
            reference(folder, text, lambda h: np.concatenate([POOLED[name](h) for name in poolings]))
            for text in TEXTS
        ],
    )


@pytest.mark.parametrize("activation", list(ACTIVATED))
def test_a_map_with_its_activation_follows_the_pooling(tmp_path: Path, activation: str) -> None:
    home = "linear" if activation == "Identity" else "activation"
    bias = activation != "ReLU"
    folder = save_sentence_folder(
        tmp_path, dense(32, 48, f"{home}.{activation}", bias=bias), NORMALIZE, poolings=("cls",)
    )
    weights = load_file(folder / "2_Dense/model.safetensors")

    def steps(hidden: Array) -> Array:
        return ACTIVATED[activation](weights["linear.weight"] @ hidden[0] + weights.get("linear.bias", 0))

    vectors, encoding = encoded(folder)
    printed = "" if activation == "Identity" else f"-{activation.lower()}"
    assert (str(encoding.view), vectors.shape[1]) == (f"h2.cls>dense48{printed}", 48)
    assert_equal(vectors, [reference(folder, text, steps) for text in TEXTS])


def test_several_modules_run_in_their_order(tmp_path: Path) -> None:
    folder = save_sentence_folder(
        tmp_path,
        NORMALIZE,
        dense(32, 64, "linear.Identity", bias=False),
        layer_norm(64),
        dense(64, 32, "activation.Tanh", seed=2),
        NORMALIZE,
        version=6,
    )
    first, last = (load_file(folder / f"{n}_Dense/model.safetensors") for n in (3, 5))
    norm = load_file(folder / "4_LayerNorm/model.safetensors")

    def steps(hidden: Array) -> Array:
        vector = hidden.mean(axis=0)
        vector = first["linear.weight"] @ (vector / np.linalg.norm(vector))
        vector = (vector - vector.mean()) / np.sqrt(vector.var() + 1e-5) * norm["norm.weight"] + norm[
            "norm.bias"
        ]
        return np.tanh(last["linear.weight"] @ vector + last["linear.bias"])

    vectors, encoding = encoded(folder)
    assert str(encoding.view) == "h2.mean>normalize>dense64>layernorm>dense32-tanh"
    assert_equal(vectors, [reference(folder, text, steps) for text in TEXTS])


def test_a_residual_map_adds_its_input(tmp_path: Path) -> None:
    name, settings, weights = dense(32, 16)
    weights |= {"residual.weight": np.random.default_rng(3).normal(size=(16, 32)).astype(np.float32)}
    folder = save_sentence_folder(tmp_path, (name, settings | {"use_residual": True}, weights))

    def steps(hidden: Array) -> Array:
        vector = hidden.mean(axis=0)
        mapped = np.tanh(weights["linear.weight"] @ vector + weights["linear.bias"])
        return mapped + weights["residual.weight"] @ vector

    vectors, encoding = encoded(folder)
    assert str(encoding.view) == "h2.mean>dense16-tanh-residual"
    assert_equal(vectors, [reference(folder, text, steps) for text in TEXTS])


def test_prompts_precede_texts_by_their_role(tmp_path: Path) -> None:
    prompts = {"query": "the sun ", "passage": "a moon ", "other": "red ", "document": ""}
    folder = save_sentence_folder(tmp_path, prompts=prompts, default_prompt="other")
    for role, prompt in zip(TextRole, ("red ", "the sun ", "a moon "), strict=True):
        vectors, _ = encoded(folder, role=role)
        assert_equal(vectors, [reference(folder, prompt + text, POOLED["mean"]) for text in TEXTS])


@pytest.mark.parametrize("pooling", ["mean", "weightedmean", "max", "lasttoken"])
def test_a_prompt_may_be_left_out_of_the_pooling(tmp_path: Path, pooling: str) -> None:
    folder = save_sentence_folder(
        tmp_path, poolings=[pooling], prompts={"p": "the red "}, default_prompt="p", include_prompt=False
    )
    skip = 3  # the first special token and two words

    def steps(hidden: Array) -> Array:
        if pooling != "weightedmean":
            return POOLED[pooling](hidden)
        weights = np.arange(skip + 1, skip + 1 + len(hidden))  # positions count from the start of the text
        return (hidden * weights[:, None]).sum(axis=0) / weights.sum()

    vectors, encoding = encoded(folder)
    assert str(encoding.view) == f"h2.{pooling}.noprompt"
    assert_equal(vectors, [reference(folder, "the red " + text, steps, skip) for text in TEXTS])


def test_texts_are_lower_cased_and_cut_where_the_folder_says_so(tmp_path: Path) -> None:
    folder = save_sentence_folder(tmp_path, lower_case=True, max_length=8)
    vectors, encoding = encoded(folder)
    assert (encoding.lower_case, encoding.max_length) == (True, 8)
    lowered, _ = encoded(folder, [text.lower() for text in TEXTS])
    assert np.array_equal(vectors, lowered)
    assert_equal(vectors[5:], [reference(folder, "the cat sings", POOLED["mean"])])
    long, short = encoded(folder, ["the cat " * 20, "the cat " * 3])[0]
    assert np.array_equal(long, short)


def test_a_vector_does_not_depend_on_its_neighbours_after_a_map(tmp_path: Path) -> None:
    folder = save_sentence_folder(tmp_path, dense(32, 24))
    together, _ = encoded(folder, [f"the {word}" for word in "abcdefghijklmnopqrstuvwxyz"])
    assert np.array_equal(encoded(folder, ["the c"])[0][0], together[2])
