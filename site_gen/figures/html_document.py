"""Figures → one HTML file that needs nothing else: the interactive chart, the drawing and the numbers."""

from __future__ import annotations

from html import escape

from site_gen.figures.figure import Figure, Table
from site_gen.figures.plotly_json import figure_json, plotly_js
from site_gen.figures.svg_document import FONT, svg_document

_STYLE = f"""
body {{ font: 16px/1.5 {FONT}; margin: 1.5rem auto; max-width: 62rem; padding: 0 1rem; color: #1D2024; }}
#chart {{ height: 30rem; }}
svg {{ max-width: 100%; height: auto; }}
table {{ border-collapse: collapse; }}
th, td {{ padding: 0.2rem 0.8rem 0.2rem 0; text-align: left; }}
.number {{ text-align: right; font-variant-numeric: tabular-nums; }}
"""
# The drawing stands until the chart, which shows values at the pointer, is there. Its colours are for paper;
# on the site a style sheet sets them.
_SCRIPT = """
const figure = JSON.parse(document.getElementById("figure").textContent);
figure.layout.showlegend = true;
figure.layout.legend = { orientation: "h", y: -0.2 };
figure.layout.font.color = "#1D2024";
for (const axis of ["xaxis", "yaxis"]) figure.layout[axis].gridcolor = "#D9D9D6";
for (const trace of figure.data) trace.showlegend = !trace.name.includes(": ");
figure.config.modeBarButtonsToRemove = ["select2d", "lasso2d", "autoScale2d"];
Plotly.newPlot("chart", figure.data, figure.layout, figure.config).then(() => {
  document.getElementById("drawing").remove();
});
"""


def html_document(figure: Figure) -> str:
    """Return a figure as one HTML file, with Plotly's script inside, so that it is read without a network."""
    title = escape(figure.title)
    data = figure_json(figure).replace("<", "\\u003c")
    script = plotly_js().decode().replace("</script", "<\\/script")
    return "\n".join(
        [
            f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>",
            f'<div id="drawing">{svg_document(figure)}</div>\n<div id="chart"></div>',
            f"<p>{escape(' '.join(figure.caption))}</p>",
            _table(figure.table),
            f'<script type="application/json" id="figure">{data}</script>',
            f"<script>{script}</script>\n<script>{_SCRIPT}</script>\n</body>\n</html>\n",
        ]
    )


def _table(table: Table) -> str:
    def cell(tag: str, text: str, number: bool) -> str:
        look = ' class="number"' if number else ""
        return f"<{tag}{look}>{escape(text)}</{tag}>"

    head = "".join(cell("th", column.title, column.number) for column in table.columns)
    rows = [
        "".join(
            cell("td", text, column.number) for column, text in zip(table.columns, line.cells, strict=True)
        )
        for line in table.lines
    ]
    body = "".join(f"<tr>{row}</tr>\n" for row in rows)
    head = f"<details>\n<summary>The numbers</summary>\n<table>\n<thead><tr>{head}</tr></thead>"
    return f"{head}\n<tbody>\n{body}</tbody>\n</table>\n</details>"
