"""The side of a comparison that a person names: a slug, a folder, one result, or a slug at a revision."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.store import Side


def read_side(name: str, submissions: Path, *, whole: bool = False) -> Side:
    """Read a side by the name that a person gave; what is on this machine comes before git.

    With `whole` its outcomes have all columns, not only those that scores are computed from.
    """
    from harness.store import (
        SUBMISSION_FILE,
        existing_submission,
        load_side,
        load_side_at,
        split_revision,
    )
    from harness.store.folder_contents import every_column
    from harness.store.sides import scored_columns

    columns = every_column if whole else scored_columns

    try:
        revision = None if Path(name).exists() else split_revision(name)
    except OSError:  # the name is too long for a file
        revision = split_revision(name)
    if revision:
        return load_side_at(*revision, submissions, columns)
    single = Path(name).suffix == ".yaml" and Path(name).name != SUBMISSION_FILE
    return load_side(name if single else existing_submission(name, submissions), columns)
