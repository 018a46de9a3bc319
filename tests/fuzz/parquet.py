"""Outcomes files that no harness wrote: values, metadata, pages and bytes of sound ones changed, digests renewed."""

from __future__ import annotations

import hashlib
import io
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from harness.catalog import BY_NAME, own_target
from harness.records import Outcomes, Result, Target
from harness.store.files import plain
from harness.store.seal import sealed
from harness.store.yaml.parser import dump
from tests.fuzz import thrift
from tests.fuzz.mutations import NUMBERS, damaged
from tests.support.sound import every_cell, sound

SLUG = "mine"
MAGIC = b"PAR1"
NAMES = ("jupyterlab", "xnli_from_dev", "panx_dev", "tydiqa", "bucc2018_dev", "xquad_r", "ntrex_docs")
# How files are laid out: the harness's own way first.
_LAYOUTS: tuple[dict[str, Any], ...] = (
    {"compression": "zstd"},
    {"compression": "none", "use_dictionary": False},
    {"compression": "snappy", "data_page_version": "2.0"},
    {"compression": "gzip", "data_page_size": 64, "write_page_index": True},
    {"compression": "none", "use_dictionary": False, "column_encoding": "DELTA_BINARY_PACKED"},
    {"compression": "none", "row_group_size": 5, "write_statistics": True},
)
_STRINGS = (b"", b"\xff", b"seed", b"language", b"index", b"correct", b"\0", "\u202e".encode(), b"a" * 70_000)


class Example(NamedTuple):
    """An outcomes file and its result's file."""

    target: str
    result: bytes
    outcomes: bytes


class Seed(NamedTuple):
    """A sound result."""

    target: str
    result: Result
    table: pa.Table


@cache
def seeds() -> tuple[Seed, ...]:
    targets = [BY_NAME[name] for name in NAMES]
    targets += [own_target("clir.mine", ("de-en",)), own_target("bitext.mine", ("de",))]
    return tuple(_seed(target) for target in targets)


def _seed(target: Target) -> Seed:
    languages = target.languages[:2]
    return Seed(target.name, *sound(target, every_cell(target, languages, seeds=(0, 7), n=8), SLUG))


@cache
def file_of(number: int, layout: int) -> bytes:
    table = seeds()[number].table
    options = dict(_LAYOUTS[layout])
    if "column_encoding" in options:
        options["column_encoding"] = {
            name: "DELTA_BINARY_PACKED" for name in ("seed", "index") if name in table.column_names
        }
    return file_from(table, **options)


def file_from(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **(options or _LAYOUTS[0]))
    return sink.getvalue()


def pair(seed: Seed, outcomes: bytes, rows: int) -> Example:
    """Return the two files as somebody would write them who wants them read: digest, rows and seal fit."""
    named = Outcomes(file=f"{seed.target}.parquet", sha256=hashlib.sha256(outcomes).hexdigest(), rows=rows)
    result = seed.result.model_copy(update={"outcomes": named})
    return Example(seed.target, sealed(dump(plain(result)).encode()), outcomes)


@st.composite
def examples(draw: st.DrawFn) -> Example:
    number, layout = draw(st.integers(0, len(seeds()) - 1)), draw(st.integers(0, len(_LAYOUTS) - 1))
    seed = seeds()[number]
    rows = seed.table.num_rows
    match draw(st.integers(0, 4)):
        case 0 | 1:
            table = seed.table
            for _ in range(draw(st.integers(1, 2))):
                table = other_values(draw, table)
            return pair(
                seed, file_from(table, **_LAYOUTS[draw(st.sampled_from([0, 0, 1, 2, 3]))]), table.num_rows
            )
        case 2:
            data, rows = other_footer(draw, file_of(number, layout), rows)
        case 3:
            data = other_page(draw, file_of(number, layout))
        case _:
            data = file_of(number, layout)
            for _ in range(draw(st.integers(1, 3))):
                data = damaged(draw, data)
    return pair(seed, data, rows)


# ---- values ------------------------------------------------------------------------------------


def other_values(draw: st.DrawFn, table: pa.Table) -> pa.Table:
    """Change one value or all values of a column, the order of the rows, or which columns there are."""
    if not table.num_columns:
        return table
    at = draw(st.integers(0, table.num_columns - 1))
    name, column = table.column_names[at], table.column(at).combine_chunks()
    match draw(st.integers(0, 7)):
        case 0:
            return table.remove_column(at)
        case 1:
            return table.append_column(name, column)
        case 2:
            begin = draw(st.integers(0, len(table)))
            return table.slice(begin, draw(st.integers(0, len(table))))
        case 3:
            rows = draw(st.lists(st.integers(0, max(len(table) - 1, 0)), max_size=40)) if len(table) else []
            return table.take(pa.array(rows, pa.int64()))
        case 4:
            values = (
                [other_value(draw, column.type) for _ in range(len(column))]
                if len(column) < 60
                else column.to_pylist()
            )
            return table.set_column(at, name, pa.array(values, column.type))
        case _:
            if not len(column):
                return table
            values = column.to_pylist()
            row = draw(st.integers(0, len(column) - 1))
            value = other_value(draw, column.type)
            same = [i for i in range(len(values)) if i // 8 == row // 8] if draw(st.booleans()) else [row]
            values = [value if i in same else old for i, old in enumerate(values)]
            return table.set_column(at, name, pa.array(values, column.type))


def other_value(draw: st.DrawFn, kind: pa.DataType) -> Any:
    if draw(st.integers(0, 9)) == 0:
        return None
    if pa.types.is_list(kind):
        return [other_value(draw, kind.value_type) for _ in range(draw(st.sampled_from([0, 1, 2, 11, 300])))]
    if pa.types.is_boolean(kind):
        return draw(st.booleans())
    if pa.types.is_integer(kind):
        return draw(st.sampled_from([0, 1, 2, 7, 8, -1, 100, 2**31 - 1, -(2**31)]))
    if pa.types.is_floating(kind):
        return draw(
            st.sampled_from(
                [0.0, 1.0, 0.5, -0.0, -1.0, 2.0, 5e-324, 1e308, float("nan"), float("inf"), -float("inf")]
            )
        )
    return draw(
        st.sampled_from(
            [
                "",
                "x",
                "de",
                "en",
                "dev",
                "test",
                "\0",
                "\u202e",
                "é",
                "e\u0301",
                "f1",
                "y" * 999,
                "z" * 1001,
                "w" * 300_000,
            ]
        )
    )


# ---- metadata ----------------------------------------------------------------------------------


def split(data: bytes) -> tuple[bytes, thrift.Struct]:
    """Return what stands before the footer, and the footer."""
    length = int.from_bytes(data[-8:-4], "little")
    return data[: -8 - length], thrift.Reader(data[-8 - length : -8]).struct()


def joined(body: bytes, footer: bytes) -> bytes:
    return body + footer + len(footer).to_bytes(4, "little") + MAGIC


def other_footer(draw: st.DrawFn, data: bytes, rows: int) -> tuple[bytes, int]:
    """Change fields of the footer; the result names the rows that it names then, or those that were there."""
    body, footer = split(data)
    for _ in range(draw(st.integers(1, 3))):
        change_struct(draw, footer)
    stated = next((value for number, kind, value in footer if number == 3 and kind == thrift.I64), rows)
    if 0 <= stated < 2**62 and draw(st.booleans()):
        rows = stated
    return joined(body, thrift.written(footer)), rows


def change_struct(draw: st.DrawFn, struct: thrift.Struct) -> None:
    """Change a field of a struct, or of one within it."""
    if not struct:
        struct.append([1, thrift.I32, 0])
        return
    at = draw(st.integers(0, len(struct) - 1))
    field = struct[at]
    _, kind, value = field
    if kind == thrift.STRUCT and draw(st.integers(0, 5)):
        change_struct(draw, value)
    elif kind in (thrift.LIST, thrift.SET) and draw(st.integers(0, 5)):
        _change_list(draw, value)
    else:
        match draw(st.integers(0, 4)):
            case 0:
                del struct[at]
            case 1:
                struct.insert(at, field)
            case 2:
                field[0] = draw(st.sampled_from([0, 1, 2, 3, 4, 5, 9, 100, -1]))
            case _:
                field[2] = _other_scalar(draw, kind, value)


def _change_list(draw: st.DrawFn, value: list[Any]) -> None:
    inner, items = value
    if not items:
        value[0] = draw(st.integers(0, 12))
        return
    at = draw(st.integers(0, len(items) - 1))
    match draw(st.integers(0, 7)):
        case 0:
            del items[at]
        case 1:
            items[at : at + 1] = [items[at]] * draw(st.sampled_from([2, 3, 1000]))
        case 2:
            other = draw(st.integers(0, len(items) - 1))
            items[at], items[other] = items[other], items[at]
        case _ if inner == thrift.STRUCT:
            change_struct(draw, items[at])
        case _:
            items[at] = _other_scalar(draw, inner, items[at])


def _other_scalar(draw: st.DrawFn, kind: int, value: Any) -> Any:
    if kind in thrift.WHOLE:
        return draw(
            st.one_of(
                st.sampled_from(NUMBERS),
                st.just(value + 1),
                st.just(value - 1),
                st.just(2 * value),
                st.integers(0, 40),
            )
        )
    if kind == thrift.BINARY:
        return draw(st.one_of(st.sampled_from(_STRINGS), st.binary(max_size=20)))
    if kind in (thrift.TRUE, thrift.FALSE):
        return not value
    if kind == thrift.BYTE:
        return draw(st.integers(0, 255))
    return value


# ---- pages -------------------------------------------------------------------------------------


def other_page(draw: st.DrawFn, data: bytes) -> bytes:
    """Change a page's header or its bytes; offsets and sizes in the footer follow."""
    body, footer = split(data)
    chunks = [column for group in _inner(footer, 4) for column in _inner(group, 1)]
    meta = next(value for number, _, value in draw(st.sampled_from(chunks)) if number == 3)
    offsets = [value for number, _, value in meta if number in (9, 11)]
    start = draw(st.sampled_from(offsets))
    reader = thrift.Reader(body, start)
    header = reader.struct()
    size = next(value for number, _, value in header if number == 3)
    page = body[reader.position : reader.position + size]
    rest = body[reader.position + size :]
    if draw(st.booleans()):
        page = damaged(draw, page)
        if draw(st.booleans()):
            header = [[number, kind, len(page) if number == 3 else value] for number, kind, value in header]
    else:
        change_struct(draw, header)
    changed = thrift.written(header) + page
    by = len(changed) - (reader.position + size - start)
    _shift(footer, start, by)
    meta[:] = [[number, kind, value + by if number == 7 else value] for number, kind, value in meta]
    return joined(body[:start] + changed + rest, thrift.written(footer))


def _inner(struct: thrift.Struct, number: int) -> list[Any]:
    return next((list(value[1]) for field, _, value in struct if field == number), [])


def _shift(footer: thrift.Struct, start: int, by: int) -> None:
    """Move what the footer places behind `start`."""
    for group in _inner(footer, 4):
        for column in _inner(group, 1):
            for field in column:
                if field[0] in (2, 4, 6) and field[1] == thrift.I64 and field[2] > start:
                    field[2] += by
                if field[0] == 3:
                    for entry in field[2]:
                        if entry[0] in (9, 10, 11) and entry[2] > start:
                            entry[2] += by


# ---- small files that hold much ------------------------------------------------------------------


def repeated_text(rows: int, length: int) -> Example:
    """Return outcomes whose rows all have one long text, which is stored once."""
    seed = seeds()[0]
    texts = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array(["y" * length]))
    arrays = {
        field.name: texts if pa.types.is_string(field.type) else pa.nulls(rows).cast(field.type)
        for field in seed.table.schema
    }
    return pair(seed, file_from(pa.table(arrays), compression="zstd", store_schema=False), rows)


def long_list(length: int) -> Example:
    """Return outcomes of one row, in which a list has so many numbers."""
    seed = next(seed for seed in seeds() if seed.target == "clir.mine")
    table = seed.table.slice(0, 1)
    at = table.column_names.index("gains")
    gains = pa.ListArray.from_arrays(pa.array([0, length], pa.int32()), pa.array(np.zeros(length, np.int32)))
    return pair(
        seed,
        file_from(table.set_column(at, "gains", gains.cast(table.schema.field(at).type)), compression="zstd"),
        1,
    )


def sound_examples() -> list[Example]:
    """Return the files that are changed, as they are."""
    harness = [pair(seed, file_of(number, 0), seed.table.num_rows) for number, seed in enumerate(seeds())]
    return harness + [
        pair(seeds()[0], file_of(0, layout), seeds()[0].table.num_rows) for layout in (1, 2, 3, 4)
    ]
