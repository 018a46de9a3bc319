"""EXPORTS: every download of the site but its pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from site_gen import paths
from site_gen.board.board import Board, Row, Standing
from site_gen.exports import atom, cards, csv_tables, model_card, schema, sitemap
from site_gen.exports.by_language import by_language_header
from site_gen.once import once
from site_gen.writing.output import Output, kept, key_of, placing, standing_inputs

_Files = Iterator[tuple[str, Output]]


def exported(board: Board, pages: Iterable[str], base_url: str) -> _Files:
    """Yield (path, file) of every export; `pages` are the paths of the site's pages."""
    yield paths.LEADERBOARD_SCHEMA, Output(schema.leaderboard_schema, key_of("schema"))
    yield paths.LEADERBOARD_CSV, Output(partial(csv_tables.leaderboard_csv, board))
    yield paths.FEED, Output(partial(atom.atom_feed, board, base_url))
    for path, data in sitemap.sitemap_files(board, pages, base_url).items():
        yield path, Output(partial(bytes, data))
    yield from _of_targets(board)
    yield from _of_submissions(board, base_url)
    if base_url:
        yield from _pictures(board)


def _of_targets(board: Board) -> _Files:
    for standing in board.standings:
        name = standing.target.name
        if standing.rows or standing.reported:
            inputs = standing_inputs(standing)
            yield (
                paths.target_csv(name),
                Output(partial(csv_tables.target_csv, standing), key_of("ranking", inputs)),
            )
        if standing.rows:
            yield (
                paths.by_language_csv(name),
                Output(partial(by_language_csv, standing), _scores_key(standing)),
            )


@once
def _scores_key(standing: Standing) -> bytes:
    """Return what the scores of a target depend on."""
    return key_of(
        "by-language",
        repr(standing.target),
        [(row.slug, standing.cell(row).result.stamp) for row in standing.rows],
    )


def by_language_csv(standing: Standing) -> bytes:
    """Return every score of a target."""
    name = standing.target.name
    return by_language_header(standing.target) + b"".join(row.details.lines(name) for row in standing.rows)


def _of_submissions(board: Board, base_url: str) -> _Files:
    for row in board.rows:
        if model_card.has_scores(row):
            make = partial(model_card.model_card_yaml, row, base_url)
            yield paths.model_card(row.slug), kept(row, make, "model card", base_url, _widths(row))
        yield from _of_submission(row)


@once
def _widths(row: Row) -> tuple[int, ...]:
    return tuple(cell.of for cell in row.cells.values())


@once
def _of_submission(row: Row) -> Sequence[tuple[str, Output]]:
    """Return the files that a submission's details hold; they do not hold the row, which would never be let go of."""
    found = row.details
    return [(path, kept(row, partial(found.file, path), path)) for path in found.paths]


def _pictures(board: Board) -> _Files:
    """Draw only where a page can name them: other sites ask for the whole address of a picture."""
    yield paths.SITE_CARD, Output(partial(cards.site_card, board))
    for row in board.rows:
        yield paths.card(row.slug), kept(row, partial(cards.submission_card, row), "picture", placing(row))
