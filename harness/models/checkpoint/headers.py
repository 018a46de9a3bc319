"""Parse and check safetensors headers ourselves, before any library maps or allocates a byte of a file."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from harness.errors import BadInput
from harness.models.checkpoint.strict_json import read_object

# An entry takes about 120 bytes. Large encoders have hundreds of tensors; those with an expert or an adapter
# for each language have some thousands. Parsing what these bounds allow takes at most 160 MiB, as measured.
_HEADER_LIMIT = 8 * 2**20
TENSORS = 20_000
_RANK = 8
_LARGEST = 2**48  # no dimension and no offset of a file that fits on a disk is larger
# Bits per element. Formats of less than a byte are left out: they are quantised weights.
BITS = {
    **{"F64": 64, "F32": 32, "F16": 16, "BF16": 16, "F8_E4M3": 8, "F8_E5M2": 8},
    **{"I64": 64, "I32": 32, "I16": 16, "I8": 8, "U64": 64, "U32": 32, "U16": 16, "U8": 8, "BOOL": 8},
}
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,255}")


@dataclass(frozen=True)
class TensorEntry:
    """A tensor's dtype and shape, and its range of bytes in the file."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


def read_header(path: Path) -> dict[str, TensorEntry]:
    """Return each tensor's dtype, shape and byte range from a safetensors header, without reading a tensor.

    Raises BadInput for a broken one: a repeated name, an unknown dtype, a shape that does not fill its bytes,
    tensors that overlap or leave a gap, a file that is longer or shorter than its tensors.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= max(size - 8, 0):
            raise BadInput(
                f"{path} declares a header of {length} bytes in a file of {size}",
                cure="the file is truncated or is not safetensors",
            )
        if length > _HEADER_LIMIT:
            raise _malformed(path, f"it takes {length:,} bytes, the most is {_HEADER_LIMIT:,}")
        raw = file.read(length)
    header = read_object(raw, f"{path} has a malformed safetensors header")
    if not all(
        isinstance(value, str)
        for value in _object(header.pop("__metadata__", {}), "__metadata__", path).values()
    ):
        raise _malformed(path, "its __metadata__ maps to something other than text")
    if len(header) > TENSORS:
        raise _malformed(path, f"it declares {len(header):,} tensors, more than {TENSORS:,}")
    entries = {name: _entry(name, fields, 8 + length, path) for name, fields in header.items()}
    _refuse_gaps(entries, 8 + length, size, path)
    return entries


def _entry(name: str, fields: Any, data_start: int, path: Path) -> TensorEntry:
    """Return one tensor's entry; raises BadInput unless its numbers are whole and its bytes fit its shape."""
    if not _NAME.fullmatch(name):
        raise _malformed(
            path, f"the tensor name {name[:80]!r} is not made of letters, digits, '.', '_' and '-'"
        )
    fields = _object(fields, name, path)
    if set(fields) != {"dtype", "shape", "data_offsets"}:
        raise _malformed(
            path,
            f"{name} has the fields {', '.join(sorted(fields)[:5])!r}, expected dtype, shape, data_offsets",
        )
    dtype, shape, offsets = fields["dtype"], fields["shape"], fields["data_offsets"]
    if not isinstance(dtype, str) or dtype not in BITS:
        raise _malformed(
            path, f"{name} has the dtype {str(dtype)[:40]!r}, which is none of {', '.join(BITS)}"
        )
    if not _whole_numbers(shape) or len(shape) > _RANK:
        raise _malformed(path, f"{name} has the shape {ascii(shape)[:80]}")
    if not _whole_numbers(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise _malformed(path, f"{name} has the data_offsets {ascii(offsets)[:80]}")
    bits = math.prod(shape) * BITS[dtype]
    if bits != 8 * (offsets[1] - offsets[0]):
        raise _malformed(
            path,
            f"{name} takes {bits // 8} bytes as {dtype} {shape}, "
            f"its data_offsets hold {offsets[1] - offsets[0]}",
        )
    return TensorEntry(dtype, tuple(shape), data_start + offsets[0], data_start + offsets[1])


def _refuse_gaps(entries: dict[str, TensorEntry], data_start: int, size: int, path: Path) -> None:
    """Refuse tensors that overlap or leave a gap, where bytes could hide, and a file of another length."""
    end = max((entry.end for entry in entries.values()), default=data_start)
    if end != size:
        raise BadInput(
            f"{path} holds {size - data_start} bytes of tensors where its header declares {end - data_start}",
            cure="download or save it again",
        )
    ordered = sorted(entries.items(), key=lambda item: (item[1].start, item[1].end))
    if ordered and ordered[0][1].start != data_start:
        raise _malformed(
            path, f"{ordered[0][1].start - data_start} bytes before {ordered[0][0]} belong to no tensor"
        )
    for (name, entry), (next_name, next_entry) in pairwise(ordered):
        if next_entry.start != entry.end:
            defect = (
                "overlap"
                if next_entry.start < entry.end
                else f"leave {next_entry.start - entry.end} bytes between them"
            )
            raise _malformed(path, f"{name} and {next_name} {defect}")


def _object(value: Any, name: str, path: Path) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _malformed(path, f"{name} is {type(value).__name__}, not an object")
    return value


def _whole_numbers(values: Any) -> bool:
    return isinstance(values, list) and all(type(value) is int and 0 <= value <= _LARGEST for value in values)


def _malformed(path: Path, defect: str) -> BadInput:
    return BadInput(
        f"{path} has a malformed safetensors header: {defect}", cure="save it again with safetensors"
    )
