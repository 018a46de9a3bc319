"""Trained rows against the same encoder without intermediate training, size by size; pure."""

from __future__ import annotations

from collections.abc import Mapping

from harness.records import Regime
from site_gen.board.board import Row, Standing
from site_gen.board.gap import Gap, size_gap


def baselines(standing: Standing, gap: Gap) -> Mapping[Regime, Gap]:
    """Return for both regimes of a gap the differences trained − no intermediate training, by size.

    The two sides are of one family and size and are encoded alike; a size without such an untrained row is
    left out, and a regime without any size too.
    """
    untrained = {
        _encoder(standing, row): row for row in reversed(standing.ranked) if row.regime is Regime.NONE
    }
    found: dict[Regime, Gap] = {}
    for regime in (Regime.ENGLISH, Regime.MULTILINGUAL):
        trained = [size.english if regime is Regime.ENGLISH else size.multilingual for size in gap.sizes]
        pairs = [(untrained.get(_encoder(standing, row)), row) for row in trained]
        sizes = tuple(size_gap(standing, start, row) for start, row in pairs if start is not None)
        if sizes:
            found[regime] = Gap(gap.family, gap.recipe, sizes, None)
    return found


def _encoder(standing: Standing, row: Row) -> tuple[str, int, str]:
    cell = standing.cell(row)
    size = cell.parameters.body if cell.parameters else 0
    return row.submission.family, size, str(cell.result.signature)
