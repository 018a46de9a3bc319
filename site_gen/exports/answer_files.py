"""The answer to the board's question as data: its lines and numbers as JSON, gaps by size as CSV; pure."""

from __future__ import annotations

import json

from site_gen.board.answer_lines import answer_lines
from site_gen.board.board import Board, Standing
from site_gen.board.gap import Gap, SizeGap, gaps
from site_gen.exports.csv_tables import Value, csv_lines

FORMAT = 1
_HEADER = (
    "target", "family", "recipe", "parameters", "english", "multilingual", "points", "low", "high", "p",
    "decided",
)  # fmt: skip


def answer_json(board: Board) -> bytes:
    """Return what every target with a gap says: the lines of its page, and the gaps with their trend."""
    document = {
        "format": FORMAT,
        "targets": {
            standing.target.name: answer for standing in board.standings if (answer := _answer(standing))
        },
    }
    return f"{json.dumps(document, ensure_ascii=False, indent=1)}\n".encode()


def _answer(standing: Standing) -> dict[str, object] | None:
    told = answer_lines(standing)
    if told is None:
        return None
    return {
        "sentence": told.sentence,
        "basis": told.basis,
        "lines": [{"state": line.state, "about": line.about, "text": line.text} for line in told.lines],
        "gaps": [_gap(gap) for gap in gaps(standing)],
    }


def _gap(gap: Gap) -> dict[str, object]:
    trend = gap.trend
    return {
        "family": gap.family,
        "recipe": gap.recipe,
        "sizes": [
            {
                "parameters": size.parameters,
                "english": size.english.slug,
                "multilingual": size.multilingual.slug,
                **_numbers(size.points, size.interval, size.p),
                "p_all_sizes": round(together, 6),
                "decided": size in gap.real,
            }
            for size, together in zip(gap.sizes, gap.p_together, strict=True)
        ],
        "per_doubling": _numbers(trend.points, trend.interval, trend.p) if trend is not None else None,
    }


def _numbers(points: float, interval: tuple[float, float], p: float) -> dict[str, object]:
    return {"points": round(points, 4), "interval": [round(bound, 4) for bound in interval], "p": round(p, 6)}


def gaps_csv(board: Board) -> bytes:
    """Return one line for each gap: multilingual − English-only in points, with interval and p."""
    lines = [
        _line(standing, gap, size)
        for standing in board.standings
        for gap in gaps(standing)
        for size in gap.sizes
    ]
    return csv_lines((_HEADER, *lines))


def _line(standing: Standing, gap: Gap, size: SizeGap) -> list[Value]:
    low, high = size.interval
    return [
        standing.target.name,
        gap.family,
        gap.recipe,
        size.parameters,
        size.english.slug,
        size.multilingual.slug,
        round(size.points, 4),
        round(low, 4),
        round(high, 4),
        round(size.p, 6),
        "yes" if size in gap.real else "no",
    ]
