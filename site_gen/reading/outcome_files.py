"""The outcomes of results as files of the site, copied while they are not too large."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from harness.errors import BadInput, Where
from harness.records import OutcomeSettings
from harness.store import RESULTS_FOLDER
from harness.store.board_settings import outcome_settings_of
from harness.store.kept_outcomes import KEPT_CURE, OUTCOMES_LIMIT, store_of
from site_gen.board.board import Board
from site_gen.writing.output import Output, key_of

# GitHub Pages serves sites of up to 1 GB. With more outcomes than this, in bytes, pages link the
# repository's files.
MOST_BYTES = 400_000_000


def outcome_files(board: Board, submissions: Path) -> Mapping[tuple[str, str], Output]:
    """Return the file of each result's outcomes by slug and target; none if all are above `MOST_BYTES`.

    They are copied again only when their digest changes. Outcomes that are not in the folder come from where
    the board keeps them, if it does; those that everybody can read there, pages link, and they are left out.
    """
    settings = outcome_settings_of(submissions)
    found = {
        (row.slug, name): (submissions / row.slug / RESULTS_FOLDER / f"{name}.parquet", cell.result.outcomes)
        for row in board.rows
        for name, cell in row.cells.items()
    }
    sizes = {key: path.stat().st_size for key, (path, _) in found.items() if path.is_file()}
    if settings is not None:
        store = store_of(settings)
        sizes |= {
            key: store.size(digest, OUTCOMES_LIMIT, KEPT_CURE)
            for key, (_, digest) in found.items()
            if key not in sizes and settings.public_address(digest) is None
        }
    if sum(sizes.values()) > MOST_BYTES:
        return {}
    return {
        key: Output(partial(_read, path, digest, settings), key_of("outcomes", digest))
        for key, (path, digest) in found.items()
        if key in sizes
    }


def _read(path: Path, digest: str, settings: OutcomeSettings | None) -> bytes:
    if settings is not None and not path.exists():
        return store_of(settings).read(digest, OUTCOMES_LIMIT, KEPT_CURE)
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != digest:
        raise BadInput(
            "these are not the outcomes that the result names",
            where=Where(str(path)),
            cure="build again when nothing writes to the folder, or leave them out with --no-outcomes",
        )
    return data
