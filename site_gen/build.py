"""THE STORY: gather everything, then write everything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from harness.catalog import target_named
from harness.errors import BadInput, Fault, Where
from harness.records import Result
from harness.store import find_results, find_submissions, load_outcomes, load_result, load_submission, load_sweeps
from site_gen.data import leaderboard_json
from site_gen.figures import plotly_js
from site_gen.folder import refuse_foreign, write_site
from site_gen.leaderboard import Board, Entry, make_board
from site_gen.mined import MinedCurve, curves_json, mined_curves
from site_gen.pages import PAGES, curves_path
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
        submission = _collected(load_submission, folder, faults)
        results = _collected(_read_results, folder, faults)
        sweeps = _collected(load_sweeps, folder, faults)
        if submission is not None and results is not None and sweeps is not None:
            mined = {result.target: curves for result, curves in results if curves}
            entries.append(Entry(slug, submission, tuple(result for result, _ in results), sweeps, mined))
    if faults:
        raise BadInput(faults)
    return tuple(entries)


_Found = TypeVar("_Found")


def _collected(read: Callable[[Path], _Found], path: Path, faults: list[Fault]) -> _Found | None:
    """Read, or leave what is wrong in `faults`."""
    try:
        return read(path)
    except BadInput as error:
        faults += error.faults
        return None


def _read_results(folder: Path) -> tuple[tuple[Result, tuple[MinedCurve, ...]], ...]:
    """Read a submission's results with the curves of what was mined."""
    faults: list[Fault] = []
    found = [_collected(_read_result, path, faults) for path in find_results(folder)]
    if faults:
        raise BadInput(faults)
    return tuple(each for each in found if each is not None)


def _read_result(path: Path) -> tuple[Result, tuple[MinedCurve, ...]]:
    """Read a result and, for mining only, its outcomes, which the rest of the site does without; so it does where they are not there."""
    result = load_result(path)
    target = target_named(result.target, result.languages)
    outcomes = path.parent / result.outcomes.file
    if target is None or target.kind != "mining" or not outcomes.exists():
        return result, ()
    try:
        return result, mined_curves(target, result, load_outcomes(path, result))
    except ValueError as error:
        cure = f"stiltboard evaluate {result.submission} -t {result.target} --overwrite measures it again"
        raise BadInput(str(error), where=Where(str(outcomes)), cure=cure) from None


def site_files(board: Board, base_url: str = "") -> dict[str, bytes]:
    """Return every file of the site: relative path → bytes."""
    root = f"{base_url.rstrip('/')}/" if base_url else ""
    files = {".nojekyll": b"", "data/leaderboard.json": leaderboard_json(board).encode(), "static/plotly.min.js": plotly_js()}
    files |= {f"static/{name}": (TEMPLATES / "static" / name).read_bytes() for name in STATIC}
    files |= {curves_path(row, cell): curves_json(cell.mined).encode() for row in board.rows for cell in row.cells.values() if cell.mined}
    for kind in PAGES:
        for path, context in kind.pages(board, root):
            files[path] = render(kind.template, context).encode()
    return files
