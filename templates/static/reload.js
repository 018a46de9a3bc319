// Added to every page by `stiltboard serve`, and part of no site: loads the page again when the site was built again.
"use strict";

const { build } = document.currentScript.dataset;

// The answer waits for the next build, or comes without one after a while. A script may be loaded where nothing else may.
function ask() {
  const script = document.createElement("script");
  script.src = `/.stiltboard/build.js?after=${build}`;
  script.addEventListener("load", () => script.remove());
  script.addEventListener("error", () => {
    script.remove();
    setTimeout(ask, 1000);
  });
  document.head.append(script);
}

// Called by what is loaded.
function stiltboardBuilt(newest) {
  if (newest === build) {
    ask();
  } else {
    location.reload();
  }
}

// Not before: a page that is still loading shows it.
addEventListener("load", ask);
