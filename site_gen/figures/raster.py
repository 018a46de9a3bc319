"""SVG → PNG, by resvg; the only importer of it, which comes with the extra `plot`."""

from __future__ import annotations

from harness.errors import MissingExtra

# Pixels of the picture for each of the drawing: about 300 dots an inch at the width of a column.
_SCALE = 3


def png(svg: str) -> bytes:
    """Return an SVG document as a PNG; raises MissingExtra where the extra is not installed."""
    try:
        from resvg_py import svg_to_bytes  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as missing:
        raise MissingExtra("plot -o FILE.png", "plot", str(missing.name)) from missing
    return bytes(svg_to_bytes(svg_string=svg, zoom=_SCALE))
