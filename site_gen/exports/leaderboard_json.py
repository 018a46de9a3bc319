"""The content of the pages as JSON: one document of the board, and one of each submission's results; pure."""

from __future__ import annotations

import json
from collections.abc import Sequence

from harness.records import Mark, Notice, Record
from site_gen import paths
from site_gen.board.board import Board, Cell, Row
from site_gen.board.edition import Edition
from site_gen.board.reported import ReportedCell, ReportedRow
from site_gen.board.trust import EarlierResult
from site_gen.board.unpublished import weights_links
from site_gen.board.whole import WholeCell, WholeRow
from site_gen.once import once

FORMAT = 2


def leaderboard_json(board: Board) -> str:
    """Return the leaderboard, one line per target, submission and reported row; the same for equal boards."""
    parts = {
        "targets": (_line(standing.target.published()) for standing in board.standings),
        "submissions": map(_row_line, board.rows),
        "reported": (_line(_reported(row)) for row in board.reported),
        "submitters": (_line(vars(sender)) for sender in board.senders),
    }
    if board.withdrawn:
        parts["withdrawn"] = (_line(_record(tombstone)) for tombstone in board.withdrawn)
    lists = ",\n".join(f'"{name}":[\n' + ",\n".join(lines) + "\n]" for name, lines in parts.items())
    head = "".join(f',"{key}":{_line(value)}' for key, value in _edition(board.edition).items())
    return f'{{"format":{FORMAT}{head},\n{lists}}}\n'


def _edition(edition: Edition) -> dict[str, str]:
    """Return the commit that the board was built from, and the snapshot that it is, where there are any."""
    keys: dict[str, str] = {}
    if edition.origin:
        keys |= {"commit": edition.origin.commit, "commit_date": edition.origin.date}
    return keys | ({"snapshot": edition.snapshot} if edition.snapshot else {})


def results_json(row: WholeRow) -> bytes:
    """Return a submission's complete results and their curves over layers and steps, by target."""
    targets = {
        name: {"result": cell.result.model_dump(mode="json", by_alias=True), "layers": _layers(cell)}
        | ({"steps": _record(cell.curve)} if cell.curve else {})
        for name, cell in row.cells.items()
    }
    return f"{_line({'format': FORMAT, 'slug': row.slug, 'targets': targets})}\n".encode()


def _layers(cell: WholeCell) -> object:
    return cell.sweep.model_dump(mode="json", by_alias=True) if cell.sweep else None


def _record(record: Record) -> dict[str, object]:
    return record.model_dump(mode="json", by_alias=True)


def _notices(notices: Sequence[Notice]) -> dict[str, object]:
    """Return the key of a row's notices, where it has any."""
    return {"notices": [_record(notice) for notice in notices]} if notices else {}


def _line(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


@once
def _row_line(row: Row) -> str:
    return _line(_row(row))


def _row(row: Row) -> dict[str, object]:
    return {
        "slug": row.slug,
        "submission": row.submission.model_dump(mode="json", by_alias=True),
        "results": paths.results(row.slug) if row.cells else None,
        "weights": weights_links(row),
        "parameters": row.parameters.model_dump() if row.parameters else None,
        "xtreme_mean": row.average.mean,
        "xtreme_targets_measured": row.average.covered,
        "xtreme_groups": {group: average.mean for group, average in row.groups.items()},
        "mark": row.mark or None,
        "superseded": [_superseded(earlier) for earlier in row.history],
        "targets": {name: _cell(cell) for name, cell in row.cells.items()},
        **_notices(row.notices),
    }


def _superseded(earlier: EarlierResult) -> dict[str, object]:
    """Return a superseded result; entries of before scores were recorded have only the first three keys."""
    entry = earlier.entry
    known = {"target": entry.target, "removed": earlier.removed, "reason": entry.reason}
    optional = {"date": entry.date, "score": entry.score, "version": entry.version, "after": earlier.after}
    if entry.date is None:
        return known
    return known | {"pending": earlier.pending, "rescored": earlier.rescored} | optional


def _cell(cell: Cell) -> dict[str, object]:
    return {
        "score": cell.score,
        "rank": cell.rank,
        "ranks": cell.ranks,
        "unranked_because": cell.reason or None,
        "languages_measured": cell.measured,
        "languages": cell.of,
        "mark": cell.trust.mark.value,
        "verification": cell.trust.verification.model_dump(mode="json") if cell.trust.verification else None,
        "seen_in_training": {"held_out": cell.trust.seen.held_out, "training": cell.trust.seen.training},
        "seeds": {str(seed): score for seed, score in cell.seeds},
        "interval": cell.result.interval if cell.complete else None,
        "signature": str(cell.result.signature),
        **({"mixed": cell.result.mixed} if cell.result.mixed else {}),
    }


def _reported(row: ReportedRow) -> dict[str, object]:
    """Return published numbers with other keys than results, so that programs cannot confuse them."""
    return {
        "slug": row.slug,
        "mark": Mark.REPORTED.value,
        "submission": row.submission.model_dump(mode="json", by_alias=True),
        "parameters": row.submission.reported.parameters,
        "xtreme_mean": row.average.mean,
        "xtreme_targets_reported": row.average.covered,
        "xtreme_groups": {group: average.mean for group, average in row.groups.items()},
        "targets": {name: _reported_cell(cell) for name, cell in row.cells.items()},
        **_notices(row.notices),
    }


def _reported_cell(cell: ReportedCell) -> dict[str, object]:
    return {
        "score": cell.score,
        "no_score_because": cell.reason or None,
        "values": {value.name: value.value for value in cell.values},
        "derived": [value.name for value in cell.values if value.source],
        "languages": cell.published.languages,
        "differs": cell.published.differs,
    }
