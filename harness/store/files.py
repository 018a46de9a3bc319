"""Read files, write them atomically, and convert between text and records."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from harness.characters import shown, visible
from harness.errors import BadInput, Fault, Unwritable, Where
from harness.records import Notices, Record, Tombstone, Training
from harness.store.consistency import Inconsistency
from harness.store.formats import newer_format, upgraded
from harness.store.yaml.parser import YamlDocument, parse, refuse
from harness.store.yaml.schema_errors import schema_faults

_AnyRecord = TypeVar("_AnyRecord", bound=Record)
_OfSubmission = TypeVar("_OfSubmission", Notices, Tombstone, Training)


def no_link(path: Path) -> None:
    """Raise BadInput for a symbolic link, whose target may be anywhere."""
    if path.is_symlink():
        refuse([link_fault(path)])


def link_fault(path: Path) -> Fault:
    """Return the fault that a path is a symbolic link."""
    return Fault("found a symbolic link", Where(str(path)), "put the files themselves there")


def read_file(path: Path, limit: int | None, cure: str) -> bytes:
    """Read a regular file, at most one byte more than `limit`; raises BadInput for anything else."""
    no_link(path)
    if not path.is_file():
        raise BadInput(
            "the file does not exist" if not path.exists() else "not a file",
            where=Where(str(path)),
            cure=cure,
        )
    with path.open("rb") as file:
        # Reading with a limit allocates all of it, half a gigabyte for a file of kilobytes.
        return file.read() if limit is None else file.read(min(limit, os.fstat(file.fileno()).st_size) + 1)


def replace_file(path: Path, data: bytes) -> None:
    """Replace a file atomically: write a temporary file in its folder, flush it to disk, and rename it.

    The caller's lock protects the temporary name. Raises Unwritable if writing fails, as on a full disk; the
    old file is then unchanged, and the temporary file removed.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.unlink(missing_ok=True)
        with partial.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as reason:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        cure = "free space, or make the folder writable; what was there is kept, and the same command goes on"
        raise Unwritable(f"{path} cannot be written: {reason.strerror}", cure=cure) from reason


# ---- records and text --------------------------------------------------------------------------


def typed(
    record: type[_AnyRecord], document: YamlDocument, faults: list[Fault], cure: str = ""
) -> _AnyRecord | None:
    """Read a document of any format as a record; on failure, add the faults to `faults` and return None."""
    if newer := newer_format(record, document):
        faults.append(newer)
        return None
    document = upgraded(record, document)
    try:
        return record.model_validate(document.value)
    except ValidationError as error:
        faults += schema_faults(error, document, record, cure)
        return None


def parse_of_submission(
    record: type[_OfSubmission], data: bytes, file: str, slug: str, cure: str
) -> _OfSubmission:
    """Parse and check a record that must name the slug of its folder; raises BadInput with every fault."""
    document = parse(data, file)
    faults: list[Fault] = []
    read = typed(record, document, faults, cure)
    if read is not None and read.submission != slug:
        message = f"submission: expected {slug} as in the file's path, found {shown(read.submission)}"
        faults.append(Fault(message, document.where(("submission",)), cure))
    if read is None or faults:
        refuse(faults)
    return read


def located(findings: Iterable[Inconsistency], document: YamlDocument, cure: str = "") -> list[Fault]:
    """Turn inconsistencies into faults with line and column; `cure` is used where they have none."""
    return [
        Fault(finding.message, document.where(finding.path, key=finding.key), finding.cure or cure)
        for finding in findings
    ]


def plain(record: Record) -> dict[str, object]:
    """Return a result or sweep for `dump`: points rounded to four decimals, text made visible."""
    rounded = _writable(record.model_dump(by_alias=True), decimals=4)
    assert isinstance(rounded, dict)
    return rounded


def plain_record(record: Record) -> object:
    """Return any other record for `dump`: without None, text made visible."""
    return _writable(record.model_dump(by_alias=True, exclude_none=True, mode="json"), decimals=None)


def _writable(value: object, decimals: int | None) -> object:
    if isinstance(value, Mapping):
        return {visible(str(key)): _writable(inner, decimals) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_writable(inner, decimals) for inner in value]
    if isinstance(value, float) and decimals is not None:
        return round(float(value), decimals)
    return visible(value) if isinstance(value, str) else value
