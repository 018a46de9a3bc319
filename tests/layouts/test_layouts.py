"""Folders as the ecosystem saves them: opened exactly as saved, or refused by name with a way out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.errors import BadInput
from tests.layouts import page
from tests.layouts.check import (
    padded_reference,
    reference,
    saved_vectors_of,
    sentence_reference,
    vectors_of,
)
from tests.layouts.encoders import LENGTH
from tests.layouts.matrix import Change, Opened, Refused, Sentences
from tests.layouts.opened import OPENED
from tests.layouts.refused import REFUSED
from tests.layouts.sentences import SENTENCES, change_of
from tests.layouts.texts import TEXTS

LEAST_COSINE = 0.99999
# One of each way to read a tokenizer and to open a model; the slow lane has all.
_FAST = {
    "XLM-R",
    "mDeBERTa",
    "BERT uncased, before tokenizer.json",
    "gte multilingual with auto_map (model_type new)",
    "Qwen3",
}
_FAST_REFUSED = {
    "mBERT's vocab.txt alone",
    "SentencePiece with other special tokens",
    "an architecture of a repository's own code",
    "auto_map and weights that only its code reads",
    "XLM (its tokenizer needs sacremoses)",
    "more layers than config.json says",
    "rope_scaling of an unknown type",
    "model.fp16.safetensors alone",
}


def _lanes(layouts: tuple[Any, ...], fast: set[str]) -> list[Any]:
    assert fast <= {layout.name for layout in layouts}
    return [
        pytest.param(layout, id=layout.name, marks=() if layout.name in fast else pytest.mark.slow)
        for layout in layouts
    ]


def _save(layout: Opened | Refused, folder: Path, change: Change | None = None) -> Any:
    """Save a layout as its makers do, and return the model."""
    folder.mkdir(parents=True)
    model = layout.model()
    model.save_pretrained(folder)
    layout.tokenizer(folder)
    (change or layout.change)(folder, model)
    return model


@pytest.mark.parametrize("layout", _lanes(OPENED, _FAST))
def test_ids_and_vectors_are_those_that_the_files_mean(
    layout: Opened, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "s/w"
    model = _save(layout, folder)
    texts = [text for text in TEXTS if len(text) >= layout.shortest]
    capfd.readouterr()
    ids, vectors, _ = vectors_of(folder, tmp_path / "cache", texts)
    assert capfd.readouterr() == ("", "")  # no report of weights, no colour codes
    meant = layout.ids(folder, texts)
    short = [row for row, text in enumerate(meant) if len(text) <= LENGTH]
    assert [ids[row] for row in short] == [meant[row] for row in short]
    assert len(short) > 0.9 * len(texts)
    assert _least_cosine(vectors, reference(model, meant)) >= LEAST_COSINE
    if layout.padded:
        assert _least_cosine(vectors, padded_reference(model, meant)) >= LEAST_COSINE


def _least_cosine(vectors: list[Any], expected: Any) -> float:
    return min(float(a @ b) for a, b in zip(np.stack(vectors), expected, strict=True))


@pytest.mark.parametrize("layout", _lanes(SENTENCES, {"LaBSE (sentence-transformers)"}))
def test_a_folder_of_sentence_transformers_is_read_as_saved(layout: Sentences, tmp_path: Path) -> None:
    folder = tmp_path / "s/w"
    model = _save(layout.encoder, folder, change_of(layout))
    expected = sentence_reference(model, layout, folder, layout.encoder.ids(folder, TEXTS))
    vectors = saved_vectors_of(folder, tmp_path / "cache", TEXTS)
    assert _least_cosine(list(vectors), expected) >= LEAST_COSINE
    if query := layout.prompts.get("query"):
        asked = [query + text for text in TEXTS]
        expected = sentence_reference(model, layout, folder, layout.encoder.ids(folder, asked))
        vectors = saved_vectors_of(folder, tmp_path / "cache", TEXTS, "query")
        assert _least_cosine(list(vectors), expected) >= LEAST_COSINE


@pytest.mark.parametrize("layout", _lanes(REFUSED, _FAST_REFUSED))
def test_what_cannot_be_opened_as_saved_is_named_with_a_way_out(layout: Refused, tmp_path: Path) -> None:
    folder = tmp_path / "s/w"
    _save(layout, folder)
    with pytest.raises(BadInput) as caught:
        vectors_of(folder, tmp_path / "cache", layer=layout.layer)
    (fault,) = caught.value.faults
    message = layout.message.replace("{folder}", re.escape(str(folder)))
    assert re.fullmatch(message, fault.message), fault.message
    assert (fault.cure, caught.value.exit_code) == (layout.cure, 3)


def test_there_are_enough_of_them_and_each_once() -> None:
    names = [layout.name for layout in (*OPENED, *SENTENCES, *REFUSED)]
    assert len(set(names)) == len(names) >= 75


def test_the_page_lists_these_layouts() -> None:
    assert page.PAGE.read_text() == page.drawn(page.PAGE.read_text()), "python -m tests.layouts.page"
