"""Figures → an SVG document of its own, with title and legend, for papers and slides; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from site_gen.figures.figure import Figure
from site_gen.figures.style import symbol_path
from site_gen.figures.svg import RADIUS, Drawing, Stroke, Symbol, draw

FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', 'Noto Sans', Arial, sans-serif"
_PAPER, _INK, _RULE = "#FFFFFF", "#1D2024", "#D9D9D6"
_TITLE_LINE, _LEGEND_LINE, _CAPTION_LINE, _MARGIN = 30, 20, 17, 14
# The mean width of a letter in a wide sans-serif font, of 13 and of 12 pixels; the length of a legend's line.
_LETTER, _SMALL_LETTER, _KEY = 7.4, 6.8, 34


def svg_document(figure: Figure) -> str:
    """Return a figure as an SVG document: title, legend, drawing and caption, readable in print."""
    drawing = draw(figure)
    legend = list(_rows(drawing.lines, drawing.width - 2 * _MARGIN))
    caption = list(_folded(" ".join(figure.caption), int((drawing.width - 2 * _MARGIN) / _SMALL_LETTER)))
    top = _TITLE_LINE + _LEGEND_LINE * len(legend) + 8
    height = top + drawing.height + _CAPTION_LINE * len(caption) + _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{drawing.width}" height="{height}" '
        f'viewBox="0 0 {drawing.width} {height}" font-family={quoteattr(FONT)} font-size="13" fill="{_INK}">',
        f"<title>{escape(figure.title)}</title>",
        f'<rect width="100%" height="100%" fill="{_PAPER}"/>',
        f'<text x="{_MARGIN}" y="21" font-size="16" font-weight="600">{escape(figure.title)}</text>',
        *_legend(legend),
        f'<g transform="translate(0 {top})">',
        *_axes(drawing),
        *(part for line in drawing.lines for part in _stroke(line)),
        "</g>",
        *(
            f'<text x="{_MARGIN}" y="{top + drawing.height + _CAPTION_LINE * (number + 1) - 4}" '
            f'font-size="12">{escape(line)}</text>'
            for number, line in enumerate(caption)
        ),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _rows(lines: Sequence[Stroke], width: float) -> Iterator[list[tuple[Stroke, float]]]:
    """Yield the entries of the legend, each with its x, in rows that are no wider than `width`."""
    row: list[tuple[Stroke, float]] = []
    x = float(_MARGIN)
    for line in lines:
        needed = _KEY + 8 + _LETTER * len(line.label) + 18
        if row and x + needed > width:
            yield row
            row, x = [], float(_MARGIN)
        row.append((line, x))
        x += needed
    if row:
        yield row


def _folded(text: str, letters: int) -> Iterator[str]:
    line = ""
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > letters:
            yield line
            line = word
        else:
            line = f"{line} {word}".strip()
    if line:
        yield line


def _legend(rows: Sequence[Sequence[tuple[Stroke, float]]]) -> Iterator[str]:
    for number, row in enumerate(rows):
        y = _TITLE_LINE + _LEGEND_LINE * number + 8
        for line, x in row:
            yield f'<g fill="{line.mark.colour}" stroke="{line.mark.colour}">'
            if line.path:
                yield _path(f"M{x:.1f} {y}h{_KEY}", line.mark.dash)
            centre = x + _KEY / 2
            mark = Symbol(symbol_path(line.mark.symbol, centre, y, RADIUS), centre, y, "", "")
            yield from _symbol(mark, line)
            yield "</g>"
            yield f'<text x="{x + _KEY + 8:.1f}" y="{y + 4.5}">{escape(line.label)}</text>'


def _axes(drawing: Drawing) -> Iterator[str]:
    left, right, top, bottom = drawing.left, drawing.right, drawing.top, drawing.bottom
    yield f'<g stroke="{_RULE}" fill="none">'
    yield from (f'<path d="M{tick.at} {top}V{bottom}"/>' for tick in drawing.x_ticks)
    yield from (f'<path d="M{left} {tick.at}H{right}"/>' for tick in drawing.y_ticks)
    yield "</g>"
    middle = (left + right) / 2
    for tick in drawing.x_ticks:
        yield f'<text x="{tick.at}" y="{bottom + 20}" text-anchor="middle">{escape(tick.label)}</text>'
    for tick in drawing.y_ticks:
        yield f'<text x="{left - 10}" y="{tick.at + 4.5}" text-anchor="end">{escape(tick.label)}</text>'
    x_title, y_title = escape(drawing.figure.x.title), escape(drawing.figure.y.title)
    yield f'<text x="{middle}" y="{drawing.height - 10}" text-anchor="middle">{x_title}</text>'
    turned = f"translate(15 {(top + bottom) / 2}) rotate(-90)"
    yield f'<text transform="{turned}" text-anchor="middle">{y_title}</text>'


def _stroke(line: Stroke) -> Iterator[str]:
    yield f'<g fill="{line.mark.colour}" stroke="{line.mark.colour}">'
    if line.band:
        yield f'<path d="{line.band}" fill-opacity="0.16" stroke="none"/>'
    if line.path:
        yield _path(line.path, line.mark.dash)
    for x, y in line.seeds:
        yield f'<circle cx="{x}" cy="{y}" r="2.6" fill-opacity="0.75" stroke="none"/>'
    for symbol in (*line.symbols, *line.marked):
        if symbol.whisker:
            yield f'<path d="{symbol.whisker}" fill="none" stroke-width="1.6"/>'
        yield from _symbol(symbol, line)
    for symbol in line.marked:
        yield f'<circle cx="{symbol.x}" cy="{symbol.y}" r="10.5" fill="none" stroke-width="1.6"/>'
    yield "</g>"


def _path(path: str, dash: str) -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<path d="{path}" fill="none" stroke-width="2"{dashes}/>'


def _symbol(symbol: Symbol, line: Stroke) -> Iterator[str]:
    fill = f' fill="{_PAPER}"' if line.open else ""
    title = f"<title>{escape(symbol.text)}</title>" if symbol.text else ""
    yield f'<path d="{symbol.path}" stroke-width="1.6"{fill}>{title}</path>'
