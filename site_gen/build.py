"""THE STORY: gather everything, then write everything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.errors import BadInput, Fault
from harness.store import find_submissions, load_results, load_submission
from site_gen.data import leaderboard_json
from site_gen.figures import plotly_js
from site_gen.folder import refuse_foreign, write_site
from site_gen.leaderboard import Board, Entry, make_board
from site_gen.pages import PAGES
from site_gen.render import TEMPLATES, render

STATIC = ("chart.js", "icon.svg", "site.css", "site.js")


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
    refuse_foreign(out)
    board = make_board(gather(submissions))
    write_site(site_files(board, base_url), out)
    return Site(out, board)


def gather(submissions: Path) -> tuple[Entry, ...]:
    """Read every submission and result, and refuse all of them with all faults when one is malformed."""
    entries: list[Entry] = []
    faults: list[Fault] = []
    for slug in find_submissions(submissions):
        folder = submissions / slug
        found = len(faults)
        submission = results = None
        try:
            submission = load_submission(folder)
        except BadInput as error:
            faults += error.faults
        try:
            results = load_results(folder)
        except BadInput as error:
            faults += error.faults
        if submission is not None and results is not None and len(faults) == found:
            entries.append(Entry(slug, submission, results))
    if faults:
        raise BadInput(faults)
    return tuple(entries)


def site_files(board: Board, base_url: str = "") -> dict[str, bytes]:
    """Return every file of the site: relative path → bytes."""
    root = f"{base_url.rstrip('/')}/" if base_url else ""
    files = {".nojekyll": b"", "data/leaderboard.json": leaderboard_json(board).encode(), "static/plotly.min.js": plotly_js()}
    files |= {f"static/{name}": (TEMPLATES / "static" / name).read_bytes() for name in STATIC}
    for kind in PAGES:
        for path, context in kind.pages(board, root):
            files[path] = render(kind.template, context).encode()
    return files
