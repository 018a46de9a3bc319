"""Check the weights: which files hold them, that index and files agree, that every number is finite."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.characters import shown
from harness.errors import BadInput
from harness.models.checkpoint.headers import TENSORS, TensorEntry, read_header
from harness.models.checkpoint.strict_json import read_object

SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
SHARD = re.compile(r"model-\d{5}-of-\d{5}\.safetensors")
_BLOCK = 4 * 2**20  # stays in the processor's cache between hashing and checking
FLOATS = ("F64", "F32", "F16", "BF16")
# Integer tensors that encoders save with their weights. Any others are packed, that is quantised, weights,
# unless they have torch's own type of integers, in which nothing is packed, and are no module's weight.
_BUFFERS = re.compile(
    r"(\w+\.)*(position_ids|token_type_ids|num_batches_tracked|relative_position_index|bias|masked_bias|attn_mask)"
)
_WEIGHTS = re.compile(r"(.*[._])?q?weights?")
_ADAPTER = re.compile(
    r"(^|\.)(lora_[AB]|lora_embedding_[AB]|lora_magnitude_vector|ia3_l|hada_w\d|modules_to_save)(\.|$)|^base_model\.model\."
)


def weight_names(names: Iterable[str], index: bytes | None, folder: Path) -> list[str]:
    """Return the names of the weight files: the single file, or all shards that the index lists.

    Raises BadInput when there are none, when a listed shard is missing, and when a shard is not listed.
    """
    present = set(names)
    if SINGLE in present:
        return [SINGLE]
    assert index is not None
    listed = sorted(set(_weight_map(index, folder / INDEX).values()))
    for name in listed:
        if not SHARD.fullmatch(name) or name not in present:
            raise BadInput(
                f"{folder / INDEX} names {shown(name)}, which is not there",
                cure="every shard is called model-NNNNN-of-NNNNN.safetensors",
            )
    if extra := sorted(name for name in present if SHARD.fullmatch(name) and name not in listed):
        raise BadInput(
            f"{folder / extra[0]} stands in no index",
            cure=f"save the weights again, or remove the files that {INDEX} does not name",
        )
    return listed


def read_tensors(files: Iterable[Path], index: bytes | None) -> dict[str, TensorEntry]:
    """Return every tensor of the weights by name; raises BadInput for an invalid header or index."""
    tensors: dict[str, TensorEntry] = {}
    locations: dict[str, str] = {}
    for file in files:
        for name, entry in read_header(file).items():
            if name in locations:
                raise BadInput(
                    f"{file} and {locations[name]} both hold {name}", cure="save the weights again"
                )
            _refuse_other_weights(name, entry, file)
            tensors[name], locations[name] = entry, file.name
        if len(tensors) > TENSORS:
            raise BadInput(
                f"{file.parent} holds more than {TENSORS:,} tensors", cure="save the encoder without others"
            )
    if not tensors:
        raise BadInput(f"{next(iter(files))} holds no tensor", cure="save the whole encoder")
    if index is not None and SINGLE not in locations.values():
        _compare_with_index(locations, index, next(iter(files)).with_name(INDEX))
    return tensors


def check_finite(path: Path) -> str:
    """Return a file's sha256 and check that every weight is finite, in one pass over its bytes.

    A weight that is not finite makes every vector NaN, or, in an embedding, those of some languages only.
    Raises BadInput with the position of the first one.
    """
    header = read_header(path)
    buffer = np.empty(_BLOCK, np.uint8)
    digest = hashlib.sha256()
    first = min((entry.start for entry in header.values()), default=0)
    with path.open("rb", buffering=0) as file:
        digest.update(file.read(first))
        for name, entry in sorted(header.items(), key=lambda item: (item[1].start, item[1].end)):
            for start in range(entry.start, entry.end, _BLOCK):
                block = buffer[: min(_BLOCK, entry.end - start)]
                if file.readinto(block.data) != len(block):
                    raise BadInput(
                        f"{path} became shorter while it was read",
                        cure="do not change it while it is evaluated",
                    )
                digest.update(block.data)
                _refuse_not_finite(block, entry, name, start, path)
    return digest.hexdigest()


def _refuse_not_finite(
    block: NDArray[np.uint8], entry: TensorEntry, name: str, start: int, path: Path
) -> None:
    match entry.dtype:
        case "F64" | "F32":
            not_finite = ~np.isfinite(block.view("<f8" if entry.dtype == "F64" else "<f4"))
        case "F16" | "BF16":
            # An exponent of ones is an infinity or NaN; integers are compared faster than float16.
            ones = 0x7C00 if entry.dtype == "F16" else 0x7F80
            not_finite = (block.view("<u2") & ones) == ones
        case _:
            return
    if not_finite.any():
        index = (start - entry.start) // (block.size // not_finite.size) + int(not_finite.argmax())
        position = ", ".join(str(i) for i in np.unravel_index(index, entry.shape)) if entry.shape else ""
        raise BadInput(
            f"{path}: {name}[{position}] is not finite",
            cure="the training diverged, or the dtype was too narrow: save finite weights",
        )


def _refuse_other_weights(name: str, entry: TensorEntry, file: Path) -> None:
    if _ADAPTER.search(name):
        raise BadInput(
            f"{file} holds the adapter weights {name}",
            cure="merge the adapter into its base and save the whole encoder",
        )
    counter = entry.dtype == "I64" and not _WEIGHTS.fullmatch(name)
    if entry.dtype not in FLOATS and not counter and not _BUFFERS.fullmatch(name):
        raise BadInput(
            f"{file} holds {name} as {entry.dtype}: quantised or packed weights are not evaluated",
            cure="save dequantised weights",
        )


def _weight_map(index: bytes, path: Path) -> dict[str, str]:
    weight_map = read_object(index, f"{path} is not a safetensors index").get("weight_map")
    if (
        not isinstance(weight_map, dict)
        or not weight_map
        or not all(isinstance(name, str) for name in weight_map.values())
    ):
        raise BadInput(
            f"{path} is not a safetensors index: its weight_map is {shown(weight_map)}",
            cure="tensor name → file name",
        )
    return weight_map


def _compare_with_index(locations: Mapping[str, str], index: bytes, path: Path) -> None:
    """Refuse an index that places a tensor in another file: which one is opened depends on the library."""
    listed = _weight_map(index, path)
    for name in sorted(set(locations) | set(listed)):
        if locations.get(name) != listed.get(name):
            raise BadInput(
                f"{path} places {shown(name)} in {listed.get(name, 'no file')}, "
                f"it stands in {locations.get(name, 'no file')}",
                cure="save the weights again",
            )
