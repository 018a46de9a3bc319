"""A badge for a submission's own pages: its score on the board, as SVG; pure."""

from __future__ import annotations

from xml.sax.saxutils import escape

from site_gen.board.board import Row
from site_gen.formatting import points, score_range

# The mean width of a letter of 11 pixels, and the space around the words.
_LETTER, _PADDING, _HEIGHT = 6.4, 10, 20
_LABEL, _VALUE = "#3D434A", "#0B5A91"


def has_badge(row: Row) -> bool:
    """Tell whether a submission has a score to show."""
    return any(cell.score is not None for cell in row.cells.values())


def badge_svg(row: Row, board_title: str) -> bytes:
    """Return a badge with the first score of a submission, in the order of the targets, and its interval."""
    cell = next(cell for cell in row.cells.values() if cell.score is not None)
    assert cell.score is not None
    interval = f" ({score_range(cell.result.interval)})" if cell.result.interval else ""
    label, value = board_title, f"{cell.target.title} {points(cell.score)}{interval}"
    left, right = (round(_LETTER * len(words)) + 2 * _PADDING for words in (label, value))
    text = escape(f"{label}: {value}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="{_HEIGHT}" role="img" '
        f'aria-label="{text.replace(chr(34), "&quot;")}"><title>{text}</title>'
        f'<rect width="{left}" height="{_HEIGHT}" fill="{_LABEL}"/>'
        f'<rect x="{left}" width="{right}" height="{_HEIGHT}" fill="{_VALUE}"/>'
        '<g fill="#FFFFFF" font-family="system-ui, sans-serif" font-size="11" text-anchor="middle">'
        f'<text x="{left / 2:g}" y="14">{escape(label)}</text>'
        f'<text x="{left + right / 2:g}" y="14">{escape(value)}</text></g></svg>\n'
    ).encode()
