"""EXPORTS: every download of the site but its pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from site_gen.details import details
from site_gen.exports import atom, cards, model_card, paths, schema, sitemap, tables
from site_gen.exports.by_language import by_language_header
from site_gen.leaderboard import Board, Standing

_Files = Iterator[tuple[str, bytes]]


def exported(board: Board, pages: Iterable[str], base_url: str) -> _Files:
    """Yield (path, bytes) of every export; `pages` are the paths of the site's pages."""
    yield paths.LEADERBOARD_SCHEMA, schema.leaderboard_schema()
    yield paths.LEADERBOARD_CSV, tables.leaderboard_csv(board)
    yield paths.FEED, atom.atom_feed(board, base_url)
    yield from sitemap.sitemap_files(board, pages, base_url).items()
    yield from _of_targets(board)
    yield from _of_submissions(board, base_url)
    if base_url:
        yield from _pictures(board)


def _of_targets(board: Board) -> _Files:
    for standing in board.standings:
        if standing.rows or standing.reported:
            yield paths.target_csv(standing.target.name), tables.target_csv(standing)
        if standing.rows:
            yield paths.by_language_csv(standing.target.name), by_language_csv(standing)


def by_language_csv(standing: Standing) -> bytes:
    """Return every score of a target."""
    name = standing.target.name
    return by_language_header(standing.target) + b"".join(details(row).lines(name) for row in standing.rows)


def _of_submissions(board: Board, base_url: str) -> _Files:
    for row in board.rows:
        if model_card.has_scores(row):
            yield paths.model_card(row.slug), model_card.model_card_yaml(row, base_url)
        found = details(row)
        yield from ((path, found.file(path)) for path in found.paths)


def _pictures(board: Board) -> _Files:
    """Draw only where a page can name them: other sites ask for the whole address of a picture."""
    yield paths.SITE_CARD, cards.site_card(board)
    for row in board.rows:
        yield paths.card(row.slug), cards.submission_card(row)
