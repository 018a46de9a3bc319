"""Charts: one figure twice, drawn now and as what Plotly draws in the browser."""

from __future__ import annotations

from dataclasses import dataclass

from site_gen.figures.figure import Figure
from site_gen.figures.plotly_json import figure_json
from site_gen.figures.scaling_choices import ScalingChoices
from site_gen.figures.svg import Drawing, draw


@dataclass(frozen=True)
class Chart:
    """A figure, its drawing, its JSON, and what a reader may choose."""

    figure: Figure
    drawing: Drawing
    json: str
    choices: ScalingChoices | None = None


def make_chart(figure: Figure | None, asked: ScalingChoices | None = None) -> Chart | None:
    """Make a figure's chart; there is none while there is nothing to draw."""
    return Chart(figure, draw(figure), figure_json(figure), asked) if figure else None
