"""How a target changed since results were measured on it: corrected text, fixed protocol, retirement."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.records.record import Record
from harness.records.scalars import Count, Day, Line, Tag


class FormerPin(Record):
    """The fingerprint of a text that was official until a day, and why it was corrected.

    `digest` has 64 hexadecimal digits; `n` is the number of examples of that text, where it was another.
    """

    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    until: Day
    reason: Line
    n: Count | None = None


class ProtocolChange(Record):
    """A version of a protocol: since when, and what it fixed.

    With `rescores` its scores follow from outcomes of the version before; otherwise texts have to be encoded
    or predicted again.
    """

    version: Annotated[int, Field(ge=2)]
    date: Day
    reason: Line
    rescores: bool = False


class Retirement(Record):
    """Since when a target is no longer used and why; `superseded_by` is the target that replaces it."""

    date: Day
    reason: Line
    superseded_by: Tag | None = None
