"""PAGES: one entry per kind of page: its template, and the (path, context) of each page of that kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from markupsafe import Markup

from harness.catalog import is_own
from harness.records import Regime
from site_gen import paths
from site_gen.board.averages import XTREME_GROUPS
from site_gen.board.board import Board, Row, Standing
from site_gen.board.by_language import LISTED, LanguageStanding, Placed, language_boards, language_paths
from site_gen.board.families import Family, families, family_path
from site_gen.board.gap import Gap, gaps
from site_gen.board.recipe import recipe
from site_gen.exports import model_card
from site_gen.figures.chart import Chart, make_chart
from site_gen.figures.gap import gap_figure
from site_gen.figures.plotly_json import guarded_id
from site_gen.figures.scaling import scaling_figure
from site_gen.figures.scaling_choices import choices
from site_gen.figures.style import REGIME_MARKS, REGIME_NAMES
from site_gen.once import once
from site_gen.pages.board_rows import benchmark_rows, shown_groups, shown_targets
from site_gen.pages.citation import board_citation, entry_citation
from site_gen.pages.compare_data import NAMES
from site_gen.pages.pagination import PAGE_ROWS, linked_parts
from site_gen.writing.output import declared, key_of, placing, reported_inputs, standing_inputs

Context = Mapping[str, object]

# What every page leads to: the name that a page calls its part of the site by, the path, and the words.
NAVIGATION = (
    ("front", "index.html", "Leaderboard"),
    ("targets", "targets.html", "Targets"),
    ("languages", "languages.html", "Languages"),
    ("families", "families.html", "Families"),
    ("compare", "compare.html", "Compare"),
    ("about", "about.html", "About"),
)


@dataclass(frozen=True)
class Kept:
    """A page that need not be made again while its `inputs` are the same: all that its context depends on."""

    inputs: tuple[object, ...]
    context: Callable[[], Context]


@dataclass(frozen=True)
class PageKind:
    """How one kind of page is made."""

    template: str
    pages: Callable[[Board, str], Iterator[tuple[str, Context | Kept]]]


@once
def scaling_chart(standing: Standing) -> Chart | None:
    """Make a target's scaling figure with its choices, or None while there is nothing to draw."""
    return make_chart(scaling_figure(standing), choices(standing))


def gap_chart(standing: Standing, found: Sequence[Gap]) -> Chart | None:
    """Make the panel of a target's gaps, over the sizes of its scaling curves, or None while there is nothing to draw."""
    curves = scaling_chart(standing)
    return make_chart(gap_figure(standing.target, found, curves.figure.x)) if curves else None


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
    return Evidence(
        tuple(regime for regime in trained if any(regime == other for _, other in found)), tuple(families)
    )


def _common(board: Board, base_url: str, path: str, current: str) -> dict[str, object]:
    return {
        "board": board,
        "navigation": NAVIGATION,
        "path": path,
        "picture": f"{base_url}{paths.SITE_CARD}" if base_url else "",
        "exports": paths,
        "family_path": family_path,
        "root": "../" * path.count("/"),
        "canonical": f"{base_url}{'' if path == 'index.html' else path}" if base_url else "",
        "current": current,
        "guarded_id": guarded_id(),
        "regime_marks": REGIME_MARKS,
        "regime_names": REGIME_NAMES,
        "xtreme_targets": XTREME_GROUPS.total(),
        "recipe": recipe,
        "most": LISTED,
    }


def _front(board: Board, base_url: str) -> Iterator[tuple[str, Context]]:
    path = "index.html"
    apart = [standing for standing in board.others if standing.rows or standing.reported]
    columns = shown_targets(board)
    rows = benchmark_rows(board)
    found = gaps(board.main)
    extra = {
        "chart": scaling_chart(board.main),
        "gap_chart": gap_chart(board.main, found),
        "evidence": evidence(board.main),
        "gaps": found,
        "benchmark_rows": rows,
        "families": sorted(
            {row.submission.family for row in rows} | {row.submission.family for row in board.reported}
        ),
        "page_rows": PAGE_ROWS,
        "parts": linked_parts(1, len(rows)),
        "reported_rows": [row for row in board.reported if row.in_xtreme],
        "columns": columns,
        "groups": shown_groups(columns),
        "apart": [standing for standing in apart if not is_own(standing.target.name)],
        "own": [standing for standing in apart if is_own(standing.target.name)],
    }
    yield path, {**_common(board, base_url, path, "front"), **extra}


def _parts(board: Board, base_url: str) -> Iterator[tuple[str, Context | Kept]]:
    """Yield what follows the front page's rows, for readers without the script that loads it."""
    rows, columns = benchmark_rows(board), shown_targets(board)
    first = board.main.target.name
    shown = (base_url, first, tuple(repr(standing.target) for standing in columns))
    for part, start in enumerate(range(PAGE_ROWS, len(rows), PAGE_ROWS), start=2):
        path = f"leaderboard/{part}.html"
        listed = rows[start : start + PAGE_ROWS]
        extra = {
            "rows": listed,
            "start": start,
            "part": part,
            "count": len(rows),
            "parts": linked_parts(part, len(rows)),
            "columns": columns,
            "groups": shown_groups(columns),
        }
        inputs = (*shown, part, len(rows), tuple(_listed(row, first) for row in listed))
        yield path, Kept(inputs, partial(_with, board, base_url, path, "front", extra))


@once
def _listed(row: Row, first: str) -> tuple[object, ...]:
    """Return what a row of the leaderboard shows that not the submission alone decides."""
    cell = row.cells.get(first)
    return row.stamp, cell.ranks if cell else None, tuple(cell.rank is None for cell in row.cells.values())


def _with(board: Board, base_url: str, path: str, current: str, extra: Context) -> Context:
    return {**_common(board, base_url, path, current), **extra}


def _submissions(board: Board, base_url: str) -> Iterator[tuple[str, Context | Kept]]:
    languages = language_paths(language_boards(board))
    linked = key_of(tuple(languages.items()))
    for row in board.rows:
        path = f"submissions/{row.slug}.html"
        inputs = (row.stamp, placing(row), base_url, linked)
        yield path, Kept(inputs, partial(_submission, board, base_url, path, row, languages))


def _submission(board: Board, base_url: str, path: str, row: Row, languages: Mapping[str, str]) -> Context:
    found = row.details
    sections = found.page({name: cell.target for name, cell in row.cells.items()}, languages)
    return {
        **_common(board, base_url, path, "submission"),
        "row": row,
        "picture": f"{base_url}{paths.card(row.slug)}" if base_url else "",
        "mteb": paths.mteb(row.slug) if paths.mteb(row.slug) in found.paths else "",
        "model_card": paths.model_card(row.slug) if model_card.has_scores(row) else "",
        "bibtex": entry_citation(row, f"{base_url}{path}" if base_url else ""),
        "results": {name: Markup(text) for name, text in sections.results.items()},  # noqa: S704  # rendered and escaped before
        "training": Markup(sections.training),  # noqa: S704  # the same
        "charted": sections.charted,
    }


def _reported(board: Board, base_url: str) -> Iterator[tuple[str, Context]]:
    for row in board.reported:
        path = f"submissions/{row.slug}.html"
        yield path, {**_common(board, base_url, path, "submission"), "row": row}


def _targets(board: Board, base_url: str) -> Iterator[tuple[str, Context | Kept]]:
    languages = language_paths(language_boards(board))
    linked = key_of(tuple(languages.items()))
    for standing in board.standings:
        path = f"targets/{standing.target.name}.html"
        yield (
            path,
            Kept(
                (base_url, linked, *standing_inputs(standing)),
                partial(_target, board, base_url, path, standing, languages),
            ),
        )


def _target(
    board: Board, base_url: str, path: str, standing: Standing, languages: Mapping[str, str]
) -> Context:
    found = gaps(standing)
    extra = {
        "standing": standing,
        "target": standing.target,
        "language_paths": languages,
        "chart": scaling_chart(standing),
        "gap_chart": gap_chart(standing, found),
        "evidence": evidence(standing),
        "gaps": found,
    }
    return {**_common(board, base_url, path, "targets"), **extra}


def _target_list(board: Board, base_url: str) -> Iterator[tuple[str, Context]]:
    path = "targets.html"
    catalog = [standing for standing in board.others if not is_own(standing.target.name)]
    own = [standing for standing in board.others if is_own(standing.target.name)]
    groups = [("XTREME", board.benchmark), ("Outside the XTREME average", catalog), ("Own text", own)]
    yield (
        path,
        {
            **_common(board, base_url, path, "targets"),
            "groups": [(name, found) for name, found in groups if found],
        },
    )


def _language_list(board: Board, base_url: str) -> Iterator[tuple[str, Context]]:
    path = "languages.html"
    yield path, {**_common(board, base_url, path, "languages"), "boards": language_boards(board)}


def _languages(board: Board, base_url: str) -> Iterator[tuple[str, Context | Kept]]:
    for each in language_boards(board):
        path = each.language.path
        tables = tuple(each.tables())
        extra = {"language": each.language, "tables": tables}
        inputs = (base_url, repr(each.language), *map(_table_inputs, tables))
        yield path, Kept(inputs, partial(_with, board, base_url, path, "languages", extra))


@once
def _table_inputs(table: LanguageStanding) -> bytes:
    """Return the digest of what a table shows."""
    placed = tuple(
        (each.row.slug, declared(each.row), each.place, each.reason, *_line_inputs(each))
        for each in table.placed
    )
    return key_of(
        repr(table.target), placed, table.of, reported_inputs([each.row for each in table.reported])
    )


def _line_inputs(placed: Placed) -> tuple[object, ...]:
    """Return what a result says of one language: score and interval of each seed, and how many examples there are."""
    found = placed.cell.result
    place = found.places.get(placed.language)
    table = b"" if place is None else found.table[:, place].tobytes()
    return table, found.seeds, tuple(placed.language in failed for failed in found.failed)


def _family_list(board: Board, base_url: str) -> Iterator[tuple[str, Context]]:
    path = "families.html"
    yield path, {**_common(board, base_url, path, "families"), "families": families(board)}


def _families(board: Board, base_url: str) -> Iterator[tuple[str, Context | Kept]]:
    for family in families(board):
        rows = tuple((row.stamp, placing(row)) for row in family.rows)
        inputs = (base_url, family.name, rows, reported_inputs(family.reported))
        yield family.path, Kept(inputs, partial(_family, board, base_url, family))


def _family(board: Board, base_url: str, family: Family) -> Context:
    drawn = [chart for standing in family.standings if (chart := scaling_chart(standing)) is not None]
    charts = [chart for chart in drawn if len(chart.figure.table.lines) > 1]  # one size is no scaling
    return {**_common(board, base_url, family.path, "families"), "family": family, "charts": charts}


def _compare(board: Board, base_url: str) -> Iterator[tuple[str, Context]]:
    path = "compare.html"
    yield path, {**_common(board, base_url, path, "compare"), "names": NAMES}


def _about(board: Board, base_url: str) -> Iterator[tuple[str, Context]]:
    path = "about.html"
    extra = {"bibtex": board_citation(board.rows, base_url), "repository": repository(base_url)}
    yield path, {**_common(board, base_url, path, "about"), **extra}


def repository(base_url: str) -> str:
    """Return the repository that a GitHub Pages address is served from, as GitHub maps the two; empty for any other address."""
    parts = urlsplit(base_url)
    owner, dot, host = (parts.hostname or "").partition(".")
    name = parts.path.strip("/").partition("/")[0]
    return f"https://github.com/{owner}/{name or f'{owner}.github.io'}" if dot and host == "github.io" else ""


def _not_found(board: Board, base_url: str) -> Iterator[tuple[str, Context]]:
    """Serve any address that does not exist, at any depth: only this page needs to know where the site's root is."""
    path = "404.html"
    yield path, {**_common(board, "", path, "missing"), "root": urlsplit(base_url).path}


PAGES = (
    PageKind("front.html", _front),
    PageKind("part.html", _parts),
    PageKind("submission.html", _submissions),
    PageKind("reported.html", _reported),
    PageKind("target.html", _targets),
    PageKind("404.html", _not_found),
    PageKind("targets.html", _target_list),
    PageKind("languages.html", _language_list),
    PageKind("language.html", _languages),
    PageKind("families.html", _family_list),
    PageKind("family.html", _families),
    PageKind("compare.html", _compare),
    PageKind("about.html", _about),
)
