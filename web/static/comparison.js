// The compare page: slider, flicker, one zoom for both photos, days changed in place, drawing.

import { Draft } from "./drawing.js";

const FARTHEST = 8;
const FLICKER_MS = 900; // well under three changes a second (WCAG 2.3.1)
const TAP = 6; // pixels within which a press is not a drag

const pair = document.getElementById("pair");
const choose = document.getElementById("choose");
const reveal = document.getElementById("reveal");
const which = document.querySelector("[data-which]");
const play = document.querySelector("[data-play]");
const eye = { zoom: 1, x: 0.5, y: 0.5 };
const draft = new Draft(pair, (words) => { document.querySelector("[data-said]").textContent = words; });

// One way of showing them

let timer = 0;

function uncover() {
  pair.style.setProperty("--at", `${reveal.value}%`);
}

function nameShown() {
  which.textContent = pair.classList.contains("other") ? "After" : "Before";
}

function flick() {
  pair.classList.toggle("other");
  nameShown();
}

function rest() {
  clearInterval(timer);
  timer = 0;
  play.textContent = "Play";
}

function show(mode) {
  pair.dataset.mode = mode;
  for (const tool of document.querySelectorAll("[data-only]")) tool.hidden = tool.dataset.only !== mode;
  rest();
  nameShown();
}

reveal.addEventListener("input", uncover);
document.querySelector("[data-flick]").addEventListener("click", () => { rest(); flick(); });
play.addEventListener("click", () => {
  if (timer) return rest();
  timer = setInterval(flick, FLICKER_MS);
  play.textContent = "Pause";
  return flick();
});

// One view for both

function look(zoom, x, y) {
  const keep = (share) => Math.min(Math.max(share, 0.5 / zoom), 1 - 0.5 / zoom);
  Object.assign(eye, { zoom, x: keep(x), y: keep(y) });
  for (const name of ["zoom", "x", "y"]) pair.style.setProperty(`--${name}`, eye[name]);
  pair.classList.toggle("near", zoom > 1);
  document.querySelector("[data-scale]").textContent = zoom > 1 ? `${Math.round(zoom * 100)} %` : "";
}

/** Zoom by a factor; the point `held` stays in place. */
function larger(factor, held = [eye.x, eye.y]) {
  const zoom = Math.min(Math.max(eye.zoom * factor, 1), FARTHEST);
  const left = eye.zoom / zoom;
  look(zoom, held[0] + (eye.x - held[0]) * left, held[1] + (eye.y - held[1]) * left);
}

function move(across, down) {
  look(eye.zoom, eye.x + across / eye.zoom, eye.y + down / eye.zoom);
}

for (const button of document.querySelectorAll("[data-zoom]")) {
  button.addEventListener("click", () => larger(Number(button.dataset.zoom)));
}
for (const button of document.querySelectorAll("[data-move]")) {
  const [across, down] = button.dataset.move.split(",").map(Number);
  button.addEventListener("click", () => move(across * 0.15, down * 0.15));
}
document.querySelector("[data-whole]").addEventListener("click", () => look(1, 0.5, 0.5));

// Pointers: wheel, pinch, drag and tap

function frameOf(event) {
  return event.target.closest(".window") ?? pair.querySelector(".window");
}

/** Where on the picture something happens, in shares of its width and height. */
function place(event) {
  const box = frameOf(event).querySelector(".plane").getBoundingClientRect();
  return [(event.clientX - box.x) / box.width, (event.clientY - box.y) / box.height];
}

function aspect(frame) {
  const { width, height } = frame.querySelector(".plane").getBoundingClientRect();
  return width / height;
}

pair.addEventListener("wheel", (event) => {
  if (!event.ctrlKey && document.activeElement !== pair) return; // the page scrolls on
  event.preventDefault();
  larger(Math.exp(-event.deltaY / 400), place(event));
}, { passive: false });

const fingers = new Map();
let pressed = null; // where a single press began, and whether it has become a drag

function gap() {
  const [a, b] = [...fingers.values()];
  return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
}

function setPlace(event) {
  const frame = frameOf(event);
  const side = frame.closest(".pane").classList.contains("before") ? "before" : "after";
  const other = draft.form.querySelector(`[name=photo][data-side=${side}]`);
  if (other && pair.dataset.mode === "side") other.checked = true;
  draft.set(place(event), aspect(frame));
}

pair.addEventListener("pointerdown", (event) => {
  const frame = event.target.closest(".window");
  if (!frame || event.button !== 0) return;
  fingers.set(event.pointerId, event);
  pressed = fingers.size === 1 ? { event, dragged: false } : null;
  frame.setPointerCapture(event.pointerId);
});

pair.addEventListener("pointermove", (event) => {
  const last = fingers.get(event.pointerId);
  if (!last) return;
  const before = fingers.size === 2 ? gap() : 0;
  fingers.set(event.pointerId, event);
  if (before) larger(gap() / before, place(event));
  else drag(last, event);
});

function drag(last, event) {
  const far = pressed && Math.hypot(event.clientX - pressed.event.clientX, event.clientY - pressed.event.clientY) > TAP;
  if (!pressed || (!far && !pressed.dragged)) return;
  const begins = !pressed.dragged;
  pressed.dragged = true;
  const box = frameOf(event).getBoundingClientRect();
  if (draft.isOpen) {
    if (begins) setPlace(pressed.event);
    if (draft.shape === "outline") draft.stroke(place(event));
  } else if (eye.zoom > 1) {
    move((last.clientX - event.clientX) / box.width, (last.clientY - event.clientY) / box.height);
  } else if (pair.dataset.mode === "slider") {
    reveal.value = (100 * (event.clientX - box.x)) / box.width;
    uncover();
  }
}

pair.addEventListener("pointerup", (event) => {
  const ends = pressed && fingers.size === 1 && draft.isOpen;
  const drawsOn = !pressed?.dragged || ["circle", "arrow"].includes(draft.isOpen && draft.shape);
  if (ends && drawsOn) setPlace(event);
  fingers.delete(event.pointerId);
  pressed = null;
});
pair.addEventListener("pointercancel", (event) => { fingers.delete(event.pointerId); pressed = null; });

// Keys, while the photos are chosen

function follow(id) {
  document.getElementById(id)?.click();
}

const LOOKING = {
  "+": () => larger(1.25), "=": () => larger(1.25), "-": () => larger(0.8), 0: () => look(1, 0.5, 0.5),
  ArrowLeft: () => move(-0.1, 0), ArrowRight: () => move(0.1, 0), ArrowUp: () => move(0, -0.1), ArrowDown: () => move(0, 0.1),
  "[": () => follow("after-earlier"), "]": () => follow("after-later"),
  "{": () => follow("before-earlier"), "}": () => follow("before-later"),
  " ": () => { rest(); flick(); },
};

function steer(across, down) {
  draft.steer((across * 0.01) / eye.zoom, (down * 0.01) / eye.zoom, [eye.x, eye.y]);
}

const DRAWING = {
  ArrowLeft: () => steer(-1, 0), ArrowRight: () => steer(1, 0), ArrowUp: () => steer(0, -1), ArrowDown: () => steer(0, 1),
  Enter: () => draft.set(draft.cross ?? [eye.x, eye.y], aspect(pair.querySelector(".window"))),
  Backspace: () => draft.undo(),
};

pair.addEventListener("keydown", (event) => {
  const act = (draft.isOpen && DRAWING[event.key]) || LOOKING[event.key];
  if (event.target !== pair || !act || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act();
});

// Drawing follows the form that is open

document.addEventListener("toggle", (event) => {
  const form = event.target.querySelector?.("[data-draw]");
  if (!form) return;
  if (event.target.open) draft.open(form);
  else if (draft.form === form) draft.close();
}, true);
document.addEventListener("input", (event) => {
  if (event.target.form === draft.form) draft.draw();
});
document.addEventListener("click", (event) => {
  if (event.target.matches("[data-clear]")) draft.places = [];
});

// Other photos without losing the place: only what has changed is replaced

async function go(address) {
  const answer = await fetch(address, { redirect: "error" }).catch(() => null);
  const fresh = answer?.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
  if (!fresh?.getElementById("pair")) return location.assign(address);
  const focused = document.activeElement?.id;
  draft.close();
  for (const part of document.querySelectorAll("[data-fresh]")) {
    part.replaceChildren(...fresh.getElementById(part.id).childNodes);
  }
  history.replaceState(null, "", address);
  document.getElementById(focused)?.focus({ preventScroll: true });
  return prepare();
}

function chosen() {
  return `${location.pathname}?${new URLSearchParams(new FormData(choose))}`;
}

document.addEventListener("change", (event) => {
  if (event.target.form !== choose) return;
  if (event.target.name === "mode") {
    show(event.target.value);
    history.replaceState(null, "", chosen());
  } else if (event.target.name === "view") choose.requestSubmit();
  else go(chosen());
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("a.step");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go(link.href);
});
document.addEventListener("input", (event) => {
  if (event.target.id === "opacity") pair.style.setProperty("--opacity", event.target.value / 100);
});

/** What every fresh part of the page needs: its tools shown, and windows of the photos' own shape. */
function prepare() {
  for (const tool of document.querySelectorAll("[data-scripted]")) tool.hidden = false;
  for (const frame of pair.querySelectorAll(".window")) {
    const photo = frame.querySelector(".photo");
    const fit = () => photo.naturalWidth && frame.style.setProperty("--aspect", `${photo.naturalWidth} / ${photo.naturalHeight}`);
    photo.addEventListener("load", fit);
    fit();
  }
  pair.style.setProperty("--opacity", (document.getElementById("opacity")?.value ?? 100) / 100);
  const open = document.querySelector("details[open] > [data-draw]");
  if (open) draft.open(open);
}

document.querySelector("[data-submit]").hidden = true;
pair.classList.add("scripted");
pair.tabIndex = 0;
pair.setAttribute("role", "group");
pair.setAttribute("aria-label", "Both photos. Plus and minus zoom, arrow keys move; while a note is drawn they move a cross, and Enter sets a place.");
show(pair.dataset.mode);
uncover();
look(1, 0.5, 0.5);
prepare();
