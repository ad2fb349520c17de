// The work list by keyboard, and up to date while it is open. It works without this file.
import { areOn, listen, turn } from "./keys.js";

const EVERY = 15_000; // milliseconds between two looks
const READING = 8_000; // milliseconds that a confirmation is shown
const UNATTENDED = { "Afterglow-Unattended": "yes" }; // nobody need be there
const SLOWEST = 240_000; // where there is no connection

const list = () => document.querySelector("[data-worklist]");
const allRows = (root) => [...root.querySelectorAll(".row")];
const rows = () => allRows(list()).filter((row) => row.offsetParent !== null);
const linkOf = (row) => row.querySelector("h3 a");
const current = () => document.activeElement?.closest?.("[data-worklist] .row") ?? null;
const news = document.querySelector("[data-news]");

// ---- announcements: politely, and nothing moves by itself

let fading = 0;
const say = (words, { offers = false, fades = false } = {}) => {
  clearTimeout(fading);
  news.toggleAttribute("data-said", Boolean(words));
  news.querySelector("p").textContent = words;
  news.querySelector("button").hidden = !offers;
  if (fades) fading = setTimeout(() => say(""), READING);
};

// ---- keys

const goTo = (row) => {
  if (!row) return;
  linkOf(row).focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
};
const step = (by) => {
  const shown = rows();
  const index = shown.indexOf(current());
  goTo(shown[index < 0 ? 0 : Math.min(shown.length - 1, Math.max(0, index + by))]);
};

const page = async (address) => {
  const answer = await fetch(address, { cache: "no-store", headers: UNATTENDED });
  const found = new DOMParser().parseFromString(await answer.text(), "text/html");
  return { found, list: found.querySelector("[data-worklist]") };
};

const search = document.getElementById("q");
const keys = document.getElementById("keys");

if (list()) {
  listen({
    j: () => step(1),
    k: () => step(-1),
    a: () => {
      const link = current()?.querySelector("[data-open]");
      if (!link) return false;
      link.click();
      return true;
    },
    r: () => Boolean(waiting) && show(),
    "/": () => { search.focus(); search.select(); },
    "?": () => keys.showModal(),
  });
  const open = document.querySelector("[data-keys-open]");
  const on = document.querySelector("[data-keys-on]");
  open.hidden = false;
  open.addEventListener("click", () => keys.showModal());
  on.checked = areOn();
  on.addEventListener("change", () => turn(on.checked));
}

// ---- live: check regularly whether the version has changed; fetch the page only then

let known = list() ? `"${list().dataset.version}"` : "";
let wait = EVERY;
let timer = 0;
let lostAt = "";
let waiting = null; // the newer page, until it is asked for

const marks = (root) => new Map(allRows(root).map((row) => [row.id, row.dataset.mark]));
const countChanges = (newer) => {
  const before = marks(list());
  const after = marks(newer);
  const changed = [...after].filter(([id, mark]) => before.get(id) !== mark).length;
  return changed + [...before.keys()].filter((id) => !after.has(id)).length;
};
const replace = (found, selector) => {
  const [old, fresh] = [document, found].map((root) => root.querySelector(selector));
  if (old && fresh) old.replaceWith(document.importNode(fresh, true));
};

function show() {
  const focused = current()?.id;
  const open = [...list().querySelectorAll("details[open] h2")].map((heading) => heading.id);
  const before = marks(list());
  for (const part of ["[data-summary]", "[data-groups]", "[data-worklist]"]) replace(waiting, part);
  for (const id of open) document.getElementById(id)?.closest("details")?.setAttribute("open", "");
  waiting = null;
  const changed = rows().find((row) => before.get(row.id) !== row.dataset.mark);
  say("The list is up to date.", { fades: true });
  goTo((focused && document.getElementById(focused)) || changed || rows()[0]);
}

const look = async () => {
  const answer = await fetch(list().dataset.watch, {
    cache: "no-store",
    headers: { ...UNATTENDED, "If-None-Match": known },
  });
  if (answer.redirected) return false; // to the sign-in
  if (answer.status === 200) {
    const newer = await page(list().dataset.home);
    if (!newer.list) throw new Error("no list came");
    known = answer.headers.get("ETag");
    const count = countChanges(newer.list);
    waiting = count ? newer.found : waiting;
    if (count) say(count === 1 ? "1 change." : `${count} changes.`, { offers: true });
    else for (const part of ["[data-summary]", "[data-groups]"]) replace(newer.found, part);
  } else if (answer.status !== 304) {
    throw new Error(`answer ${answer.status}`);
  }
  return true;
};

const watch = async () => {
  clearTimeout(timer);
  if (document.hidden) return;
  try {
    if (!(await look())) {
      say("You are signed out. Reload the page to sign in.");
      return;
    }
    if (lostAt && !waiting) say("The connection is back.", { fades: true });
    lostAt = "";
    wait = EVERY;
  } catch {
    if (!lostAt) lostAt = new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    say(`No connection since ${lostAt}: this list may be old. Trying again.`);
    wait = Math.min(SLOWEST, wait * 2);
  }
  clearTimeout(timer); // another check may have overtaken this one; one timer is enough
  if (!document.hidden) timer = setTimeout(watch, wait);
};

if (list()) {
  news.querySelector("button").addEventListener("click", show);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) clearTimeout(timer);
    else watch();
  });
  addEventListener("online", watch);
  timer = setTimeout(watch, EVERY);
}
