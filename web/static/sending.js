// Sends photos and answers so that nothing is lost: kept on the phone first, then sent with
// progress, taken off when it has arrived. What cannot be sent now goes when the network is back.
import { forget, keep, kept, markRefused, opened } from "./queue.js";

const PATIENCE_MS = 120_000; // without a single byte going out
const LOOK_AGAIN_MS = 30_000;
const LARGEST_PHOTO = 40 * 1024 * 1024;

const person = document.body.dataset.person;
const shelf = document.querySelector("[data-unsent]");

for (const form of document.querySelectorAll("form[data-queued]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(form).catch((error) => tell(form, `Something went wrong on this phone (${error.name}). Reload the page and try again.`));
  });
}
if (person) {
  navigator.serviceWorker?.register("/service-worker.js");
  caches.open("afterglow").then((cache) => cache.add("/offline")).catch(ignoreOffline);
  document.querySelector("form.leave")?.addEventListener("submit", () => caches.delete("afterglow"));
  window.addEventListener("online", () => flush());
  setInterval(() => flush(), LOOK_AGAIN_MS);
  flush();
}

/** Offline, the page for that is kept already; every other trouble may be seen. */
function ignoreOffline(error) {
  if (navigator.onLine) throw error;
}

async function submit(form) {
  const button = form.querySelector("button[type=submit]");
  const camera = document.querySelector("[data-camera]");
  const chosen = [...form.querySelectorAll("input[type=file]")].flatMap((input) => [...input.files])[0];
  const photo = camera?.photo || chosen || null;
  if (form.dataset.queued === "photo" && !photo) return tell(form, "Take a photo first, or choose one.");
  if (photo && photo.size > LARGEST_PHOTO) return tell(form, "This file is too large. Send a photo of less than 40 MB.");
  const madeAt = (photo && camera?.takenAt) || new Date();
  button.disabled = true;
  const fields = [...new FormData(form)].filter(([name, value]) => typeof value === "string" && name !== "csrf_token");
  const item = await keep({
    key: crypto.randomUUID(), person, path: form.getAttribute("action"), fields, photo,
    madeAt: madeAt.toISOString(),
  });
  const answer = await flush({ form, only: item });
  button.disabled = false;
  if (answer?.arrived) location.assign(answer.url);
  else if (answer?.page) showRefusal(form, answer.page);
  else {
    camera?.dispatchEvent(new Event("camera:done"));
    showFlags(form);
    form.reset();
    tell(form, "You are offline, or the clinic cannot be reached. It is kept on this phone and goes out by itself.");
  }
  return undefined;
}

/** Send what is kept, oldest first; one page at a time does it. Returns the answer about `only`. */
async function flush({ form = null, only = null } = {}) {
  let about = null;
  await navigator.locks.request("afterglow-sending", async () => {
    const waiting = (await kept(person)).filter((item) => !item.refused);
    for (const item of waiting) {
      const ours = only && item.key === only.key;
      const answer = await send(item, (share) => { if (ours) tell(form, `Sending … ${Math.round(share * 100)} %`); });
      if (ours) about = answer;
      if (answer.arrived) await forget(item);
      else if (answer.page && ours) await forget(item); // its fate is on the screen
      else if (answer.page) await markRefused(item, remedyIn(answer.page));
      else break; // no network, or signed out: the others would fare alike
    }
  });
  await showShelf();
  return about;
}

/** One item's way: {arrived, url}, {page} when it was refused with reasons, {} when it did not get there. */
async function send(item, onProgress) {
  const token = await freshToken();
  if (!token) return {};
  const { fields, photo } = await opened(item);
  const body = new FormData();
  for (const [name, value] of [...fields, ["csrf_token", token], ["key", item.key], ["made_at", item.madeAt]]) {
    body.append(name, value);
  }
  if (photo) body.append("photo", photo, photo.name);
  const request = await posted(item.path, body, onProgress);
  const page = request && new DOMParser().parseFromString(request.responseText, "text/html");
  if (!request || request.status >= 500 || request.status === 429) return {};
  if (request.status >= 400) return { page };
  return new URL(request.responseURL).pathname === "/sign-in" ? {} : { arrived: true, url: request.responseURL };
}

/** XMLHttpRequest, because fetch does not tell how much has gone out. Null when it broke off. */
function posted(path, body, onProgress) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    let last = performance.now();
    const watch = setInterval(() => { if (performance.now() - last > PATIENCE_MS) request.abort(); }, 1000);
    request.upload.onprogress = (event) => {
      last = performance.now();
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    };
    request.onloadend = () => {
      clearInterval(watch);
      resolve(request.status ? request : null);
    };
    request.open("POST", path);
    request.send(body);
  });
}

/** A token against forged requests from a page of now; null when offline or signed out. */
async function freshToken() {
  const answer = await fetch("/check-in", { redirect: "manual", cache: "no-store" }).catch(() => null);
  if (!answer?.ok) return null;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.querySelector("input[name=csrf_token]")?.value || null;
}

/** Why it was refused, above the form as it was: no answer has to be given twice. */
function showRefusal(form, page) {
  const words = page.querySelector(".note.bad") || page.querySelector("main > :first-child");
  const note = document.adoptNode(words);
  note.dataset.refusal = "";
  note.tabIndex = -1;
  document.querySelector("[data-refusal]")?.remove();
  form.before(note);
  tell(form, "");
  note.focus();
  document.querySelector("[data-camera]")?.dispatchEvent(new Event("camera:done"));
}

const remedyIn = (page) => page.querySelector(".remedies, .note.bad, h1")?.textContent.trim().replace(/\s+/g, " ") || "";

function tell(form, words) {
  if (form) form.querySelector("[data-sending-note]").textContent = words;
}

/** Emergency words do not wait for the network. */
function showFlags(form) {
  const flags = JSON.parse(form.dataset.redFlags || "[]");
  const given = new FormData(form);
  const raised = flags.filter((flag) => flag.signs.every((sign) => given.get(sign) === "yes")
    && (flag.pain_from === null || Number(given.get("pain")) >= flag.pain_from));
  const place = document.querySelector("[data-emergency]");
  if (!raised.length || !place) return;
  place.replaceChildren(element("h2", "Get help now"), ...raised.map((flag) => element("p", flag.words)));
  place.hidden = false;
  place.focus();
}

function element(name, words) {
  const made = document.createElement(name);
  made.textContent = words;
  return made;
}

async function showShelf() {
  if (!shelf) return;
  const items = await kept(person);
  shelf.hidden = items.length === 0;
  shelf.querySelector("ul").replaceChildren(...items.map((item) => {
    const what = item.hasPhoto ? "Photo" : "Answers";
    const when = new Date(item.madeAt).toLocaleString([], { weekday: "short", hour: "2-digit", minute: "2-digit" });
    const line = element("li", item.refused
      ? `${what} of ${when} was not kept. ${item.refused} `
      : `${what} of ${when}: waits for the network. `);
    if (item.refused) {
      const button = element("button", "I have read this");
      button.className = "quiet";
      button.addEventListener("click", async () => { await forget(item); await showShelf(); });
      line.append(button);
    }
    return line;
  }));
}
