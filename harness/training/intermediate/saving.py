"""Save an encoder as its family's base model, in the layout that sentence-transformers opens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.models.checkpoint import TOKENIZER_FILES, CheckpointFiles
from harness.models.checkpoint.folder_encoding import POOLING_FLAGS
from harness.records import Encoding

# sentence-transformers' names of its modules, which versions from 2 on read.
_MODULES = (
    ("", "sentence_transformers.models.Transformer"),
    ("1_Pooling", "sentence_transformers.models.Pooling"),
    ("2_Normalize", "sentence_transformers.models.Normalize"),
)


def save_encoder(
    encoder: Any, files: CheckpointFiles, encoding: Encoding, prefixes: tuple[str, str], folder: Path
) -> None:
    """Save the encoder with unchanged copies of its tokenizer files, and how evaluation reads its vectors.

    `prefixes` precede queries and passages where a caller tells them apart; those of the encoding come first.
    """
    encoder.save_pretrained(folder)
    for name in TOKENIZER_FILES:
        if (files.folder / name).is_file():
            (folder / name).write_bytes((files.folder / name).read_bytes())
    if encoding.layer in ("last", files.layers):
        query, passage = encoding.query_prefix, encoding.passage_prefix
        stated = prefixes if query is None or passage is None else (query, passage)
        _save_modules(folder, encoding, stated, int(encoder.config.hidden_size))


def _save_modules(folder: Path, encoding: Encoding, prefixes: tuple[str, str], width: int) -> None:
    """Write sentence-transformers' files; it reads the last layer only, so others have none.

    The prefix of evaluation is the prompt that is used where no other is requested.
    """
    _write(
        folder / "modules.json",
        [{"idx": i, "name": str(i), "path": path, "type": kind} for i, (path, kind) in enumerate(_MODULES)],
    )
    _write(
        folder / "sentence_bert_config.json", {"max_seq_length": encoding.max_length, "do_lower_case": False}
    )
    _write(
        folder / "1_Pooling/config.json",
        {
            "word_embedding_dimension": width,
            **{flag: encoding.pooling is pooling for flag, pooling in POOLING_FLAGS.items()},
            "include_prompt": True,
        },
    )
    (folder / "2_Normalize").mkdir(exist_ok=True)
    _write(
        folder / "config_sentence_transformers.json",
        {
            "prompts": {
                "query": prefixes[0],
                "document": prefixes[1],
                **({"evaluation": encoding.prefix} if encoding.prefix else {}),
            },
            "default_prompt_name": "evaluation" if encoding.prefix else None,
            "similarity_fn_name": "cosine",
        },
    )


def _write(path: Path, content: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n")
