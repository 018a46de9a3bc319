"""Templates → text; the only importer of jinja2."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

import templates
from site_gen import formatting
from site_gen.board.glossary import meaning
from site_gen.board.regimes import regime_word
from site_gen.board.target_labels import target_label
from site_gen.board.trust import flags
from site_gen.figures.style import symbol_path
from site_gen.formatting import compact

TEMPLATES = Path(templates.__file__).parent


def render(template: str, context: Mapping[str, object]) -> str:
    """Render a template; all values are escaped, and an undefined name raises UndefinedError."""
    return _environment().get_template(template).render(context)


def data_block(text: str) -> Markup:
    """Return equivalent JSON that is safe in a script element: `<`, `>` and `&` become escapes."""
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704  # nothing that HTML reads is left


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "capital": formatting.capital,
        "compact": compact,
        "count": formatting.count,
        "data_block": data_block,
        "diverging": formatting.diverging,
        "signed": formatting.signed,
        "flags": flags,
        "regime_word": regime_word,
        "tuple": tuple,
        "unbroken": formatting.unbroken,
        "flat": lambda value: tuple(formatting.flat(value)),
        "heat": formatting.heat,
        "interval": formatting.interval,
        "language_name": formatting.language_name,
        "listed": formatting.listed,
        "group_name": formatting.group_name,
        "meaning": meaning,
        "metric_name": formatting.metric_name,
        "target_label": target_label,
        "points": formatting.points,
        "published": formatting.published,
        "published_quantity": formatting.published_quantity,
        "rank_range": formatting.rank_range,
        "quantity": formatting.quantity,
        "quantity_unit": formatting.quantity_unit,
        "sign": lambda mark: symbol_path(mark.symbol, 20, 7, 4.6),
    }
    return environment
