"""Thrift's compact protocol, in which Parquet writes its metadata: as lists that can be changed, and back.

A struct is a list of [field, type, value], a list is [type, values]; whatever stands in them is written, also what no
reader expects.
"""

from __future__ import annotations

from typing import Any

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)
WHOLE = (I16, I32, I64)
Struct = list[list[Any]]


class Reader:
    """Read one struct from bytes; `position` is then its end."""

    def __init__(self, data: bytes, position: int = 0) -> None:
        self.data, self.position = data, position

    def struct(self) -> Struct:
        fields: Struct = []
        number = 0
        while kind := self._byte():
            delta, kind = kind >> 4, kind & 15
            number = number + delta if delta else self._signed()
            fields.append([number, kind, self._value(kind)])
        return fields

    def _value(self, kind: int) -> Any:
        if kind in (TRUE, FALSE):
            return kind == TRUE
        if kind == BYTE:
            return self._byte()
        if kind in WHOLE:
            return self._signed()
        if kind == DOUBLE:
            return self._take(8)
        if kind == BINARY:
            return self._take(self._unsigned())
        if kind in (LIST, SET):
            head = self._byte()
            size = head >> 4 if head >> 4 < 15 else self._unsigned()
            inner = head & 15
            return [
                inner,
                [self._byte() if inner in (TRUE, FALSE) else self._value(inner) for _ in range(size)],
            ]
        assert kind == STRUCT, kind
        return self.struct()

    def _take(self, size: int) -> bytes:
        self.position += size
        return self.data[self.position - size : self.position]

    def _byte(self) -> int:
        return self._take(1)[0]

    def _unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def _signed(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)


def written(struct: Struct) -> bytes:
    """Return a struct's bytes."""
    out = bytearray()
    last = 0
    for number, kind, value in struct:
        if kind in (TRUE, FALSE):
            kind = TRUE if value else FALSE  # noqa: PLW2901
        delta = number - last
        if 0 < delta < 16:
            out.append(delta << 4 | kind)
        else:
            out.append(kind)
            out += _signed(number)
        last = number
        out += _value(kind, value)
    return bytes(out) + b"\0"


def _value(kind: int, value: Any) -> bytes:
    if kind in (TRUE, FALSE):
        return b""
    if kind == BYTE:
        return bytes([value & 255])
    if kind in WHOLE:
        return _signed(value)
    if kind == DOUBLE:
        return bytes(value)
    if kind == BINARY:
        return _unsigned(len(value)) + value
    if kind in (LIST, SET):
        inner, values = value
        head = (
            bytes([len(values) << 4 | inner])
            if len(values) < 15
            else bytes([0xF0 | inner]) + _unsigned(len(values))
        )
        return head + b"".join(
            bytes([item & 255]) if inner in (TRUE, FALSE) else _value(inner, item) for item in values
        )
    return written(value)


def _unsigned(value: int) -> bytes:
    value &= 2**64 - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _signed(value: int) -> bytes:
    return _unsigned(value << 1 ^ value >> 63)
