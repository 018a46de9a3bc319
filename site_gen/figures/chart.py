"""Charts: a figure with its drawings for pages and for phones."""

from __future__ import annotations

from dataclasses import dataclass

from site_gen.figures.figure import Figure
from site_gen.figures.scaling_choices import ScalingChoices
from site_gen.figures.svg import NARROW, WIDE, Drawing, draw


@dataclass(frozen=True)
class Chart:
    """A figure, its drawings, and the choices offered to the reader."""

    figure: Figure
    drawing: Drawing
    narrow: Drawing
    choices: ScalingChoices | None = None


def make_chart(figure: Figure | None, choices: ScalingChoices | None = None) -> Chart | None:
    """Return the chart of a figure; None without a figure."""
    return Chart(figure, draw(figure, WIDE), draw(figure, NARROW), choices) if figure else None
