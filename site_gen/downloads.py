"""All downloads of the site: every file except its pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from site_gen import paths
from site_gen.board.board import Board, Row, Standing
from site_gen.exports import answer_files, atom, badge, cards, csv_tables, model_card, schema, sitemap
from site_gen.exports.by_language import by_language_header
from site_gen.once import once
from site_gen.writing.output import Output, key_of, placement_key, standing_inputs, submission_output

_Files = Iterator[tuple[str, Output]]
_RowFiles = Iterator[tuple[Row, str, Output]]


def exported(board: Board, pages: Iterable[str], base_url: str) -> _Files:
    """Yield (path, file) of every export; `pages` are the paths of the site's pages."""
    yield paths.LEADERBOARD_SCHEMA, Output(schema.leaderboard_schema, key_of("schema"))
    yield paths.LEADERBOARD_CSV, Output(partial(csv_tables.leaderboard_csv, board))
    yield paths.ANSWER_JSON, Output(partial(answer_files.answer_json, board))
    yield paths.GAPS_CSV, Output(partial(answer_files.gaps_csv, board))
    yield paths.FEED, Output(partial(atom.atom_feed, board, base_url))
    for path, data in sitemap.sitemap_files(board, pages, base_url).items():
        yield path, Output(partial(bytes, data))
    yield from _target_files(board)
    files = [*_all_submission_files(board, base_url), *(_pictures(board) if base_url else ())]
    for row, path, output in files:
        yield path, output
        # The same bytes at the old addresses: a program that downloads a file follows no redirection.
        for alias in row.submission.aliases:
            if board.former_slugs.get(alias) == row.slug:
                yield paths.under_former_slug(path, row.slug, alias), output
    if base_url:
        yield paths.SITE_CARD, Output(partial(cards.site_card, board))


def _target_files(board: Board) -> _Files:
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
    """Return the digest of all inputs to a target's scores by language."""
    return key_of(
        "by-language",
        repr(standing.target),
        [(row.slug, standing.cell(row).result.stamp) for row in standing.rows],
    )


def by_language_csv(standing: Standing) -> bytes:
    """Return every score of a target by submission, seed and language, as CSV."""
    name = standing.target.name
    return by_language_header(standing.target) + b"".join(row.details.lines(name) for row in standing.rows)


def _all_submission_files(board: Board, base_url: str) -> _RowFiles:
    for row in board.rows:
        if model_card.has_scores(row):
            make = partial(model_card.model_card_yaml, row, base_url, board.title)
            yield (
                row,
                paths.model_card(row.slug),
                submission_output(row, make, "model card", base_url, board.title, _language_counts(row)),
            )
        if badge.has_badge(row):
            make = partial(badge.badge_svg, row, board.title)
            yield (
                row,
                paths.badge(row.slug),
                submission_output(row, make, "badge", board.title, placement_key(row)),
            )
        yield from ((row, path, output) for path, output in _submission_files(row))


@once
def _language_counts(row: Row) -> tuple[int, ...]:
    return tuple(cell.of for cell in row.cells.values())


@once
def _submission_files(row: Row) -> Sequence[tuple[str, Output]]:
    """Return a submission's detail files; they refer to the details, not to the row, which can be freed."""
    details = row.details
    return [(path, submission_output(row, partial(details.file, path), path)) for path in details.paths]


def _pictures(board: Board) -> _RowFiles:
    """Yield the preview pictures; pages can link them only by absolute address, so only with a base URL."""
    for row in board.rows:
        yield (
            row,
            paths.card(row.slug),
            submission_output(
                row,
                partial(cards.submission_card, row, board.title),
                "picture",
                board.title,
                placement_key(row),
            ),
        )
