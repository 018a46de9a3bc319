"""Where a row was first shown, if it was brought in from another board."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

from harness.records.record import Record
from harness.records.scalars import Day, Line, Link, Revision, Slug, nullable


class RowOrigin(Record):
    """The board that a row was imported from, the row's slug there, the day, and the board's commit.

    `commit` is None where the files came from outside of git.
    """

    board: Line
    slug: Slug
    date: Day
    url: Annotated[Link | None, BeforeValidator(nullable)] = None
    commit: Annotated[Revision | None, BeforeValidator(nullable)] = None
