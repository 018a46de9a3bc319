"""Name the vectors of a layer by what they depend on, so that checkpoints that share their lower layers share them."""

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
    """Return sha256 over all that h[layer] depends on: tokenizer, configuration, embeddings and the layers below.

    The depth of the model and the layers above do not enter, so a model cut to its first three layers has the
    address of the whole model's h[3]. Where there are weights outside embeddings, layers and heads, such as a
    norm after the last layer, they enter with whether this is the last layer, since only there they apply.
    """
    whole = hashlib.sha256()
    config = {key: value for key, value in files.config.items() if key not in DEPTH}
    whole.update(json.dumps(config, sort_keys=True).encode())
    for name in TOKENIZER_FILES:
        if (path := files.folder / name).is_file():
            whole.update(f"\n{name}:{hashlib.sha256(path.read_bytes()).hexdigest()}".encode())
    others = False
    for tensor, path, entry in _tensors(files):
        found = _LAYER.search(tensor)
        if HEADS.match(tensor) or (found and int(found[1]) >= layer):
            continue
        others |= not found and "embedding" not in tensor
        whole.update(
            f"\n{tensor}:{entry.dtype}:{entry.shape}:{_range_digest(path, path.stat().st_mtime_ns, entry.start, entry.end)}".encode()
        )
    if others:
        whole.update(f"\nlast:{layer == files.layers}".encode())
    return whole.hexdigest()


def _tensors(files: CheckpointFiles) -> list[tuple[str, Path, TensorEntry]]:
    found = [(name, path, entry) for path in files.weight_files for name, entry in read_header(path).items()]
    return sorted(found, key=lambda tensor: tensor[0])


@lru_cache(maxsize=4096)
def _range_digest(path: Path, changed: int, start: int, end: int) -> str:
    """Return the sha256 of a part of a file; a sweep asks for the same embeddings once a layer."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        file.seek(start)
        left = end - start
        while left and (block := file.read(min(left, 2**24))):
            digest.update(block)
            left -= len(block)
    return digest.hexdigest()


# Raised when the encoder changes what it computes, so that older vectors are not taken from the cache.
_REVISION = 1


def arithmetic(device: str, dtype: str) -> str:
    """Name all beside weights and text that the last bits of a vector may depend on."""
    how = "emulated" if is_emulated(device, dtype) else "native"
    return f"{_REVISION}|{device.partition(':')[0]}|{dtype}|{how}|torch {torch.__version__}|transformers {transformers.__version__}"


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
    """Open the cached vectors of one view: the one place that says what a vector depends on beside its text."""
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
