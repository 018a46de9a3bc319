"""Read data sets from the Hugging Face Hub: the only importer of `datasets`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.data.json_files import typed
from harness.data.raw_files import lfs_pointers
from harness.errors import BadInput, Unreachable, Where
from harness.git_lfs import unfetched

XTREME_HUB = "google/xtreme"
DAMAGED_ON_HUB = "report it to the owners of the data set on the Hub"


def load_rows(repository: str, name: str, split: str, *, cure: str) -> Any:
    """Return the rows of one configuration and split, indexed by column; `cure` offers an alternative.

    Raises Unreachable without a network, BadInput for every other error of the Hub or its data, and for a
    local clone of which Git LFS has fetched no data.
    """
    from datasets import load_dataset  # noqa: PLC0415 - heavy
    from datasets.exceptions import DatasetsError  # noqa: PLC0415

    try:
        return load_dataset(repository, name, split=split)
    except (DatasetsError, OSError, ValueError) as reason:
        if Path(repository).is_dir() and (pointers := lfs_pointers(Path(repository))):
            raise unfetched(pointers[0]) from reason
        first_line = str(reason).strip().partition("\n")[0]
        error = Unreachable if isinstance(reason, ConnectionError) else BadInput
        raise error(
            f"{repository} {name} cannot be loaded: {type(reason).__name__}: {first_line}",
            cure=f"check the network (HF_HUB_OFFLINE), or {cure}",
        ) from reason


def columns(rows: Any, source: str, kinds: Mapping[str, type], *, cure: str) -> list[list[Any]]:
    """Return the columns of a data set's rows that `kinds` names; a missing value is None.

    Raises BadInput for a column that the data set does not have, and, with its row, for a value of another
    type.
    """
    if missing := [name for name in kinds if name not in rows.column_names]:
        present = ", ".join(rows.column_names)
        raise BadInput(f"{source} has no column {missing[0]!r}, only {present}", cure=cure)

    table = rows.select_columns(list(kinds))[:]

    def checked(value: object, name: str, row: int) -> object:
        return None if value is None else typed(value, kinds[name], Where(source, row), repr(name))

    return [[checked(value, name, row) for row, value in enumerate(table[name], start=1)] for name in kinds]
