"""Folders of sentence-transformers: an encoder with its pooling, maps and prompts, as the published ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.layouts.encoders import LENGTH
from tests.layouts.matrix import Change, Sentences
from tests.layouts.opened import OPENED, also
from tests.support.sentence_folders import NORMALIZE, add_modules, dense

_ENCODERS = {layout.name: layout for layout in OPENED}
_TANH, _NONE = "activation.Tanh", "linear.Identity"


def change_of(layout: Sentences) -> Change:
    """Return all that happens to the folder after the encoder was saved."""
    maps = [
        dense(inner, width, activation, bias=activation != _NONE) for inner, width, activation in layout.maps
    ]

    def with_modules(folder: Path, model: Any) -> None:
        add_modules(
            folder,
            *maps,
            NORMALIZE,
            poolings=(layout.pooling,),
            max_length=LENGTH,
            prompts=layout.prompts,
        )

    return also(layout.encoder.change, with_modules)


SENTENCES: tuple[Sentences, ...] = (
    Sentences("LaBSE (sentence-transformers)", "cls, Dense with tanh, Normalize", _ENCODERS["mBERT"], "cls", ((32, 32, _TANH),)),
    Sentences("multilingual E5 (sentence-transformers)", "mean, Normalize; prompts of queries and passages", _ENCODERS["XLM-R"], "mean", prompts={"query": "query: ", "passage": "passage: "}),
    Sentences("gte multilingual (sentence-transformers)", "cls, Normalize", _ENCODERS["gte multilingual with auto_map (model_type new)"], "cls"),
    Sentences("BGE-M3 (sentence-transformers)", "cls, Normalize", _ENCODERS["XLM-R, before tokenizer.json"], "cls"),
    Sentences("Qwen3-Embedding (sentence-transformers)", "last token, Normalize; prompt of queries", _ENCODERS["Qwen3"], "lasttoken", prompts={"query": "Instruct: find a translation\nQuery:", "document": ""}),
    Sentences("EmbeddingGemma (sentence-transformers)", "mean, two Dense without activation, Normalize", _ENCODERS["Gemma 3, both ways"], "mean", ((32, 48, _NONE), (48, 32, _NONE))),
    Sentences("sentence-T5 (sentence-transformers)", "mean, Dense without activation, Normalize", _ENCODERS["T5EncoderModel"], "mean", ((32, 32, _NONE),)),
)  # fmt: skip
