"""What the page that compares submissions loads: of each its scores, and how far they are from the others'; pure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from functools import partial

from scipy.special import stdtrit

from harness.scoring.statistics.pairwise import differences
from site_gen.board.board import Board, Cell, Row, Standing
from site_gen.board.recipe import recipe
from site_gen.figures.style import regime_word
from site_gen.once import once
from site_gen.writing.output import Output, kept, placing

LEVEL = 0.95
# With more submissions their differences would take more room than the rest of the site: `stiltboard diff`
# has them all.
COMPARED = 300
NAMES = "data/compare.js"

# Of one target: points, the ends of their interval, p (None where nothing may be said), and 1 where seeds
# were matched.
_Difference = tuple[float, float, float, float | None, int]


def compare_path(slug: str) -> str:
    """Return where what is compared of a submission stands within the site."""
    return f"data/compare/{slug}.js"


def compare_files(board: Board) -> Iterator[tuple[str, bytes]]:
    """Yield (path, bytes) of what `compare_outputs` yields."""
    return ((path, output.make()) for path, output in compare_outputs(board))


def compare_outputs(board: Board) -> Iterator[tuple[str, Output]]:
    """Yield (path, file) of scripts: the names of all measured submissions, and one a submission.

    A page opened from disk may load scripts, and nothing else.
    """
    rows = [row for row in board.rows if row.cells]
    names = [[row.slug, row.submission.title] for row in rows]
    yield NAMES, Output(partial(_call, "stiltboardNames", names, [_about(each) for each in board.standings]))
    between = _between(board) if len(rows) <= COMPARED else {}
    for row in rows:
        against = between.get(row.slug, {})
        yield (
            compare_path(row.slug),
            kept(row, partial(_compared, row, against), "compared", placing(row), repr(against)),
        )


def _compared(row: Row, against: Mapping[str, Mapping[str, _Difference]]) -> bytes:
    return _call("stiltboardCompared", row.slug, {**_own(row), "against": against})


def _call(function: str, *given: object) -> bytes:
    return f"{function}({','.join(json.dumps(each, ensure_ascii=False, separators=(',', ':')) for each in given)});\n".encode()


def _about(standing: Standing) -> list[object]:
    return [standing.target.name, standing.target.title, standing.target.metric]


def _own(row: Row) -> dict[str, object]:
    """Return what a submission says of itself."""
    size = row.parameters
    return {
        "title": row.submission.title,
        "family": row.submission.family,
        "regime": regime_word(row.regime),
        "recipe": recipe(row.submission),
        "seeds": len(row.submission.checkpoints),
        "body": size.body if size else None,
        "total": size.total if size else None,
        "targets": {name: _scores(cell) for name, cell in row.cells.items()},
    }


def _scores(cell: Cell) -> dict[str, object]:
    interval = cell.result.interval
    found = {language: cell.result.language_score(language) for language in cell.target.languages}
    return {
        "score": None if cell.score is None else round(cell.score, 4),
        "interval": None if interval is None or cell.score is None else list(interval),
        "reason": cell.reason,
        "languages": {language: round(score, 4) for language, score in found.items() if score is not None},
    }


def _between(board: Board) -> Mapping[str, Mapping[str, Mapping[str, _Difference]]]:
    """Return by submission, by the other one and by target, the first's score − the other's."""
    found: dict[str, dict[str, dict[str, _Difference]]] = {}
    for standing in board.standings:
        for first, others in _on_target(standing).items():
            for other, difference in others.items():
                found.setdefault(first, {}).setdefault(other, {})[standing.target.name] = difference
    return found


@once
def _on_target(standing: Standing) -> Mapping[str, Mapping[str, _Difference]]:
    """Return of one target by submission and by the other one the first's score − the other's."""
    entrants = {
        row.slug: entrant for row in standing.ranked if (entrant := standing.cell(row).entrant) is not None
    }
    if len(entrants) < 2:
        return {}
    between = differences(list(entrants.values()))
    size, half = 100 * between.size, 100 * stdtrit(between.freedom, 0.5 + LEVEL / 2) * between.error
    ends = ((size - half).round(2).tolist(), (size + half).round(2).tolist())
    parts = (size.round(2).tolist(), *ends, between.p.tolist(), between.matched.astype(int).tolist())
    slugs = list(entrants)
    return {
        slug: {
            other: (away, low, high, None if math.isnan(p) else float(f"{p:.3g}"), matched)
            for other, away, low, high, p, matched in zip(slugs, *lines, strict=True)
            if other != slug
        }
        for slug, *lines in zip(slugs, *parts, strict=True)
    }
