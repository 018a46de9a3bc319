"""Every score of a target as CSV: one line per submission, seed and language; pure."""

from __future__ import annotations

from collections.abc import Iterator

from harness.records import Target
from site_gen.board.whole import WholeCell
from site_gen.exports.csv_tables import Value, csv_lines
from site_gen.formatting import language_name


def by_language_header(target: Target) -> bytes:
    """Return the header line of a target's file."""
    header = [
        "submission", "seed", "language", "language_name",
        target.metric, "interval_low", "interval_high", "n",
        *target.secondary, *target.quantities, "failed",
    ]  # fmt: skip
    return csv_lines((header,))


def by_language_lines(slug: str, cell: WholeCell) -> bytes:
    """Return the lines of one submission, without the header."""
    return csv_lines(_lines(slug, cell))


def _lines(slug: str, cell: WholeCell) -> Iterator[list[Value]]:
    target = cell.target
    for checkpoint in cell.result.checkpoints:
        for language in target.languages:
            score, failed = checkpoint.scores.get(language), checkpoint.failed.get(language, "")
            if score is None and not failed:
                continue
            prefix: list[Value] = [slug, checkpoint.seed, language, language_name(language)]
            blank: list[Value] = [None] * (4 + len(target.secondary) + len(target.quantities))
            numbers: list[Value] = blank if score is None else [
                score.score, *score.interval, score.n,
                *(score.secondary.get(name) for name in target.secondary),
                *(score.quantities.get(name) for name in target.quantities),
            ]  # fmt: skip
            yield [*prefix, *numbers, failed]
