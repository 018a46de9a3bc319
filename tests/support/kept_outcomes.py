"""Boards that keep their outcomes outside git."""

from __future__ import annotations

import hashlib
from pathlib import Path

from harness.records.outcome_settings import kept_name


def move_outcomes(submissions: Path, store: Path, where: str = "", more: str = "") -> dict[str, Path]:
    """Move every outcomes file of a board into a folder by digest, and say so in its stiltboard.yaml.

    Returns the new path of each file by its path in `submissions`. `where` is what the settings name, by
    default the folder itself.
    """
    moved = {}
    for path in sorted(submissions.rglob("*.parquet")):
        data = path.read_bytes()
        new = store / kept_name(hashlib.sha256(data).hexdigest())
        new.parent.mkdir(parents=True, exist_ok=True)
        new.write_bytes(data)
        path.unlink()
        moved[path.relative_to(submissions).as_posix()] = new
    settings = submissions.parent / "stiltboard.yaml"
    text = settings.read_text() if settings.exists() else "schema: 1\n"
    settings.write_text(f"{text}outcomes: {{where: '{where or store}'{more}}}\n")
    return moved
