"""Labels of targets: part of the XTREME average, of another benchmark, or of none; pure."""

from __future__ import annotations

from dataclasses import dataclass

from harness.catalog import is_own
from harness.records import Retirement, Target
from harness.scoring.tables import TABLES


@dataclass(frozen=True)
class TargetLabel:
    """A target's `tag` (a word or two), `note` (sentences), empty in XTREME, and its title's `kicker`."""

    tag: str
    kicker: str
    note: str


def target_label(target: Target) -> TargetLabel:
    """Return the label of a target, so that its scores are not mistaken for XTREME's."""
    kind = TABLES[target.kind].title
    if target.retired is not None:
        return TargetLabel("retired", f"Retired target, {kind}", _retired_note(target.retired))
    if target.in_xtreme:
        return TargetLabel("", f"XTREME target, {kind}", "")
    return _separate_label(target, kind)


def _separate_label(target: Target, kind: str) -> TargetLabel:
    """Return the label of a target outside the XTREME average."""
    separate_note = "Shown separately, with its own ranks, and never averaged with XTREME."
    if target.demonstration:
        return TargetLabel("demonstration", "Demonstration, outside every benchmark", separate_note)
    if has_oracle(target):
        note = (
            "The threshold is an oracle, chosen on the scored gold pairs: an upper bound, "
            "never shown in one column with scores at a real threshold."
        )
        return TargetLabel("upper bound", f"Oracle threshold, outside every benchmark, {kind}", note)
    if is_own(target.name):
        note = "Text provided by a user; ranks compare only rows measured on the same text."
        return TargetLabel("user-provided text", f"User-provided text, outside every benchmark, {kind}", note)
    if target.benchmark is not None:
        return TargetLabel(
            target.benchmark, f"{target.benchmark} target, outside the XTREME average, {kind}", separate_note
        )
    return TargetLabel("outside XTREME", f"Outside every benchmark, {kind}", separate_note)


def _retired_note(retired: Retirement) -> str:
    replaced = f" {retired.superseded_by} replaces it." if retired.superseded_by else ""
    reason = retired.reason.rstrip(".")
    return (
        f"Retired on {retired.date}: {reason}.{replaced} Its results and ranks stay as they are, and count "
        "towards no average."
    )


def has_oracle(target: Target) -> bool:
    """Tell whether the threshold was chosen on the scored gold pairs."""
    return "oracle threshold" in target.options
