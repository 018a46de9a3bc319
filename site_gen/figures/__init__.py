"""Figures as records, and their two renderings: Plotly's JSON and SVG."""
