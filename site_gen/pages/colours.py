"""A board's own colours as a style sheet, checked for contrast with the surfaces that they are used on; pure.

The ratio of two colours, and what is enough, are WCAG 2.2's: 4.5 for text (1.4.3), 3 for marks (1.4.11).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from harness.records.board_settings import Colours, ModeColours
from site_gen import paths
from site_gen.board.board import Board
from site_gen.pages.rendering import TEMPLATES

_ENOUGH = {"link": 4.5, "accent": 3.0}
_SURFACES = ("page", "surface", "hover", "warn-surface")
_DARK = "@media (prefers-color-scheme: dark)"


def colours_css(colours: Colours) -> bytes:
    """Return a style sheet that follows the site's own; empty where the board has no colours."""
    modes = {name: _properties(mode) for name, mode in (("light", colours.light), ("dark", colours.dark))}
    light = f":root {{ {modes['light']} }}\n" if modes["light"] else ""
    # Without its own, the dark mode keeps the site's colours, which a rule for both would replace.
    light = f"@media not (prefers-color-scheme: dark) {{ {light.strip()} }}\n" if light else ""
    dark = f"{_DARK} {{ :root {{ {modes['dark']} }} }}\n" if modes["dark"] else ""
    return f"{light}{dark}".encode()


def own_style(board: Board) -> Iterator[tuple[str, bytes]]:
    """Yield (path, file) of the board's own colours and logo, where it has them."""
    if css := colours_css(board.settings.colours):
        yield paths.COLOURS, css
    if board.logo:
        yield paths.logo(board.settings.logo or ""), board.logo


def _properties(mode: ModeColours) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in _given(mode).items())


def _given(mode: ModeColours) -> dict[str, str]:
    return {name: colour for name in _ENOUGH if (colour := getattr(mode, name)) is not None}


def colour_faults(colours: Colours) -> Iterator[tuple[str, str]]:
    """Yield what is wrong, and the nearest colour that is not, for each colour that is hard to read."""
    for name, mode in (("light", colours.light), ("dark", colours.dark)):
        surfaces = _surfaces()[name]
        for use, colour in _given(mode).items():
            surface = min(surfaces, key=lambda one: contrast(colour, surfaces[one]))
            ratio = contrast(colour, surfaces[surface])
            if ratio < _ENOUGH[use]:
                yield (
                    f"colours: {name}: {use}: {colour} has a contrast of {ratio:.2f} with the {surface}'s "
                    f"{surfaces[surface]}, and needs {_ENOUGH[use]:g}",
                    f'for example "{_readable(colour, surfaces, _ENOUGH[use])}"',
                )


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of two colours, #rrggbb, from 1 to 21 (WCAG 2.2)."""
    low, high = sorted((_luminance(first), _luminance(second)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _readable(colour: str, surfaces: Mapping[str, str], enough: float) -> str:
    """Return a colour mixed with as little black, or white on dark surfaces, as makes it readable on all."""
    is_dark = _luminance(surfaces["page"]) < 0.5
    end = 255 if is_dark else 0
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    for step in range(101):
        mixed = "#" + "".join(f"{round(part + (end - part) * step / 100):02x}" for part in parts)
        if all(contrast(mixed, surface) >= enough for surface in surfaces.values()):
            return mixed
    raise AssertionError("black and white are readable on the site's surfaces")


@cache
def _surfaces() -> Mapping[str, Mapping[str, str]]:
    """Return the surfaces of both modes, from the site's style sheet."""
    sheet = (TEMPLATES / "static" / "site.css").read_text("utf-8")
    light, _, dark = sheet.partition(_DARK)
    found = {name: _first_colours(text) for name, text in (("light", light), ("dark", dark))}
    return {name: {surface: colours[surface] for surface in _SURFACES} for name, colours in found.items()}


def _first_colours(text: str) -> dict[str, str]:
    found = re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", text)
    return dict(reversed(found))
