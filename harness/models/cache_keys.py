"""Address a layer's vectors by what they depend on: checkpoints with equal lower layers share vectors."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
import transformers

from harness.models.checkpoint import DEPTH, TOKENIZER_FILES, CheckpointFiles, FolderEncoding
from harness.models.device import is_emulated
from harness.models.vector_cache import WAITING_BYTES, VectorSpace
from harness.records import TextEncoding, View

# Increased when the encoder changes what it computes, so that older vectors in the cache are not used.
_REVISION = 2


class StateAddress:
    """Addresses hidden states by the state of the opened model, so that what a pass reads is in the address.

    `layers` is the model's list of layers, which may have been cut since; `norm_follows` tells whether the
    last hidden state is more than the last layer's output.
    """

    def __init__(self, model: Any, layers: Any, files: CheckpointFiles, *, norm_follows: bool) -> None:
        self._model, self._layers, self._files = model, layers, files
        self._norm_follows = norm_follows
        self._digests: dict[str, str] = {}

    def of(self, layer: int) -> str:
        """Return the sha256 of what h[layer] depends on: tokenizer, configuration, all but the layers above.

        The depth of the model is left out, so that a model cut to its first three layers has the address of
        the whole model's h[3]; what follows the last layer applies only there.
        """
        digest = hashlib.sha256()
        config = {key: value for key, value in self._files.config.items() if key not in DEPTH}
        digest.update(json.dumps(config, sort_keys=True).encode())
        for name in TOKENIZER_FILES:
            if (path := self._files.folder / name).is_file():
                digest.update(f"\n{name}:{hashlib.sha256(path.read_bytes()).hexdigest()}".encode())
        above = {id(module) for part in list(self._layers)[layer:] for module in part.modules()}
        for name, tensor in self._tensors(above):
            digest.update(f"\n{name}:{self._digest(name, tensor)}".encode())
        if self._norm_follows:
            digest.update(f"\nlast:{layer == self._files.layers}".encode())
        return digest.hexdigest()

    def _tensors(self, left_out: set[int]) -> list[tuple[str, torch.Tensor]]:
        """Return the parameters and buffers by name, without those of some modules."""
        tensors = {
            f"{prefix}.{name}" if prefix else name: tensor
            for prefix, module in self._model.named_modules(remove_duplicate=False)
            if id(module) not in left_out
            for name, tensor in (*module._parameters.items(), *module._buffers.items())
            if tensor is not None
        }
        return sorted(tensors.items())

    def _digest(self, name: str, tensor: torch.Tensor) -> str:
        """Return dtype, shape and sha256, computed once: a sweep needs the same ones for every layer."""
        if name not in self._digests:
            data: Any = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
            content = hashlib.sha256(data).hexdigest()
            self._digests[name] = f"{tensor.dtype}:{tuple(tensor.shape)}:{content}"
        return self._digests[name]


class RememberedAddresses:
    """The addresses of a checkpoint that was opened before, so that it is not opened to find its vectors."""

    def __init__(self, cache: Path, files: CheckpointFiles, *, device: str, dtype: str) -> None:
        # The configuration is that of the copy that is opened, from which attributes may be left out.
        opened = json.dumps(files.config, sort_keys=True)
        named = f"{files.digest}|{opened}|{arithmetic(device, dtype)}"
        key = hashlib.sha256(named.encode()).hexdigest()[:32]
        self._path = cache / "addresses" / f"{key}.json"
        self._addresses: dict[str, str] = {}
        with suppress(OSError, ValueError):
            read = json.loads(self._path.read_text())
            self._addresses = read if isinstance(read, dict) else {}

    def get(self, layer: int) -> str | None:
        """Return the address of h[layer], or None where it is not known."""
        address = self._addresses.get(str(layer))
        return address if isinstance(address, str) else None

    def put(self, addresses: Mapping[int, str]) -> None:
        """Remember addresses; where the cache cannot be written, the checkpoint is opened again next time."""
        self._addresses |= {str(layer): address for layer, address in addresses.items()}
        temporary = self._path.with_name(f".{uuid.uuid4().hex}.tmp")
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(self._addresses))
            temporary.replace(self._path)


def arithmetic(device: str, dtype: str) -> str:
    """Name everything except weights and text that the last bits of a vector may depend on."""
    products = "emulated" if is_emulated(device, dtype) else "native"
    versions = f"torch {torch.__version__}|transformers {transformers.__version__}"
    return f"{_REVISION}|{device.partition(':')[0]}|{dtype}|{products}|{versions}"


def open_space(
    cache: Path,
    address: str,
    files: CheckpointFiles,
    view: View,
    prefix: str,
    encoding: TextEncoding,
    *,
    device: str,
    dtype: str,
    waiting: int = WAITING_BYTES,
) -> VectorSpace:
    """Open the cached vectors of one view and prefix, named by all that a vector depends on besides its text.

    `address` is that of the view's hidden state.
    """
    return VectorSpace(
        cache,
        waiting=waiting,
        about=f"{files.source}, {view.reading}, {dtype}",
        weights=address,
        layer=view.layer,
        reading=view.reading,
        modules=_module_digests(files) if view.modules else "",
        arithmetic=arithmetic(device, dtype),
        prefix=prefix,
        lower_case=encoding.lower_case,
        max_length=encoding.max_length,
    )


def _module_digests(files: CheckpointFiles) -> str:
    folder = files.folder_encoding
    assert isinstance(folder, FolderEncoding)
    weights = [module.weights for module in folder.modules if module.weights is not None]
    return " ".join(hashlib.sha256(path.read_bytes()).hexdigest() for path in weights)
