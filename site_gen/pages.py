"""PAGES: one entry per kind of page: its template, and the (path, context) of each page of that kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from harness.records import Regime
from site_gen.curves import Figure, recipe, scaling_figure
from site_gen.drawing import Drawing, draw
from site_gen.figures import figure_json, guarded_id
from site_gen.leaderboard import XTREME_TARGETS, Board, Cell, Row, Standing
from site_gen.marks import REGIME_MARKS, REGIME_NAMES

Context = Mapping[str, object]


@dataclass(frozen=True)
class PageKind:
    """How one kind of page is made."""

    template: str
    pages: Callable[[Board, str], Iterator[tuple[str, Context]]]


@dataclass(frozen=True)
class Chart:
    """One figure twice: drawn now, and as what Plotly draws in the browser."""

    figure: Figure
    drawing: Drawing
    json: str


@dataclass(frozen=True)
class LanguageLine:
    """One language of one submission on one target, over its seeds."""

    code: str
    score: float | None
    seeds: tuple[tuple[int, float, tuple[float, float]], ...]  # (seed, score, interval)
    n: int | None
    secondary: Mapping[str, float]
    failures: tuple[tuple[int, str], ...]  # (seed, reason)


def chart(standing: Standing) -> Chart | None:
    """Make a target's scaling figure, or None while there is nothing to draw."""
    figure = scaling_figure(standing)
    return Chart(figure, draw(figure), figure_json(figure)) if figure else None


def language_lines(cell: Cell) -> tuple[LanguageLine, ...]:
    """Line up a result's languages in the order of the protocol."""
    return tuple(_language_line(cell, language) for language in cell.target.languages)


@dataclass(frozen=True)
class Evidence:
    """What a target has to say about the question, which needs both regimes within one family."""

    trained: tuple[Regime, ...]  # of English-only and multilingual, those with a ranked row
    families: tuple[str, ...]  # that have ranked rows of both


def evidence(standing: Standing) -> Evidence:
    """Find which regimes have ranked rows, and in which families they can be compared."""
    trained = (Regime.ENGLISH, Regime.MULTILINGUAL)
    found = {(row.submission.family, row.regime) for row in standing.ranked}
    families = sorted({family for family, _ in found if all((family, regime) in found for regime in trained)})
    return Evidence(tuple(regime for regime in trained if any(regime == other for _, other in found)), tuple(families))


def _language_line(cell: Cell, language: str) -> LanguageLine:
    measured = [(c.seed, c.scores[language]) for c in cell.result.checkpoints if language in c.scores]
    secondary = {
        name: sum(score.secondary[name] for _, score in measured) / len(measured)
        for name in cell.target.secondary
        if measured and all(name in score.secondary for _, score in measured)
    }
    return LanguageLine(
        language,
        cell.result.language_score(language),
        tuple((seed, score.score, score.interval) for seed, score in measured),
        measured[0][1].n if measured else None,
        secondary,
        tuple((c.seed, c.failed[language]) for c in cell.result.checkpoints if language in c.failed),
    )


def _common(board: Board, base_url: str, path: str, current: str) -> dict[str, object]:
    return {
        "board": board,
        "root": "../" * path.count("/"),
        "canonical": f"{base_url}{'' if path == 'index.html' else path}" if base_url else "",
        "current": current,
        "guarded_id": guarded_id(),
        "regime_marks": REGIME_MARKS,
        "regime_names": REGIME_NAMES,
        "xtreme_targets": XTREME_TARGETS,
        "recipe": recipe,
    }


def _front(board: Board, base_url: str) -> Iterator[tuple[str, Context]]:
    path = "index.html"
    extra = {
        "chart": chart(board.main),
        "evidence": evidence(board.main),
        "benchmark_rows": _benchmark_rows(board),
    }
    yield path, {**_common(board, base_url, path, "front"), **extra}


def _benchmark_rows(board: Board) -> tuple[Row, ...]:
    """Return the rows of the leaderboard in the order of the main target, then those that only have another."""
    first = board.benchmark[0].rows
    return (*first, *(row for row in board.rows if row.evaluated and row not in first))


def _submissions(board: Board, base_url: str) -> Iterator[tuple[str, Context]]:
    for row in board.rows:
        path = f"submissions/{row.slug}.html"
        lines = {name: language_lines(cell) for name, cell in row.cells.items()}
        yield path, {**_common(board, base_url, path, "submission"), "row": row, "lines": lines}


def _targets(board: Board, base_url: str) -> Iterator[tuple[str, Context]]:
    for standing in board.standings:
        path = f"targets/{standing.target.name}.html"
        extra = {"standing": standing, "target": standing.target, "chart": chart(standing), "evidence": evidence(standing)}
        yield path, {**_common(board, base_url, path, standing.target.name), **extra}


def _not_found(board: Board, base_url: str) -> Iterator[tuple[str, Context]]:
    """Serve any address that does not exist, at any depth: only this page needs to know where the site's root is."""
    path = "404.html"
    yield path, {**_common(board, "", path, "missing"), "root": urlsplit(base_url).path}


PAGES = (
    PageKind("front.html", _front),
    PageKind("submission.html", _submissions),
    PageKind("target.html", _targets),
    PageKind("404.html", _not_found),
)
