"""What a target is, in words: part of XTREME's average, of another benchmark, or outside every one; pure."""

from __future__ import annotations

from dataclasses import dataclass

from harness.catalog import is_own
from harness.records import Target
from harness.scoring.tables import TABLES


@dataclass(frozen=True)
class Place:
    """Where a target stands: `tag` in a word or two, `kicker` above its title, `note` in a sentence; empty within XTREME."""

    tag: str
    kicker: str
    note: str


def place(target: Target) -> Place:
    """Say where a target stands, so that nobody takes its scores for XTREME's."""
    kind = TABLES[target.kind].title
    apart = "Shown apart, with ranks of its own, and never averaged with XTREME."
    if target.in_xtreme:
        return Place("", f"XTREME target, {kind}", "")
    if target.demonstration:
        return Place("demonstration", "Demonstration, outside every benchmark", apart)
    if has_oracle(target):
        note = "The threshold is an oracle's, chosen on the gold that is scored: an upper bound, in no column with scores of a real threshold."
        return Place("upper bound", f"Oracle threshold, outside every benchmark, {kind}", note)
    if is_own(target.name):
        note = "Text that somebody brought; ranks compare rows on the same text only."
        return Place("own text", f"Somebody's own text, outside every benchmark, {kind}", note)
    if target.benchmark is not None:
        return Place(
            target.benchmark, f"{target.benchmark} target, outside the XTREME average, {kind}", apart
        )
    return Place("outside XTREME", f"Outside every benchmark, {kind}", apart)


def has_oracle(target: Target) -> bool:
    """Tell whether the threshold was chosen on the gold that is scored."""
    return "oracle threshold" in target.options
