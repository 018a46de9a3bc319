"""Means over targets of XTREME, shown only where they are whole; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from harness.catalog import TARGETS
from harness.records import Target

# Group → how many of XTREME's targets it has, in the order of the groups' columns.
XTREME_GROUPS: Counter[str] = Counter(
    target.group for target in TARGETS if target.in_xtreme and target.group is not None
)


@dataclass(frozen=True)
class Average:
    """The unweighted mean of the scores of some targets in points; None while one of them has none."""

    mean: float | None
    covered: int
    of: int


def xtreme_average(scores: Iterable[tuple[Target, float]], group: str | None = None) -> Average:
    """Average what stands in XTREME, or in one of its groups; what belongs elsewhere is left out."""
    of = XTREME_GROUPS.total() if group is None else XTREME_GROUPS[group]
    counted = [score for target, score in scores if target.in_xtreme and group in (None, target.group)]
    return Average(sum(counted) / of if len(counted) == of else None, len(counted), of)
