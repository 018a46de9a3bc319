"""What a target shows on the board's question: which regimes can be compared in which families; pure."""

from __future__ import annotations

from dataclasses import dataclass

from harness.records import Regime
from site_gen.board.board import Standing


@dataclass(frozen=True)
class Evidence:
    """The evidence of a target on the board's question, which needs both regimes within one family."""

    trained: tuple[Regime, ...]  # of English-only and multilingual, those with a ranked row
    families: tuple[str, ...]  # that have ranked rows of both


def evidence(standing: Standing) -> Evidence:
    """Return which regimes have ranked rows, and in which families they can be compared."""
    trained = (Regime.ENGLISH, Regime.MULTILINGUAL)
    pairs = {(row.submission.family, row.regime) for row in standing.ranked}
    families = sorted({family for family, _ in pairs if all((family, regime) in pairs for regime in trained)})
    return Evidence(
        tuple(regime for regime in trained if any(regime == ranked_regime for _, ranked_regime in pairs)),
        tuple(families),
    )
