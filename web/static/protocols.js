// While courses are counted, the figures are fetched again; without this file a link does the same.
"use strict";

const PAUSE = 2000;

// What was typed stays: only conditions and buttons are taken from the fresh page.
const takeOver = (page) => {
  const [here, fresh] = [document, page].map((each) => each.querySelector("[data-conditions]"));
  if (!here || !fresh || here.contains(document.activeElement)) return;
  const why = here.querySelector("textarea").value;
  fresh.querySelector("textarea").value = why;
  here.replaceWith(fresh);
};

const renew = async () => {
  const shown = document.querySelector("[data-preview]");
  if (!shown?.querySelector("[data-counting]")) return;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html", "Afterglow-Unattended": "yes" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("[data-preview]");
    if (fresh && !shown.contains(document.activeElement)) shown.replaceWith(fresh);
    takeOver(page);
  } finally {
    setTimeout(renew, PAUSE); // the network may come back
  }
};
setTimeout(renew, PAUSE);
