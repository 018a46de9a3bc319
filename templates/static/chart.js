// Draws each figure with Plotly in place of its drawing; without this file the drawing stays.
"use strict";

for (const plot of document.querySelectorAll("[data-figure]")) {
  const drawn = plot.querySelector(".drawn");
  const { data, layout, config } = JSON.parse(document.getElementById(plot.dataset.figure).textContent);
  if (plot.clientWidth < 480) {
    // A phone: a long title takes two lines, and the margins give way to the curves.
    if (layout.xaxis.title.text.length > 30) {
      layout.xaxis.title.text = layout.xaxis.title.text.replace(" (", "<br>(");
    }
    layout.font.size = 12;
    layout.margin = { ...layout.margin, l: 48, r: 8, b: 64 };
  }
  const chart = document.createElement("div");
  chart.className = "interactive";
  plot.append(chart);
  Plotly.newPlot(chart, data, layout, config).then(
    () => {
      drawn.hidden = true;
      plot.classList.add("ready");
      Plotly.Plots.resize(chart);
    },
    () => chart.remove(),
  );
}
