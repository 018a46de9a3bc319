"""Templates → text; the only importer of jinja2."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

import templates
from site_gen import wording
from site_gen.axes import compact
from site_gen.marks import symbol_path
from site_gen.places import place

TEMPLATES = Path(templates.__file__).parent


def render(template: str, context: Mapping[str, object]) -> str:
    """Render a page; everything is escaped, and a name that does not exist is an error."""
    return _environment().get_template(template).render(context)


def data_block(text: str) -> Markup:
    """Make JSON safe inside a script element: no `<` or `&` is left in it, and it is the same JSON."""
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
        "capital": wording.capital,
        "compact": compact,
        "count": wording.count,
        "data_block": data_block,
        "flat": lambda value: tuple(wording.flat(value)),
        "heat": wording.heat,
        "interval": wording.interval,
        "language_name": wording.language_name,
        "listed": wording.listed,
        "group_name": wording.group_name,
        "metric_name": wording.metric_name,
        "place": place,
        "points": wording.points,
        "published": wording.published,
        "published_quantity": wording.published_quantity,
        "rank_range": wording.rank_range,
        "quantity": wording.quantity,
        "quantity_unit": wording.quantity_unit,
        "sign": lambda mark: symbol_path(mark.symbol, 20, 7, 4.6),
    }
    return environment
