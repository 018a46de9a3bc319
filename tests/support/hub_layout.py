"""Folders that lie as a data set lies on the Hub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


def lay_out(
    root: Path, configs: Mapping[str, Mapping[str, Mapping[str, Sequence[Any]]]], features: str = ""
) -> Path:
    """Lay out configuration → split → columns as a repository lies on the Hub; the same call opens the folder."""
    lines = ["---", "configs:"]
    for name, splits in configs.items():
        lines += [f"- config_name: {name}", "  data_files:"]
        for split, columns in splits.items():
            path = root / name / f"{split}-00000-of-00001.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.table(dict(columns)), path)
            lines += [f"  - split: {split}", f"    path: {name}/{split}-*"]
    (root / "README.md").write_text("\n".join([*lines, *([features] if features else []), "---", ""]))
    return root
