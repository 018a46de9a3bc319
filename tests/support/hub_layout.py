"""Data sets with the files that they have on the Hub."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Configurations = Mapping[str, Mapping[str, Mapping[str, Sequence[Any]]]]
"""Configuration → split → column → values."""


def data_set(configurations: Configurations, features: str = "") -> dict[str, bytes]:
    """Return the files of a data set: Parquet, and a README.md that says which are whose, with `features` if any."""
    files, lines = {}, ["---", "configs:"]
    for name, splits in configurations.items():
        lines += [f"- config_name: {name}", "  data_files:"]
        for split, columns in splits.items():
            parquet = io.BytesIO()
            pq.write_table(pa.table(dict(columns)), parquet)
            files[f"{name}/{split}-00000-of-00001.parquet"] = parquet.getvalue()
            lines += [f"  - split: {split}", f"    path: {name}/{split}-*"]
    readme = "\n".join([*lines, *([features] if features else []), "---", ""])
    return {"README.md": readme.encode(), **files}
