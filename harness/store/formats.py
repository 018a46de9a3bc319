"""Read records of every format that this project has ever written.

A record's `schema` is the number of its format. A format changes only where an older reader would
misunderstand a file: a new optional key needs no new number. For each change there is one upgrade, which
turns the plain YAML of one format into that of the next, and needs no other file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from harness.errors import Fault
from harness.records import Record, Result, Sweep
from harness.store.yaml.parser import YamlDocument

_Fields = dict[str, Any]
Upgrade = Callable[[_Fields], _Fields]


def _list_of_runs(fields: _Fields) -> _Fields:
    """Format 2 of results and sweeps: a list of runs, each with the cells that it measured."""
    upgraded = {name: value for name, value in fields.items() if name != "run"}
    run = fields.get("run", {})
    if isinstance(run, dict):
        # The speed is the quotient of two other values.
        run = {name: value for name, value in run.items() if name != "sentences_per_second"}
    return upgraded | {"runs": [run] if run else []}


# The first upgrade of a kind of record turns its format 1 into format 2.
UPGRADES: Mapping[type[Record], tuple[Upgrade, ...]] = {
    Result: (_list_of_runs,),
    Sweep: (_list_of_runs,),
}


def current_format(record: type[Record]) -> int:
    """Return the number of the format that this version writes."""
    return 1 + len(UPGRADES.get(record, ()))


def format_of(document: YamlDocument) -> int | None:
    """Return the number of a document's format; None where it states none, which validation then reports."""
    schema = document.value.get("schema") if isinstance(document.value, dict) else None
    return int(schema) if isinstance(schema, str) and re.fullmatch(r"[1-9][0-9]{0,3}", schema) else None


def newer_format(record: type[Record], document: YamlDocument) -> Fault | None:
    """Return the fault that a document was written by a newer version, or None."""
    number, current = format_of(document), current_format(record)
    if number is None or number <= current:
        return None
    return Fault(
        f"schema: found format {number}, and this version of stiltboard reads formats up to {current}",
        document.where(("schema",)),
        "install the version of stiltboard that wrote it, or a newer one",
    )


def upgraded(record: type[Record], document: YamlDocument) -> YamlDocument:
    """Return a document in the current format; positions remain those of the file."""
    number, current = format_of(document), current_format(record)
    if number is None or number >= current or not isinstance(document.value, dict):
        return document
    fields: _Fields = dict(document.value)
    for upgrade in UPGRADES[record][number - 1 :]:
        fields = upgrade(fields)
    return replace(document, value={**fields, "schema": str(current)})
