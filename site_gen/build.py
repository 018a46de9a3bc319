"""Build the site: read all submissions, rank them, and write every file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from harness.errors import BadInput, Fault
from harness.store.prior_file import load_seed_priors
from site_gen import paths
from site_gen.board.board import Board, NotShown
from site_gen.board.edition import NO_EDITION, Edition, Preview
from site_gen.board.ranking import make_board
from site_gen.downloads import exported
from site_gen.exports.leaderboard_json import leaderboard_json
from site_gen.figures.scaling import is_drawn
from site_gen.figures.scaling_choices import choices_js, choices_path
from site_gen.pages.board_rows import rows_js
from site_gen.pages.colours import own_style
from site_gen.pages.common import CacheablePage, Context
from site_gen.pages.compare_data import compare_outputs
from site_gen.pages.registry import PAGES
from site_gen.pages.rendering import TEMPLATES, render
from site_gen.reading.board_content import with_content
from site_gen.reading.build_cache import BuildCache
from site_gen.reading.entries import gather
from site_gen.reading.folder_state import FolderState, folder_states, unpaired_above
from site_gen.reading.gc_pause import gc_paused
from site_gen.reading.incremental import EntriesByKey, read_submissions
from site_gen.reading.outcome_files import outcome_files
from site_gen.writing.folder import Stat, Written, refuse_foreign, site_paths, write_site
from site_gen.writing.output import Output, key_of, standing_inputs

__all__ = ["Site", "build", "gather", "site_files"]

STATIC = (
    "board.js", "chart.js", "choices.js", "compare.js", "examples.js", "export.js", "icon.svg", "site.css",
    "site.js",
)  # fmt: skip


# Returns which state of the board a site shows.
Describer = Callable[[Board], Edition]


def no_edition(_board: Board) -> Edition:
    """Return that the board is in no commit."""
    return NO_EDITION


@dataclass(frozen=True)
class Site:
    """A finished build: its folder, its board, and the faults of submissions that it does not show."""

    out: Path
    board: Board
    faults: tuple[Fault, ...] = ()

    @property
    def index(self) -> Path:
        """Return the page to open first."""
        return self.out / "index.html"


def build(
    submissions: Path,
    out: Path,
    base_url: str = "",
    edition: Describer = no_edition,
    inside: Mapping[str, Path] | None = None,
    part: Collection[str] | None = None,
    *,
    outcomes: bool = True,
) -> Site:
    """Build the site of a submissions folder, without submissions that cannot be read.

    `edition` says which state of the board it is. `inside` are other sites that become folders of this one,
    by their names. With `part`, slugs, it is a preview of these submissions, and says so. With
    `outcomes` those of all results are copied into the site, unless they are too large for it. Raises
    BadInput with all faults where no submission can be read; on any error the old site stays unchanged.
    """
    return Builder(submissions, out, base_url, edition, inside, part, outcomes=outcomes).build()


class Builder:
    """Builds the site of one folder repeatedly; keeps what was read and ranked, to redo only what changed."""

    def __init__(
        self,
        submissions: Path,
        out: Path,
        base_url: str = "",
        edition: Describer = no_edition,
        inside: Mapping[str, Path] | None = None,
        part: Collection[str] | None = None,
        *,
        outcomes: bool = True,
    ) -> None:
        """Take the submissions folder, the output folder and the site's address, and the rest as `build`."""
        self._submissions, self._out, self._base_url = submissions, out, base_url
        self._edition, self._inside = edition, inside or {}
        self._part, self._outcomes = part, outcomes
        self._cache = BuildCache(submissions, part)
        self._entries: EntriesByKey = {}
        self._board: Board | None = None
        self._written: Mapping[str, Written] = {}

    def build(self, states: Mapping[str, FolderState] | None = None) -> Site:
        """Build the site, given the folders' current states if known; on errors the old site stays."""
        old = refuse_foreign(self._out)
        return self._cache.run_opened(partial(self._build, states, old))

    def _build(self, states: Mapping[str, FolderState] | None, old: Mapping[str, Stat]) -> Site:
        current_states = folder_states(self._submissions) if states is None else states
        of = len(current_states)
        if self._part is not None:
            current_states = {slug: state for slug, state in current_states.items() if slug in self._part}
        read = read_submissions(self._submissions, self._cache, current_states, self._entries)
        faults = tuple(fault for slug in sorted(read.faults) for fault in read.faults[slug])
        if faults and not read.entries:
            raise BadInput(faults)
        self._entries = read.entries
        not_shown = [NotShown(slug, read.faults[slug][0].message) for slug in sorted(read.faults)]
        with gc_paused():
            board = make_board(
                read.entries.values(),
                before=self._board,
                not_shown=not_shown,
                seed_priors=load_seed_priors(self._submissions),
            )
            board = replace(board, unpaired_above=unpaired_above(len(current_states)))
            board = with_content(board, self._submissions)
            preview = None if self._part is None else Preview(len(current_states), of)
            self._board = replace(board, edition=replace(self._edition(board), preview=preview))
            # With so many submissions that none is paired, nobody has checked their outcomes.
            copied = (
                outcome_files(self._board, self._submissions)
                if self._outcomes and not board.unpaired_above
                else {}
            )
            self._board = replace(self._board, outcomes=frozenset(copied))
            files = planned_files(self._board, self._base_url) | dict(_inner_files(self._inside))
            files |= {paths.outcomes(*key): file for key, file in copied.items()}
        site = self._out.resolve()
        previous = self._written or {path: Written(*row) for path, row in self._cache.files(site).items()}
        self._written = write_site(files, self._out, previous, old)
        self._cache.replace_files(site, self._written, previous)
        return Site(self._out, self._board, faults)


def site_files(board: Board, base_url: str = "") -> dict[str, bytes]:
    """Return every file of the site: relative path → bytes."""
    return {path: output.make() for path, output in planned_files(board, base_url).items()}


def planned_files(board: Board, base_url: str = "") -> dict[str, Output]:
    """Return every file of the site, not yet rendered, by its relative path."""
    root = f"{base_url.rstrip('/')}/" if base_url else ""
    files = {
        ".nojekyll": Output(bytes),
        paths.LEADERBOARD_JSON: Output(lambda: leaderboard_json(board).encode()),
        "data/rows.js": Output(partial(rows_js, board)),
    }
    files |= {f"static/{name}": Output((TEMPLATES / "static" / name).read_bytes) for name in STATIC}
    files |= {path: Output(partial(bytes, data)) for path, data in own_style(board)}
    common = (*board.edition.inputs, board.unpaired_above, board.settings.model_dump_json())
    files |= {
        path: _page(kind.template, context, common)
        for kind in PAGES
        for path, context in kind.pages(board, root)
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


def _inner_files(sites: Mapping[str, Path]) -> Iterator[tuple[str, Output]]:
    """Yield every file of other sites, each in the folder of its name."""
    for name, site in sites.items():
        for path in site_paths(site):
            yield f"{name}/{path}", Output((site / path).read_bytes)


def _page(template: str, context: Context | CacheablePage, common: tuple[object, ...]) -> Output:
    """Return a page; `common` are the inputs that it has in common with all others."""
    if not isinstance(context, CacheablePage):
        return Output(lambda: render(template, context).encode())
    return Output(
        lambda: render(template, context.context()).encode(), key_of(template, common, context.inputs)
    )
