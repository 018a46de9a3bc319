"""The names of regimes; pure."""

from __future__ import annotations

from harness.records import Regime

REGIME_NAMES = {
    Regime.NONE: "no intermediate training",
    Regime.ENGLISH: "English-only",
    Regime.MULTILINGUAL: "multilingual",
}


def regime_word(regime: Regime) -> str:
    """Return the short name of a regime for a table cell."""
    return "none" if regime is Regime.NONE else REGIME_NAMES[regime]
