"""Charts as records, and the two forms that they are drawn in: Plotly's JSON and SVG."""
