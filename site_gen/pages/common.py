"""What all pages have in common: the context that every template gets, and which pages are cached."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import version
from urllib.parse import urlsplit

from harness.records.board_settings import Colours
from site_gen import paths
from site_gen.board.averages import XTREME_GROUPS
from site_gen.board.board import Board, Cell
from site_gen.board.by_language import LISTED
from site_gen.board.families import family_path
from site_gen.board.recipe import recipe_title
from site_gen.board.regimes import REGIME_NAMES
from site_gen.figures.style import REGIME_MARKS
from site_gen.once import once
from site_gen.pages.board_columns import rank_words
from site_gen.pages.request_address import request_address

Context = Mapping[str, object]

# The page of changes lists at most so many submissions of a target whose place alone changed.
LISTED_CHANGES = 100
# The links on every page: name of the section, path, and link text.
NAVIGATION = (
    ("front", "index.html", "Results"),
    ("families", "families.html", "Models"),
    ("targets", "targets.html", "Tests"),
    ("languages", "languages.html", "Languages"),
    ("compare", "compare.html", "Compare"),
    ("method", "method.html", "How to read"),
    ("about", "about.html", "About"),
)


@dataclass(frozen=True)
class CacheablePage:
    """A page that is rendered again only when its `inputs`, all that its context depends on, change."""

    inputs: tuple[object, ...]
    context: Callable[[], Context]


def common(board: Board, base_url: str, path: str, current: str) -> dict[str, object]:
    """Return what every template may use; `current` is the part of the navigation that the page is in."""
    settings = board.settings
    derived = repository(base_url.removesuffix(f"{board.edition.snapshot}/"))
    address = settings.repository or derived
    documentation = settings.documentation or ""
    if documentation == "repository":
        documentation = f"{address}/blob/HEAD" if address else ""
    return {
        "board": board,
        "settings": settings,
        "logo": paths.logo(settings.logo or ""),
        "own_colours": settings.colours != Colours(),
        "edition": board.edition,
        "repository": address,
        "documentation": documentation,
        "request": request_address(address),
        "navigation": NAVIGATION,
        "path": path,
        "picture": f"{base_url}{paths.SITE_CARD}" if base_url else "",
        "exports": paths,
        "family_path": family_path,
        "root": "../" * path.count("/"),
        "canonical": f"{base_url}{'' if path == 'index.html' else path}" if base_url else "",
        "current": current,
        "regime_marks": REGIME_MARKS,
        "regime_names": REGIME_NAMES,
        "xtreme_targets": XTREME_GROUPS.total(),
        "recipe_title": recipe_title,
        "most": LISTED,
        "version": software_version(),
        "rank_text": partial(_rank_text, board),
        "rank_phrase": partial(_rank_phrase, board),
    }


def _rank_text(board: Board, cell: Cell) -> str:
    """Return a ranked cell's rank among all ranked rows of its target."""
    assert cell.ranks is not None  # a template asks only for ranked cells
    return rank_words(cell.ranks, ranked_counts(board)[cell.target.name], once=cell.one_training)


def _rank_phrase(board: Board, cell: Cell) -> str:
    """Return the same in a sentence: rank 2–5, or not separable."""
    words = _rank_text(board, cell)
    return f"rank {words}" if words[0].isdigit() else words


@once
def ranked_counts(board: Board) -> Mapping[str, int]:
    """Return how many rows are ranked on each target."""
    return {standing.target.name: len(standing.ranked) for standing in board.standings}


@cache
def software_version() -> str:
    """Return the version of the installed software."""
    return version("stiltboard")


def repository(base_url: str) -> str:
    """Return the repository behind a GitHub Pages address; empty for any other address."""
    parts = urlsplit(base_url)
    owner, dot, host = (parts.hostname or "").partition(".")
    name = parts.path.strip("/").partition("/")[0]
    return f"https://github.com/{owner}/{name or f'{owner}.github.io'}" if dot and host == "github.io" else ""
