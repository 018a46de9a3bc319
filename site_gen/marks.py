"""How a curve looks, in the interactive chart and in the drawn one alike."""

from __future__ import annotations

from dataclasses import dataclass

from harness.records import Regime


@dataclass(frozen=True)
class Mark:
    """Colour, dash and symbol together, so that no regime is told apart by colour alone."""

    colour: str
    dash: str  # in pixels, as both Plotly and SVG take it; empty is solid
    symbol: str  # Plotly's name


# Three of the colours of Okabe and Ito (2008) that keep 3:1 against the page in light and dark.
REGIME_MARKS = {
    Regime.NONE: Mark("#009E73", "2 5", "square"),
    Regime.ENGLISH: Mark("#D55E00", "9 5", "diamond"),
    Regime.MULTILINGUAL: Mark("#0072B2", "", "circle"),
}
REGIME_NAMES = {
    Regime.NONE: "no intermediate training",
    Regime.ENGLISH: "English-only",
    Regime.MULTILINGUAL: "multilingual",
}
