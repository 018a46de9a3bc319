"""Where a case is tried: a folder of its own, the toy encoder, and a board with landed submissions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.support.pull_requests import Repository


@dataclass(frozen=True)
class Setting:
    """What a case may use; `board` has a submission of ada's with a result, `mine`, and one of bob's, `theirs`."""

    folder: Path
    toy: Path
    board: Repository


# A case raises where something legitimate is refused.
Case = Callable[[Setting], None]
