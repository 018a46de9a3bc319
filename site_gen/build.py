"""THE STORY: gather everything, then write everything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from site_gen import paths
from site_gen.board.board import Board
from site_gen.board.ranking import make_board
from site_gen.downloads import exported
from site_gen.exports.leaderboard_json import leaderboard_json
from site_gen.figures.plotly_json import plotly_js
from site_gen.figures.scaling import is_drawn
from site_gen.figures.scaling_choices import choices_js, choices_path
from site_gen.pages.board_rows import rows_js
from site_gen.pages.compare_data import compare_outputs
from site_gen.pages.registry import PAGES, Context, Kept
from site_gen.pages.rendering import TEMPLATES, render
from site_gen.reading.build_cache import Shelf
from site_gen.reading.entries import gather
from site_gen.reading.folder_state import FolderState, folder_states
from site_gen.reading.gc_pause import uncollected
from site_gen.reading.incremental import Held, read_submissions
from site_gen.writing.folder import Written, refuse_foreign, write_site
from site_gen.writing.output import Output, key_of, standing_inputs

__all__ = ["Site", "build", "gather", "site_files"]

STATIC = ("board.js", "chart.js", "choices.js", "compare.js", "icon.svg", "site.css", "site.js")


@dataclass(frozen=True)
class Site:
    """A finished build: where it stands and what it shows."""

    out: Path
    board: Board

    @property
    def index(self) -> Path:
        """Return the page to open first."""
        return self.out / "index.html"


def build(submissions: Path, out: Path, base_url: str = "") -> Site:
    """Build the site of a submissions folder; a failing build names every fault and leaves the old site as it was."""
    return Builder(submissions, out, base_url).build()


class Builder:
    """Builds the site of one folder again and again; what was read and ranked is held, so that only what changed is done anew."""

    def __init__(self, submissions: Path, out: Path, base_url: str = "") -> None:
        """Take the folder of the submissions, that of the site and the site's address."""
        self._submissions, self._out, self._base_url = submissions, out, base_url
        self._shelf = Shelf(submissions)
        self._entries: Held = {}
        self._board: Board | None = None
        self._written: Mapping[str, Written] = {}

    def build(self, states: Mapping[str, FolderState] | None = None) -> Site:
        """Build the site, of folders in these states where somebody has looked; a failing build leaves the old site as it was."""
        old = refuse_foreign(self._out)
        with self._shelf.opened():
            found = folder_states(self._submissions) if states is None else states
            self._entries = read_submissions(self._submissions, self._shelf, found, self._entries)
            with uncollected():
                self._board = make_board(self._entries.values(), before=self._board)
                files = planned_files(self._board, self._base_url)
            place = self._out.resolve()
            before = self._written or {
                path: Written(*each) for path, each in self._shelf.files(place).items()
            }
            self._written = write_site(files, self._out, before, old)
            self._shelf.keep_files(place, self._written, before)
        return Site(self._out, self._board)


def site_files(board: Board, base_url: str = "") -> dict[str, bytes]:
    """Return every file of the site: relative path → bytes."""
    return {path: output.make() for path, output in planned_files(board, base_url).items()}


def planned_files(board: Board, base_url: str = "") -> dict[str, Output]:
    """Return every file of the site before it is made, by its relative path."""
    root = f"{base_url.rstrip('/')}/" if base_url else ""
    files = {
        ".nojekyll": Output(bytes),
        paths.LEADERBOARD_JSON: Output(lambda: leaderboard_json(board).encode()),
        "static/plotly.min.js": Output(plotly_js, key_of("plotly")),
        "data/rows.js": Output(partial(rows_js, board)),
    }
    files |= {f"static/{name}": Output((TEMPLATES / "static" / name).read_bytes) for name in STATIC}
    files |= {
        path: _page(kind.template, context) for kind in PAGES for path, context in kind.pages(board, root)
    }
    files |= {
        choices_path(standing): Output(
            partial(choices_js, standing), key_of("choices", standing_inputs(standing))
        )
        for standing in board.standings
        if is_drawn(standing)
    }
    files |= dict(compare_outputs(board))
    return files | dict(exported(board, [path for path in files if path.endswith(".html")], root))


def _page(template: str, context: Context | Kept) -> Output:
    if not isinstance(context, Kept):
        return Output(lambda: render(template, context).encode())
    return Output(lambda: render(template, context.context()).encode(), key_of(template, context.inputs))
