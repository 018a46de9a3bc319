"""Charts: a figure as a static drawing and as JSON for Plotly in the browser."""

from __future__ import annotations

from dataclasses import dataclass

from site_gen.figures.figure import Figure
from site_gen.figures.plotly_json import figure_json
from site_gen.figures.scaling_choices import ScalingChoices
from site_gen.figures.svg import Drawing, draw


@dataclass(frozen=True)
class Chart:
    """A figure, its drawing, its JSON, and the choices offered to the reader."""

    figure: Figure
    drawing: Drawing
    json: str
    choices: ScalingChoices | None = None


def make_chart(figure: Figure | None, choices: ScalingChoices | None = None) -> Chart | None:
    """Return the chart of a figure; None without a figure."""
    return Chart(figure, draw(figure), figure_json(figure), choices) if figure else None
