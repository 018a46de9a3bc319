// Added to every page by `stiltboard serve`, never to a built site: reloads the page when the site has been rebuilt.
"use strict";

const { build } = document.currentScript.dataset;

// The answer comes with the next build, or without one after a timeout. It is a script because the policy of the pages forbids other requests.
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

// Called by the loaded script.
function stiltboardBuilt(newest) {
  if (newest === build) {
    ask();
  } else {
    location.reload();
  }
}

// Not earlier: the browser would show the page as still loading.
addEventListener("load", ask);
