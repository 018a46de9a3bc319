// Draws each figure with Plotly in place of its drawing, once it comes into view; without this file the drawing stays.
"use strict";

let plotly = null; // the promise of the library, asked for once

function library(place) {
  plotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = place.dataset.plotly;
    // With this id plotly.js does not add the inline style sheet of its maps, which the policy of the pages forbids.
    script.id = place.dataset.guard;
    script.addEventListener("load", resolve);
    script.addEventListener("error", reject);
    document.head.append(script);
  });
  return plotly;
}

// Draws a figure as its page holds it, or as `change` makes it.
async function draw(plot, change = (figure) => figure) {
  await library(plot);
  const { data, layout, config } = change(JSON.parse(document.getElementById(plot.dataset.figure).textContent));
  if (plot.clientWidth < 480) {
    // A phone: a long title takes two lines, and the margins give way to the curves.
    if (layout.xaxis.title.text.length > 30) {
      layout.xaxis.title.text = layout.xaxis.title.text.replace(" (", "<br>(");
    }
    layout.font.size = 12;
    layout.margin = { ...layout.margin, l: 48, r: 8, b: 64 };
  }
  const before = plot.querySelector(".interactive");
  const chart = before ?? document.createElement("div");
  chart.className = "interactive";
  plot.append(chart);
  try {
    await Plotly.react(chart, data, layout, config);
    plot.querySelector(".drawn").hidden = true;
    plot.classList.add("ready");
    Plotly.Plots.resize(chart);
  } catch {
    chart.remove();
  }
}

const seen = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) {
        seen.unobserve(target);
        draw(target).catch(() => {}); // without the library the drawing stays
      }
    }
  },
  { rootMargin: "200px" },
);

for (const plot of document.querySelectorAll("[data-figure]")) {
  seen.observe(plot);
}
