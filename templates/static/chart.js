// Replaces the static drawing of each figure by Plotly's once it comes into view; without this file the static drawing stays.
"use strict";

let plotly = null; // the promise of the library, loaded once

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

// Draws a figure as in its page, or as changed by `change`.
async function draw(plot, change = (figure) => figure) {
  await library(plot);
  const { data, layout, config } = change(JSON.parse(document.getElementById(plot.dataset.figure).textContent));
  if (plot.clientWidth < 480) {
    // A phone: break a long title into two lines, and reduce the margins.
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
        draw(target).catch(() => {}); // without the library the static drawing stays
      }
    }
  },
  { rootMargin: "200px" },
);

for (const plot of document.querySelectorAll("[data-figure]")) {
  seen.observe(plot);
}
