"""All kinds of pages: the template of each, and the (path, context) of every page of that kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from markupsafe import Markup

from harness.catalog import is_own
from site_gen import paths
from site_gen.board.answer_lines import answer_lines
from site_gen.board.board import Board, Row, Standing
from site_gen.board.by_language import LanguageRow, LanguageStanding, language_boards, language_paths
from site_gen.board.dated_changes import dated_changes
from site_gen.board.evidence import evidence
from site_gen.board.families import Family, families
from site_gen.board.gap_by_language import gaps_in_language, language_gaps, trained_languages
from site_gen.board.glossary import GLOSSARY
from site_gen.board.unpublished import only_submitters_have, unpublished_weights
from site_gen.exports import badge, model_card
from site_gen.exports.dataset_json import dataset_json
from site_gen.figures.registry import CHARTS, charts_of
from site_gen.once import once
from site_gen.pages.account_page import account_html
from site_gen.pages.board_columns import benchmark_rows, board_columns, shown_columns
from site_gen.pages.citation import board_citation, entry_citation
from site_gen.pages.common import LISTED_CHANGES, CacheablePage, Context, common, ranked_counts
from site_gen.pages.compare_data import NAMES
from site_gen.pages.front import front
from site_gen.pages.pagination import PAGE_ROWS, linked_parts
from site_gen.pages.rendering import data_block
from site_gen.pages.request_address import request_address
from site_gen.writing.output import declaration_key, key_of, placement_key, reported_inputs, standing_inputs


@dataclass(frozen=True)
class PageKind:
    """A kind of page: its template, and a function from board and base URL to its pages."""

    template: str
    pages: Callable[[Board, str], Iterator[tuple[str, Context | CacheablePage]]]


def _parts(board: Board, base_url: str) -> Iterator[tuple[str, Context | CacheablePage]]:
    """Yield the pages with the rows after the front page's, for readers without JavaScript."""
    rows, columns = benchmark_rows(board), shown_columns(board_columns(board))
    main = board.main
    shown = (base_url, repr(main.target), len(main.ranked), tuple(column.key for column in columns))
    for part, start in enumerate(range(PAGE_ROWS, len(rows), PAGE_ROWS), start=2):
        path = f"leaderboard/{part}.html"
        part_rows = rows[start : start + PAGE_ROWS]
        extra = {
            "rows": part_rows,
            "start": start,
            "part": part,
            "count": len(rows),
            "parts": linked_parts(part, len(rows)),
            "columns": columns,
        }
        inputs = (*shown, part, len(rows), tuple(_row_inputs(row, main.target.name) for row in part_rows))
        yield path, CacheablePage(inputs, partial(_context, board, base_url, path, "front", extra))


@once
def _row_inputs(row: Row, main_target: str) -> tuple[object, ...]:
    """Return all inputs to a row of the leaderboard: its submission, and what depends on other rows."""
    cell = row.cells.get(main_target)
    return row.stamp, cell.ranks if cell else None, tuple(cell.rank is None for cell in row.cells.values())


def _context(board: Board, base_url: str, path: str, current: str, extra: Context) -> Context:
    return {**common(board, base_url, path, current), **extra}


def _submissions(board: Board, base_url: str) -> Iterator[tuple[str, Context | CacheablePage]]:
    languages = language_paths(language_boards(board))
    linked = key_of(tuple(languages.items()))
    for row in board.rows:
        path = paths.page(row.slug)
        ranked = tuple(ranked_counts(board)[name] for name in row.cells)
        stored = tuple((row.slug, name) in board.outcomes for name in row.cells)
        inputs = (row.stamp, placement_key(row), ranked, base_url, linked, stored)
        yield path, CacheablePage(inputs, partial(_submission, board, base_url, path, row, languages))


def _submission(board: Board, base_url: str, path: str, row: Row, languages: Mapping[str, str]) -> Context:
    details = row.details
    sections = details.page({name: cell.target for name, cell in row.cells.items()}, languages)
    return {
        **common(board, base_url, path, "submission"),
        "row": row,
        "picture": f"{base_url}{paths.card(row.slug)}" if base_url else "",
        "mteb": paths.mteb(row.slug) if paths.mteb(row.slug) in details.paths else "",
        "model_card": paths.model_card(row.slug) if model_card.has_scores(row) else "",
        "badge": paths.badge(row.slug) if badge.has_badge(row) else "",
        "titles": {name: cell.target.title for name, cell in row.cells.items()},
        "unpublished": unpublished_weights(row),
        "only_submitters": [name for name, cell in row.cells.items() if only_submitters_have(row, cell)],
        "bibtex": entry_citation(row, base_url, path, board.edition, board.title),
        "results": {name: Markup(text) for name, text in sections.results.items()},  # noqa: S704  # escaped when rendered
        "training": Markup(sections.training),  # noqa: S704  # the same
        "charted": sections.charted,
    }


def _reported(board: Board, base_url: str) -> Iterator[tuple[str, Context]]:
    for row in board.reported:
        path = paths.page(row.slug)
        titles = {name: cell.target.title for name, cell in row.cells.items()}
        context = common(board, base_url, path, "submission")
        asked = request_address(str(context["repository"]), row)
        yield path, {**context, "row": row, "titles": titles, "request": asked}


def _former(board: Board, base_url: str) -> Iterator[tuple[str, Context]]:
    """Yield the pages of former slugs, which lead to the present ones."""
    for former, slug in board.former_slugs.items():
        path, present = paths.page(former), paths.page(slug)
        yield (
            path,
            {
                **common(board, base_url, path, "submission"),
                "canonical": f"{base_url}{present}" if base_url else "",
                "former": former,
                "slug": slug,
            },
        )


def _withdrawn(board: Board, base_url: str) -> Iterator[tuple[str, Context]]:
    for tombstone in board.withdrawn:
        path = paths.page(tombstone.submission)
        yield path, {**common(board, base_url, path, "submission"), "tombstone": tombstone}


def _targets(board: Board, base_url: str) -> Iterator[tuple[str, Context | CacheablePage]]:
    languages = language_paths(language_boards(board))
    linked = key_of(tuple(languages.items()))
    for standing in board.standings:
        path = f"targets/{standing.target.name}.html"
        yield (
            path,
            CacheablePage(
                (base_url, linked, *standing_inputs(standing)),
                partial(_target, board, base_url, path, standing, languages),
            ),
        )


def _target(
    board: Board, base_url: str, path: str, standing: Standing, languages: Mapping[str, str]
) -> Context:
    extra = {
        "standing": standing,
        "target": standing.target,
        "language_paths": languages,
        "charts": {
            kind: charts_of(standing, kind) if kind != "gap" or board.settings.asks_regimes else ()
            for kind in CHARTS
        },
        "evidence": evidence(standing),
        "findings": answer_lines(standing) if board.settings.asks_regimes else None,
        "trained": trained_languages(standing),
        "language_gaps": language_gaps(standing) if board.settings.asks_regimes else (),
    }
    return {**common(board, base_url, path, "targets"), **extra}


def _target_list(board: Board, base_url: str) -> Iterator[tuple[str, Context]]:
    path = "targets.html"
    standings = {standing.target.name: standing for standing in board.standings}
    listed = [standing for standing in board.others if not is_own(standing.target.name)]
    beyond = [standing for standing in listed if standing.target.beyond_xtreme]
    catalog = [standing for standing in listed if not standing.target.beyond_xtreme]
    user_provided = [standing for standing in board.others if is_own(standing.target.name)]
    if board.settings.targets:
        first, second = board.title, "Other tests"
    else:
        first, second = "XTREME", "Outside the XTREME average"
    groups = [
        (first, board.benchmark),
        (second, catalog),
        ("Beyond XTREME", beyond),
        ("User-provided text", user_provided),
    ]
    own_groups = [
        (group.title, [standings[name] for name in group.targets if name in standings])
        for group in board.settings.groups
    ]
    grouped = {standing.target.name for _, members in own_groups for standing in members}
    rest = [
        (name, [standing for standing in members if standing.target.name not in grouped])
        for name, members in groups
    ]
    shown = [(name, members) for name, members in (*own_groups, *rest) if members]
    yield path, {**common(board, base_url, path, "targets"), "groups": shown}


def _language_list(board: Board, base_url: str) -> Iterator[tuple[str, Context]]:
    path = "languages.html"
    yield path, {**common(board, base_url, path, "languages"), "boards": language_boards(board)}


def _languages(board: Board, base_url: str) -> Iterator[tuple[str, Context | CacheablePage]]:
    for language_board in language_boards(board):
        path = language_board.language.path
        tables = tuple(language_board.tables())
        asked = language_board.standings if board.settings.asks_regimes else ()
        found = [gaps_in_language(standing, language_board.language.code) for standing in asked]
        gaps = [each for each in found if each is not None]
        extra = {"language": language_board.language, "tables": tables, "gaps": gaps}
        inputs = (base_url, repr(language_board.language), repr(gaps), *map(_table_inputs, tables))
        yield path, CacheablePage(inputs, partial(_context, board, base_url, path, "languages", extra))


@once
def _table_inputs(table: LanguageStanding) -> bytes:
    """Return the digest of all inputs to a table of a language's page."""
    placed = tuple(
        (row.row.slug, declaration_key(row.row), row.place, row.reason, *_line_inputs(row))
        for row in table.placed
    )
    return key_of(repr(table.target), placed, table.of, reported_inputs([row.row for row in table.reported]))


def _line_inputs(row: LanguageRow) -> tuple[object, ...]:
    """Return a result's values in one language: score, interval and n of each seed, and failures."""
    result = row.cell.result
    index = result.language_index.get(row.language)
    table = b"" if index is None else result.table[:, index].tobytes()
    return table, result.seeds, tuple(row.language in failed for failed in result.failed)


def _family_list(board: Board, base_url: str) -> Iterator[tuple[str, Context]]:
    path = "families.html"
    yield path, {**common(board, base_url, path, "families"), "families": families(board)}


def _families(board: Board, base_url: str) -> Iterator[tuple[str, Context | CacheablePage]]:
    for family in families(board):
        rows = tuple((row.stamp, placement_key(row)) for row in family.rows)
        ranked = tuple(ranked_counts(board)[standing.target.name] for standing in family.standings)
        inputs = (base_url, family.name, rows, ranked, reported_inputs(family.reported))
        yield family.path, CacheablePage(inputs, partial(_family, board, base_url, family))


def _family(board: Board, base_url: str, family: Family) -> Context:
    drawn = [chart for standing in family.standings for chart in charts_of(standing, "scaling")]
    charts = [chart for chart in drawn if len(chart.figure.table.lines) > 1]  # one point is no curve
    return {**common(board, base_url, family.path, "families"), "family": family, "charts": charts}


def _compare(board: Board, base_url: str) -> Iterator[tuple[str, Context]]:
    path = "compare.html"
    yield path, {**common(board, base_url, path, "compare"), "names": NAMES}


def _about(board: Board, base_url: str) -> Iterator[tuple[str, Context]]:
    path = "about.html"
    dataset = data_block(dataset_json(board, base_url))
    extra = {"bibtex": board_citation(board, base_url), "dataset": dataset}
    yield path, {**common(board, base_url, path, "about"), **extra}


def _account(board: Board, base_url: str) -> Iterator[tuple[str, Context]]:
    question = board.settings.question
    if board.account and question and question.account:
        context = common(board, base_url, paths.ACCOUNT, "method")
        html = account_html(board.account, str(context["repository"]), question.account)
        yield paths.ACCOUNT, {**context, "account": html}


def _method(board: Board, base_url: str) -> Iterator[tuple[str, Context]]:
    path = "method.html"
    yield path, {**common(board, base_url, path, "method"), "glossary": GLOSSARY}


def _changes(board: Board, base_url: str) -> Iterator[tuple[str, Context]]:
    extra = {
        "changes": board.edition.changes,
        "withdrawn": {tombstone.submission for tombstone in board.withdrawn},
        "most": LISTED_CHANGES,
        "days": dated_changes(board),
    }
    yield paths.CHANGES, {**common(board, base_url, paths.CHANGES, "changes"), **extra}


def _not_found(board: Board, base_url: str) -> Iterator[tuple[str, Context]]:
    """Yield the page for addresses that do not exist, at any depth: it alone needs the absolute root."""
    path = "404.html"
    yield path, {**common(board, "", path, "missing"), "root": urlsplit(base_url).path}


PAGES = (
    PageKind("front.html", front),
    PageKind("part.html", _parts),
    PageKind("submission.html", _submissions),
    PageKind("reported.html", _reported),
    PageKind("former.html", _former),
    PageKind("withdrawn.html", _withdrawn),
    PageKind("target.html", _targets),
    PageKind("404.html", _not_found),
    PageKind("targets.html", _target_list),
    PageKind("languages.html", _language_list),
    PageKind("language.html", _languages),
    PageKind("families.html", _family_list),
    PageKind("family.html", _families),
    PageKind("compare.html", _compare),
    PageKind("about.html", _about),
    PageKind("method.html", _method),
    PageKind("account.html", _account),
    PageKind("changes.html", _changes),
)
