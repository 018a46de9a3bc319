"""The data of the comparison page: each submission's scores and its differences to the others; pure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from functools import partial

import numpy as np

from harness.scoring.statistics.pairwise import differences
from site_gen.board.board import Board, Cell, Row, Standing
from site_gen.board.recipe import recipe
from site_gen.board.regimes import regime_word
from site_gen.formatting import language_name
from site_gen.once import once
from site_gen.writing.output import Output, placement_key, submission_output

LEVEL = 0.95
# With more submissions, differences would take more space than the rest of the site and are left out;
# `stiltboard diff` computes any of them.
COMPARED = 300
NAMES = "data/compare.js"

# On one target: difference in points, interval low and high, p (None where there is no test), and 1 if seeds
# were matched.
_Difference = tuple[float, float, float, float | None, int]


def compare_path(slug: str) -> str:
    """Return the path of a submission's script for the comparison page."""
    return f"data/compare/{slug}.js"


def compare_files(board: Board) -> Iterator[tuple[str, bytes]]:
    """Yield (path, bytes) of the files of `compare_outputs`."""
    return ((path, output.make()) for path, output in compare_outputs(board))


def compare_outputs(board: Board) -> Iterator[tuple[str, Output]]:
    """Yield (path, file) of scripts: one with the names of all measured submissions, and one per submission.

    They are scripts because a page opened from disk may load nothing else.
    """
    rows = [row for row in board.rows if row.cells]
    names = [[row.slug, row.submission.title] for row in rows]
    slugs = {row.slug for row in rows}
    yield (
        NAMES,
        Output(
            partial(
                _call,
                "stiltboardNames",
                names,
                [_target_description(standing) for standing in board.standings],
                {former: slug for former, slug in board.former_slugs.items() if slug in slugs},
                {code: language_name(code) for code in _languages(board)},
                [row.slug for row in board.reported],
            )
        ),
    )
    differences_by_slug = _all_differences(board) if len(rows) <= COMPARED else {}
    for row in rows:
        slug_differences = differences_by_slug.get(row.slug, {})
        yield (
            compare_path(row.slug),
            submission_output(
                row,
                partial(_compared, row, slug_differences),
                "compared",
                placement_key(row),
                repr(slug_differences),
            ),
        )


def _languages(board: Board) -> Iterator[str]:
    """Yield every language of a target that has a result, once."""
    targets = (standing.target for standing in board.standings if standing.rows)
    yield from dict.fromkeys(language for target in targets for language in target.languages)


def _compared(row: Row, slug_differences: Mapping[str, Mapping[str, _Difference]]) -> bytes:
    return _call("stiltboardCompared", row.slug, {**_description(row), "against": slug_differences})


def _call(function: str, *arguments: object) -> bytes:
    """Return a script that calls a function with these arguments, as JSON."""
    texts = [json.dumps(argument, ensure_ascii=False, separators=(",", ":")) for argument in arguments]
    return f"{function}({','.join(texts)});\n".encode()


def _target_description(standing: Standing) -> list[object]:
    return [standing.target.name, standing.target.title, standing.target.metric]


def _description(row: Row) -> dict[str, object]:
    """Return a submission's description and scores, without differences."""
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
    by_language = {language: cell.result.language_score(language) for language in cell.target.languages}
    return {
        "score": None if cell.score is None else round(cell.score, 4),
        "interval": None if interval is None or cell.score is None else list(interval),
        "reason": cell.reason,
        "languages": {
            language: round(score, 4) for language, score in by_language.items() if score is not None
        },
    }


def _all_differences(board: Board) -> Mapping[str, Mapping[str, Mapping[str, _Difference]]]:
    """Return the differences (first − second) by first slug, second slug and target."""
    all_differences: dict[str, dict[str, dict[str, _Difference]]] = {}
    for standing in board.standings:
        for slug, by_other in _target_differences(standing).items():
            for other, difference in by_other.items():
                all_differences.setdefault(slug, {}).setdefault(other, {})[standing.target.name] = difference
    return all_differences


@once
def _target_differences(standing: Standing) -> Mapping[str, Mapping[str, _Difference]]:
    """Return the differences (first − second) on one target, by first and second slug."""
    entrants = {
        row.slug: entrant for row in standing.ranked if (entrant := standing.cell(row).entrant) is not None
    }
    if len(entrants) < 2:
        return {}
    pairwise = differences(list(entrants.values()), standing.priors)
    size, half_width = 100 * pairwise.size, 100 * pairwise.half_width(LEVEL)
    ends = ((size - half_width).round(2).tolist(), (size + half_width).round(2).tolist())
    # With one training on a side nothing is said of the recipes.
    p = np.where(pairwise.recipe, pairwise.p, np.nan)
    parts = (size.round(2).tolist(), *ends, p.tolist(), pairwise.matched.astype(int).tolist())
    slugs = list(entrants)
    return {
        slug: {
            other: (difference, low, high, None if math.isnan(p) else float(f"{p:.3g}"), matched)
            for other, difference, low, high, p, matched in zip(slugs, *columns, strict=True)
            if other != slug
        }
        for slug, *columns in zip(slugs, *parts, strict=True)
    }
