"""Read what a board has of its own next to its submissions: settings, the experiment's account, a logo."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from harness.errors import BadInput, Fault, Where
from harness.store.board_settings import SETTINGS_FILE, load_board_settings, settings_path
from harness.store.files import read_file
from harness.store.prior_file import prior_path
from site_gen.board.board import Board
from site_gen.pages.board_columns import unknown_columns
from site_gen.pages.colours import colour_faults

_MOST_LOGO, _MOST_ACCOUNT = 2**18, 2**21
# An image element runs no script of a picture, but an address that is opened by itself does.
_ACTIVE = re.compile(rb"<script|javascript:|<foreignobject|\son[a-z]+\s*=", re.IGNORECASE)


def with_content(board: Board, submissions: Path) -> Board:
    """Return a board with the settings, the account and the logo that are next to its submissions.

    Raises BadInput where the settings are faulty, name a file that is not there, or colours that are hard
    to read.
    """
    settings = load_board_settings(submissions)
    board = replace(board, settings=settings)
    path = settings_path(submissions)
    faults = [Fault(message, Where(str(path)), cure) for message, cure in colour_faults(settings.colours)]
    faults += [Fault(message, Where(str(path)), cure) for message, cure in unknown_columns(board)]
    if faults:
        raise BadInput(faults)
    account = settings.question.account if settings.question else None
    return replace(
        board,
        account=_text(path.parent / account) if account else "",
        logo=_picture(path.parent / settings.logo) if settings.logo else b"",
    )


def content_paths(submissions: Path) -> tuple[Path, ...]:
    """Return the files next to the submissions that a build reads, whether or not they are there."""
    settings = settings_path(submissions)
    paths = [settings, prior_path(submissions)]
    with suppress(BadInput, OSError):  # faulty settings name no other file
        own = load_board_settings(submissions)
        named = (own.question.account if own.question else None, own.logo)
        paths += [settings.parent / name for name in named if name]
    return tuple(paths)


def _text(path: Path) -> str:
    data = read_file(path, _MOST_ACCOUNT, f"write it, or leave account out of {SETTINGS_FILE}")
    try:
        return data.decode()
    except UnicodeDecodeError as reason:
        where = Where(str(path), data.count(b"\n", 0, reason.start) + 1)
        raise BadInput("is not UTF-8", where=where, cure="save it as UTF-8") from None


def _picture(path: Path) -> bytes:
    data = read_file(path, _MOST_LOGO, f"add it, or leave logo out of {SETTINGS_FILE}")
    where = Where(str(path))
    if path.suffix == ".png":
        if not data.startswith(b"\x89PNG\r\n\x1a\n"):
            raise BadInput("is no PNG file", where=where, cure="save the picture as PNG, or as SVG")
        return data
    if b"<svg" not in data:
        raise BadInput("is no SVG file", where=where, cure="save the picture as SVG, or as PNG")
    if active := _ACTIVE.search(data):
        message = f"an SVG with {active[0].decode().strip()!r} could run a script"
        raise BadInput(message, where=where, cure="export it as plain SVG, or as PNG")
    return data
