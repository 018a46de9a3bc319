"""The preview pictures that other sites show for a link: one per submission and one for the site, by Pillow.

Pillow's font has few characters besides ASCII. Accents and other characters that it lacks are removed; a
title that would lose too much is replaced by the slug, so that no picture shows empty boxes.
"""

from __future__ import annotations

import io
import re
import unicodedata
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from harness.records import Regime
from harness.records.board_settings import TITLE
from site_gen.board.board import Board, Cell, Row
from site_gen.board.regimes import REGIME_NAMES
from site_gen.figures.style import REGIME_MARKS
from site_gen.formatting import capital, compact, count, metric_name, points, rank_range

WIDTH, HEIGHT = 1200, 630
_LEFT, _RIGHT = 84, WIDTH - 84
_PAPER, _SOFT, _INK = 255, 110, 0  # the greys that are drawn
_PAPER_COLOUR, _INK_COLOUR = (252, 252, 250), (29, 32, 36)
# Fifteen steps of grey and one colour: four bits a pixel keep the file small.
_GREYS = 15
_ACCENT = _GREYS
_PLAIN = str.maketrans(
    {
        "–": "-",
        "—": "-",
        "→": ">",
        "×": "x",
        "ß": "ss",
        "ø": "o",
        "Ø": "O",
        "ł": "l",
        "Ł": "L",
        "æ": "ae",
        "đ": "d",
    }
)
_MOST_SCORES = 3
_NAME_HEIGHT = 232

Font = ImageFont.FreeTypeFont


def submission_card(row: Row, board: str = TITLE) -> bytes:
    """Draw a submission's title, family, regime, size and first scores as a PNG, below the board's title."""
    name = shown_name(row.submission.title, row.slug)
    size = f"{compact(row.parameters.body)} parameters outside the embeddings" if row.parameters else ""
    about = [part for part in (row.submission.family, REGIME_NAMES[row.regime], size) if part]
    scores = [_score(cell) for cell in row.cells.values() if cell.score is not None]
    return _card(board, name, ", ".join(about), scores[:_MOST_SCORES], REGIME_MARKS[row.regime].colour)


def site_card(board: Board) -> bytes:
    """Draw the board's question and its numbers of submissions and targets as a PNG."""
    asked = board.settings.question
    question = asked.text if asked else capital(board.settings.subtitle)
    shown = sum(1 for standing in board.standings if standing.rows)
    about = (
        f"{count(len(board.rows))} submissions on {count(shown)} targets"
        if board.rows
        else "No submission yet"
    )
    return _card(board.title, question, about, [], REGIME_MARKS[Regime.MULTILINGUAL].colour)


def shown_name(title: str, slug: str) -> str:
    """Return a title as the font can show it, or the slug if over 25 % of its letters would be lost."""
    shown = _shown(title)
    total, remaining = (sum(character.isalnum() for character in text) for text in (title, shown))
    return shown if total and remaining >= 0.75 * total else slug


def _shown(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    drawable = "".join(
        character
        for character in plain
        if character == " " or (character.isprintable() and _has_glyph(character))
    )
    return " ".join(drawable.split())


@cache
def _font(size: int) -> Font:
    """Load Pillow's default font, with the basic layout that does not depend on an optional library."""
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font.font_variant(layout_engine=ImageFont.Layout.BASIC)


@cache
def _has_glyph(character: str) -> bool:
    font = _font(24)
    drawn, box = (font.getmask(symbol) for symbol in (character, "\U0010fffe"))
    return (drawn.size, bytes(drawn)) != (box.size, bytes(box))


def _score(cell: Cell) -> tuple[str, str]:
    assert cell.score is not None
    rank = f", rank {rank_range(*cell.ranks)}" if cell.ranks else cell.trust.flag and f", {cell.trust.flag}"
    return points(cell.score), _shown(f"{cell.target.title}, {metric_name(cell.target.metric)}{rank}")


def _card(brand: str, name: str, about: str, scores: list[tuple[str, str]], colour: str) -> bytes:
    image = Image.new("L", (WIDTH, HEIGHT), _PAPER)
    draw = ImageDraw.Draw(image)
    brand = _cut(shown_name(brand, TITLE), _font(34), _RIGHT - _LEFT)
    draw.text((_LEFT, 62), brand, fill=_SOFT, font=_font(34))
    bottom = _lines(draw, name, 128)
    draw.text(
        (_LEFT, bottom + 22), _cut(_shown(about), _font(32), _RIGHT - _LEFT), fill=_SOFT, font=_font(32)
    )
    column = (_RIGHT - _LEFT) // _MOST_SCORES
    for number, (score, label) in enumerate(scores):
        x = _LEFT + number * column
        draw.text((x, 456), score, fill=_INK, font=_font(76))
        draw.text((x, 548), _cut(label, _font(24), column - 28), fill=_SOFT, font=_font(24))
    return _png(image, colour, rule=bool(scores))


def _lines(draw: ImageDraw.ImageDraw, name: str, top: int) -> int:
    """Draw the name in the largest size that fits above the scores; return the y where it ends."""
    for size in (76, 64, 54, 46):
        lines, height = _wrapped(name, _font(size)), round(1.2 * size)
        if len(lines) * height <= _NAME_HEIGHT:
            break
    most = _NAME_HEIGHT // height
    if len(lines) > most:
        lines = [*lines[: most - 1], _cut(" ".join(lines[most - 1 :]), _font(size), _RIGHT - _LEFT)]
    for number, line in enumerate(lines):
        draw.text((_LEFT, top + number * height), line, fill=_INK, font=_font(size))
    return top + len(lines) * height


def _wrapped(text: str, font: Font) -> list[str]:
    """Break a text between words and at hyphens; a part that is wider than the picture breaks anywhere."""
    lines = [""]
    for piece in re.findall(r"[^\s-]+-*\s*|-+\s*", text):
        for part in _fitting(piece, font):
            if font.getlength((lines[-1] + part).rstrip()) <= _RIGHT - _LEFT:
                lines[-1] += part
            else:
                lines.append(part)
    return [line.strip() for line in lines if line.strip()]


def _fitting(word: str, font: Font) -> list[str]:
    parts = [""]
    for character in word:
        if font.getlength(parts[-1] + character) > _RIGHT - _LEFT:
            parts.append("")
        parts[-1] += character
    return parts


def _cut(text: str, font: Font, width: int) -> str:
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text.rstrip(' ,')}…"


def _png(image: Image.Image, colour: str, *, rule: bool) -> bytes:
    """Reduce to a palette from ink to paper with one accent, and encode it without metadata."""
    levels = image.point([round(grey / 255 * (_GREYS - 1)) for grey in range(256)])
    picture = Image.frombytes("P", levels.size, levels.tobytes())
    steps = [step / (_GREYS - 1) for step in range(_GREYS)]
    ramp = [
        round(ink + step * (paper - ink))
        for step in steps
        for ink, paper in zip(_INK_COLOUR, _PAPER_COLOUR, strict=True)
    ]
    picture.putpalette([*ramp, *bytes.fromhex(colour.lstrip("#"))])
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, 23, HEIGHT), fill=_ACCENT)
    if rule:
        draw.rectangle((_LEFT, 428, _RIGHT, 430), fill=_ACCENT)
    file = io.BytesIO()
    picture.save(file, "PNG", bits=4, compress_level=6)
    return file.getvalue()
