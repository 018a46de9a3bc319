"""Address a layer's vectors by what they depend on: checkpoints with equal lower layers share vectors."""

from __future__ import annotations

import hashlib
import json
import re
from functools import lru_cache
from pathlib import Path

import torch
import transformers

from harness.models.checkpoint import DEPTH, HEADS, TOKENIZER_FILES, CheckpointFiles, TensorEntry, read_header
from harness.models.device import is_emulated
from harness.models.vector_cache import WAITING_BYTES, VectorSpace
from harness.records import Encoding, View

_LAYER = re.compile(r"(?:^|\.)(?:block|layers?)\.(\d+)\.")


def layer_address(files: CheckpointFiles, layer: int) -> str:
    """Return the sha256 of what h[layer] depends on: tokenizer, configuration, embeddings, layers below.

    The depth of the model and the layers above are left out, so a model cut to its first three layers has the
    address of the whole model's h[3]. Weights outside embeddings, layers and heads, such as a norm after the
    last layer, are included together with whether this is the last layer, since they apply only there.
    """
    digest = hashlib.sha256()
    config = {key: value for key, value in files.config.items() if key not in DEPTH}
    digest.update(json.dumps(config, sort_keys=True).encode())
    for name in TOKENIZER_FILES:
        if (path := files.folder / name).is_file():
            digest.update(f"\n{name}:{hashlib.sha256(path.read_bytes()).hexdigest()}".encode())
    outside_layers = False
    for tensor, path, entry in _tensors(files):
        match = _LAYER.search(tensor)
        if HEADS.match(tensor) or (match and int(match[1]) >= layer):
            continue
        outside_layers |= not match and "embedding" not in tensor
        content = _range_digest(path, path.stat().st_mtime_ns, entry.start, entry.end)
        digest.update(f"\n{tensor}:{entry.dtype}:{entry.shape}:{content}".encode())
    if outside_layers:
        digest.update(f"\nlast:{layer == files.layers}".encode())
    return digest.hexdigest()


def _tensors(files: CheckpointFiles) -> list[tuple[str, Path, TensorEntry]]:
    tensors = [
        (name, path, entry) for path in files.weight_files for name, entry in read_header(path).items()
    ]
    return sorted(tensors, key=lambda tensor: tensor[0])


@lru_cache(maxsize=4096)
def _range_digest(path: Path, changed: int, start: int, end: int) -> str:
    """Return the sha256 of a byte range; cached, since a sweep needs the same embeddings for every layer."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        file.seek(start)
        remaining = end - start
        while remaining and (block := file.read(min(remaining, 2**24))):
            digest.update(block)
            remaining -= len(block)
    return digest.hexdigest()


# Increased when the encoder changes what it computes, so that older vectors in the cache are not used.
_REVISION = 1


def arithmetic(device: str, dtype: str) -> str:
    """Name everything except weights and text that the last bits of a vector may depend on."""
    products = "emulated" if is_emulated(device, dtype) else "native"
    versions = f"torch {torch.__version__}|transformers {transformers.__version__}"
    return f"{_REVISION}|{device.partition(':')[0]}|{dtype}|{products}|{versions}"


def open_space(
    cache: Path,
    files: CheckpointFiles,
    view: View,
    encoding: Encoding,
    *,
    device: str,
    dtype: str,
    waiting: int = WAITING_BYTES,
) -> VectorSpace:
    """Open the cached vectors of one view; the arguments name what a vector depends on besides its text."""
    return VectorSpace(
        cache,
        waiting=waiting,
        weights=layer_address(files, view.layer),
        layer=view.layer,
        pooling=view.pooling.value,
        arithmetic=arithmetic(device, dtype),
        prefix=encoding.prefix,
        max_length=encoding.max_length,
    )
