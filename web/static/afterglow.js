// Enhancements only: every page reads and works without this file.
"use strict";

// Charts: the nearest mark is read out under the pointer, and by arrow keys.
for (const chart of document.querySelectorAll("svg[data-readout]")) {
  const marks = [...chart.querySelectorAll("title")].map((title) => title.parentElement);
  const readout = document.getElementById(chart.dataset.readout);
  if (!marks.length || !readout) continue;
  let chosen = -1;

  const choose = (index) => {
    if (index === chosen) return;
    if (chosen >= 0) marks[chosen].classList.remove("chosen");
    chosen = index;
    marks[chosen].classList.add("chosen");
    readout.textContent = marks[chosen].querySelector("title").textContent;
  };
  const distance = (mark, event) => {
    const box = mark.getBoundingClientRect();
    return Math.hypot(
      event.clientX - box.x - box.width / 2,
      (event.clientY - box.y - box.height / 2) / 4, // the day counts more than the height
    );
  };
  const follow = (event) => {
    const distances = marks.map((mark) => distance(mark, event));
    choose(distances.indexOf(Math.min(...distances)));
  };
  const step = (event) => {
    const last = marks.length - 1;
    const next = {
      ArrowLeft: Math.max(0, chosen - 1),
      ArrowRight: Math.min(last, chosen + 1),
      Home: 0,
      End: last,
    }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    choose(next);
  };

  chart.setAttribute("tabindex", "0");
  chart.addEventListener("pointermove", follow);
  chart.addEventListener("pointerdown", follow);
  chart.addEventListener("keydown", step);
  chart.addEventListener("focus", () => { if (chosen < 0) choose(marks.length - 1); });
}

// Some people recover better without numbers; the choice is kept on this phone, for all of their pages.
if (document.body.classList.contains("patient")) {
  const toggle = document.querySelector("[data-numbers]");
  const show = () => {
    const hidden = localStorage.getItem("numbers") === "hidden";
    document.body.classList.toggle("no-numbers", hidden);
    if (toggle) toggle.textContent = hidden ? "Show numbers" : "Hide numbers";
  };
  show();
  if (toggle) {
    toggle.hidden = false;
    toggle.addEventListener("click", () => {
      localStorage.setItem("numbers", localStorage.getItem("numbers") === "hidden" ? "shown" : "hidden");
      show();
    });
  }
}

// A new patient's days begin and end where the phone is.
for (const field of document.querySelectorAll("[data-time-zone]")) {
  field.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
}

// Of two ways to give a photo, the later choice counts; a photo taken now cannot be of another day.
for (const form of document.querySelectorAll("form[data-queued]")) {
  const inputs = form.querySelectorAll("input[type=file]");
  for (const input of inputs) {
    input.addEventListener("change", () => {
      if (!input.files.length) return;
      for (const other of inputs) if (other !== input) other.value = "";
      if (input.hasAttribute("capture")) form.elements.taken_at.value = "";
    });
  }
}

// A photo that is being measured: look again every few seconds until there is a result.
const waiting = document.querySelector("[data-refresh]");
if (waiting) {
  const look = async () => {
    const answer = await fetch(location.href, { redirect: "error" }).catch(() => null);
    if (answer && answer.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById(waiting.id);
      if (fresh && !fresh.hasAttribute("data-refresh")) {
        location.reload();
        return;
      }
    }
    setTimeout(look, waiting.dataset.refresh * 1000);
  };
  setTimeout(look, waiting.dataset.refresh * 1000);
}

// Settings: a person who travels need not know the name of a time zone.
const zoneHint = document.querySelector("[data-zone-hint]");
if (zoneHint) {
  const field = document.getElementById("time_zone");
  // Browsers and servers prefer different names of one zone; the browser knows both.
  const ownName = (timeZone) => {
    try {
      return Intl.DateTimeFormat("en", { timeZone }).resolvedOptions().timeZone;
    } catch (_unknown) {
      return "";
    }
  };
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  zoneHint.querySelector("[data-zone]").textContent = here;
  zoneHint.hidden = !here || here === ownName(field.value);
  zoneHint.querySelector("button").addEventListener("click", () => {
    field.value = here;
    zoneHint.hidden = true;
    field.focus();
  });
}

// A link to a field opens the folded part that holds it, and one can type at once.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.('a[href^="#"]');
  const target = link && document.getElementById(link.hash.slice(1));
  const folded = target?.closest("details");
  if (!folded) return;
  folded.open = true;
  const fields = "input:not([type=hidden]), select, textarea";
  const field = target.matches(fields) ? target : target.querySelector(fields);
  if (field) setTimeout(() => field.focus());
});
