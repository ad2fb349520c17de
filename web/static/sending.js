// Sends photos and answers so that nothing is lost: kept on the phone first, then sent with
// progress, deleted when it has arrived. What cannot be sent now is sent when the network is back.
import { asked, sendParts } from "./parts.js";
import { forget, keep, kept, markRefused, opened } from "./queue.js";

const PATIENCE_MS = 120_000; // for a page that is only read
const LOOK_AGAIN_MS = 30_000;
const LONGEST_REST_MS = 3_600_000; // before another try of an item that failed at the clinic
const LARGEST_PHOTO = 40 * 1024 * 1024;
const REFUSALS = [409, 413, 422]; // a second try would not change these

const person = document.body.dataset.person;
const shelf = document.querySelector("[data-unsent]");
const rests = new Map(); // by key: how long an item rests after trouble, and until when
// Without these (no TLS, an old browser) the forms are sent as without a script.
const canKeep = window.isSecureContext && window.indexedDB && navigator.locks && crypto.randomUUID && AbortSignal.timeout;

if (person && canKeep) {
  for (const form of document.querySelectorAll("form[data-queued]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      submit(form, event.submitter).catch((error) => {
        holdButtons(form, false);
        tell(form, `Something went wrong on this phone (${error.name}). Reload the page and try again.`);
      });
    });
    form.addEventListener("change", () => showAtTick(form));
    if (form.querySelector("button[name=help]")) form.addEventListener("keydown", sendByEnter);
    showAtTick(form); // a form that comes back keeps its ticks
  }
  navigator.serviceWorker?.register("/service-worker.js");
  caches.open("afterglow").then((cache) => cache.add("/offline")).catch(ignoreOffline);
  document.querySelector("form.leave")?.addEventListener("submit", () => {
    if (!navigator.onLine) return; // signing out is impossible now, so the page is still needed
    caches.open("afterglow").then((cache) => cache.delete("/offline"));
  });
  window.addEventListener("online", () => flush());
  setInterval(() => flush(), LOOK_AGAIN_MS);
  flush();
}

/** Enter in a field presses the first button of a form; in the check-in that one calls for help. */
function sendByEnter(event) {
  if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
  event.preventDefault();
  const buttons = event.currentTarget.querySelectorAll("button[type=submit]:not([name=help])");
  event.currentTarget.requestSubmit(buttons[buttons.length - 1]);
}

/** Offline, the page for that is kept already; every other error may be shown. */
function ignoreOffline(error) {
  if (navigator.onLine) throw error;
}

async function submit(form, submitter) {
  const camera = document.querySelector("[data-camera]");
  const [photo = null] = [...form.querySelectorAll("input[type=file]")].flatMap((input) => [...input.files]);
  if (form.dataset.queued === "photo" && !photo) return tell(form, "Take a photo first, or choose one.");
  if (photo && photo.size > LARGEST_PHOTO) return tell(form, "This file is too large. Send a photo of less than 40 MB.");
  const given = new FormData(form, submitter);
  holdButtons(form, true);
  showFlags(form, given);
  const madeAt = (photo && camera?.takenAt) || new Date();
  const fields = [...given].filter(([name, value]) => typeof value === "string" && name !== "csrf_token");
  if (photo && camera?.takenAt) fields.push(["source", "page"]);
  else if (photo && form.querySelector("#camera")?.files.length) fields.push(["source", "camera"]);
  const item = await keep({
    key: crypto.randomUUID(), person, path: form.getAttribute("action"), fields, photo,
    madeAt: madeAt.toISOString(),
  }).catch(() => null);
  if (!item) return sendUnkept(form, submitter);
  if (photo) await camera?.dropDraft?.(); // it is in the queue now, and is not to be offered again
  tell(form, "Sending …");
  const answer = await flush({ form, only: item });
  holdButtons(form, false);
  if (!answer) return location.assign("/"); // another page was faster: Today shows the result
  if (answer.arrived) return location.assign(answer.url);
  if (answer.page) return showRefusal(form, answer);
  camera?.dispatchEvent(new Event("camera:done"));
  form.reset();
  showAtTick(form);
  showFlags(form, given, true);
  return tell(form, waitingWords(answer));
}

/** If nothing can be kept (no room, a private window), the form is sent as without a script. */
function sendUnkept(form, submitter) {
  if (submitter?.name) form.append(Object.assign(document.createElement("input"), { type: "hidden", name: submitter.name, value: submitter.value }));
  if (navigator.onLine) return form.submit();
  holdButtons(form, false);
  return tell(form, "You are offline, and this phone cannot keep it: there is no room, or this is a private window. Leave this page open and send it when the network is back.");
}

function waitingWords({ reached, signedOut, again }) {
  if (signedOut) return "You are signed out. It is kept on this phone and goes out when you sign in again.";
  if (again) return "Many photos are arriving at the moment. Yours is kept on this phone and goes out by itself in a minute.";
  if (reached) return "Afterglow has trouble at the moment. It is kept on this phone and goes out by itself.";
  return "You are offline, or Afterglow cannot be reached. It is kept on this phone and goes out by itself.";
}

/** Send what is kept. Answers do not wait behind a photo that takes long. */
async function flush({ form = null, only = null } = {}) {
  if (!only) await showShelf();
  const kinds = only ? [only.hasPhoto] : [false, true];
  const [about] = await Promise.all(kinds.map((hasPhoto) => flushKind(hasPhoto, form, only)));
  await showShelf();
  return about;
}

/**
 * Send the photos, or the answers, the oldest first. Only one page sends at a time; a page that
 * just checks again leaves it to that page. Returns the answer about `only`.
 */
async function flushKind(hasPhoto, form, only) {
  let about = null;
  const lock = hasPhoto ? "afterglow-sending-photos" : "afterglow-sending-answers";
  await navigator.locks.request(lock, { ifAvailable: !only }, async (held) => {
    if (!held) return;
    const waiting = (await kept(person)).filter((item) => item.hasPhoto === hasPhoto && !item.refused && !isResting(item));
    for (const item of waiting) {
      const ours = only && item.key === only.key;
      const answer = await send(item, (share) => { if (ours) tell(form, ...onItsWay(item, share)); else showOnShelf(item, share); });
      if (ours) about = answer;
      if (answer.arrived) await forget(item);
      else if (answer.page && ours) await forget(item); // its result is on the screen
      else if (answer.words) await markRefused(item, answer.words);
      else if (answer.again) {
        for (const each of waiting) restFor(each, answer.again); // there is no room for the others either
        setTimeout(() => flush(), answer.again);
        break;
      } else if (answer.reached) rest(item);
      else {
        about ??= answer; // no network, or signed out: the others would fail too
        break;
      }
    }
  });
  return about;
}

/** Words for how much has gone out, in tens, and the share for a bar. */
function onItsWay({ hasPhoto }, share) {
  if (share === 1 && hasPhoto) return ["All of it is sent. Your photo is being checked …", null];
  return [`Sending … ${10 * Math.floor(share * 10)} %`, share];
}

function rest(item) {
  const pause = Math.min(2 * (rests.get(item.key)?.pause || LOOK_AGAIN_MS), LONGEST_REST_MS);
  rests.set(item.key, { pause, until: performance.now() + pause });
}

/** For as long as the clinic asks; the next trouble does not count this one. */
function restFor(item, pause) {
  rests.set(item.key, { until: performance.now() + pause });
}

const isResting = (item) => rests.get(item.key)?.until > performance.now();

/**
 * The result for one item: {reached} if the clinic answered, {arrived, url} if it has the item,
 * {page, words} if it was refused and why, {again} if a photo may come again after so many milliseconds,
 * {signedOut} if another person or no one is signed in.
 */
async function send(item, onProgress) {
  const { token, signedOut } = await session();
  if (!token) return { reached: false, signedOut };
  const content = await opened(item).catch(() => null);
  if (!content) return { reached: true, words: "This phone can no longer read it. Please do it once more." };
  const { fields, photo } = content;
  const body = new FormData();
  for (const [name, value] of [...fields, ["csrf_token", token], ["key", item.key], ["made_at", withOffset(item.madeAt)], ["sent_at", new Date().toISOString()]]) {
    body.append(name, value);
  }
  const parts = photo ? await sendParts(photo, new Map(fields).get("role"), token, onProgress) : {};
  if (parts.url) return { reached: true, arrived: true, url: parts.url };
  const request = parts.broken ? null : parts.request || await sendForm(item.path, body, photo, parts.name, onProgress);
  if (!request) return { reached: false };
  if (REFUSALS.includes(request.status)) {
    const page = new DOMParser().parseFromString(request.responseText, "text/html");
    return { reached: true, page, words: remedyIn(page) };
  }
  if (request.status === 503 && item.hasPhoto) { // answers come again as soon as after other trouble
    const seconds = Number(request.getResponseHeader("Retry-After")); // 0 without one; a proxy may give a date
    return { reached: true, again: seconds > 0 ? Math.min(1000 * seconds, LONGEST_REST_MS) : 0 };
  }
  if (request.status >= 400) return { reached: true };
  if (new URL(request.responseURL).pathname === "/sign-in") return { reached: false, signedOut: true };
  return { reached: true, arrived: true, url: request.responseURL };
}

/** The same moment as this phone's clock shows it: cameras write that, mostly without an offset. */
function withOffset(iso) {
  const ahead = -new Date(iso).getTimezoneOffset();
  const local = new Date(Date.parse(iso) + 60_000 * ahead).toISOString().slice(0, -1);
  const [hours, minutes] = [Math.trunc(Math.abs(ahead) / 60), Math.abs(ahead) % 60].map((n) => String(n).padStart(2, "0"));
  return `${local}${ahead < 0 ? "-" : "+"}${hours}:${minutes}`;
}

/** The form with the photo, or with the name of the parts in which the photo has gone out. */
async function sendForm(path, body, photo, name, onProgress) {
  if (name) {
    body.append("parts", name);
    const request = await asked("POST", path, body, { headers: { "Upload-Length": String(photo.size) } });
    if (request?.status !== 410) return request;
    body.delete("parts"); // they are no longer there
  }
  if (photo) body.append("photo", photo, photo.name);
  return asked("POST", path, body, { onProgress });
}

/**
 * {token} against forged requests, of this person's session. The token of one session is refused in
 * another, so what one person kept cannot be sent as another's. {signedOut} without a session.
 */
async function session() {
  const options = { redirect: "manual", cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) };
  const answer = await fetch("/check-in", options).catch(() => null);
  if (answer?.type === "opaqueredirect") return { signedOut: true };
  if (!answer?.ok) return {};
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (page.body.dataset.person !== person) return { signedOut: true };
  return { token: page.querySelector("input[name=csrf_token]").value };
}

/** Why it was refused, above the form as it was: no answer has to be given twice. */
function showRefusal(form, { page, words }) {
  const given = page.querySelector(".note.bad");
  const note = given ? document.adoptNode(given) : element("p", words);
  note.className = "note bad";
  note.dataset.refusal = "";
  note.tabIndex = -1;
  document.querySelector("[data-refusal]")?.remove();
  form.before(note);
  tell(form, "");
  note.focus();
  if ("asksForTime" in note.dataset) { // the photo is good, so it stays chosen
    form.querySelector("details.more").open = true;
    return;
  }
  document.querySelector("[data-camera]")?.dispatchEvent(new Event("camera:done"));
}

/** The words of a refusal; a proxy before the clinic may answer with a page of its own. */
function remedyIn(page) {
  const places = page.querySelector(".remedies") || page.querySelector(".note.bad");
  const words = (places ? [places] : [...page.querySelectorAll("main h1, main .lead")])
    .map((place) => place.textContent.trim().replace(/\s+/g, " "));
  return words.join(". ") || "It was not taken, and no reason was given. Please try once more later.";
}

function holdButtons(form, held) {
  for (const button of form.querySelectorAll("button[type=submit]")) button.disabled = held;
}

function tell(form, words, share = null) {
  const note = form.querySelector("[data-sending-note]");
  if (note.textContent !== words) note.replaceChildren(words, ...bar(share)); // announced once, not with every byte
}

function bar(share) {
  if (share === null) return [];
  const made = Object.assign(document.createElement("progress"), { max: 1, value: share });
  made.setAttribute("aria-hidden", "true"); // the text says it
  return [made];
}

/**
 * The advice for urgent answers does not wait for the network. Without a network, neither does the
 * rest, because a page that was kept for days cannot know what is usual today.
 */
function showFlags(form, given, isWaiting = false) {
  const raised = raisedFlags(form, given).filter((flag) => isWaiting || (flag.is_urgent && !flag.is_usual));
  const words = given.get("help") === "now" && !raised.length
    ? ["If you have trouble breathing, feel faint or feel very ill, call the emergency number now. Otherwise call your clinic or a doctor now. Afterglow cannot call for you."]
    : [...new Set(raised.map((flag) => flag.words))];
  const place = document.querySelector("[data-emergency]");
  if (!words.length || !place) return;
  const heading = given.get("help") === "now" || raised.some((flag) => flag.is_urgent) ? "Get help now" : "What you ticked needs a look";
  place.querySelector("[data-emergency-words]").replaceChildren(element("h2", heading), ...words.map((line) => element("p", line)));
  place.hidden = false;
  place.focus();
}

/** What ticks mean together, such as fever and spreading; one tick alone needs no script. */
function showAtTick(form) {
  const place = form.querySelector("[data-at-tick]");
  if (!place) return;
  const raised = raisedFlags(form, new FormData(form)).filter((flag) => flag.is_emergency && !flag.alone && !flag.is_usual);
  const words = [...new Set(raised.map((flag) => flag.words))];
  if (place.dataset.words === words.join(" ")) return;
  place.dataset.words = words.join(" ");
  place.querySelector("[data-at-tick-words]").replaceChildren(...words.map((line) => element("p", line)));
  place.hidden = words.length === 0;
}

function raisedFlags(form, given) {
  const reaches = (name, least) => least === null || (given.get(name) !== null && Number(given.get(name)) >= least);
  return JSON.parse(form.dataset.redFlags || "[]").filter((flag) => flag.signs.every((sign) => given.get(sign) === "yes")
    && reaches("pain", flag.pain_from) && reaches("swelling", flag.swelling_from));
}

function element(name, words) {
  const made = document.createElement(name);
  made.textContent = words;
  return made;
}

async function showShelf() {
  if (!shelf) return;
  const items = await kept(person);
  const state = JSON.stringify(items.map((item) => [item.key, item.refused]));
  if (shelf.dataset.state === state) return; // do not disturb a person who reads or has focused it
  shelf.dataset.state = state;
  shelf.hidden = items.length === 0;
  shelf.querySelector("ul").replaceChildren(...items.map(shelfLine));
}

function shelfLine(item) {
  const line = element("li", item.refused
    ? `${nameOf(item)}: it was not taken. ${item.refused} `
    : `${nameOf(item)}: kept until it can go out. `);
  line.dataset.key = item.key;
  if (!item.refused) return line;
  const button = element("button", "I have read this");
  button.className = "quiet";
  button.addEventListener("click", async () => { await forget(item); await showShelf(); });
  line.append(button);
  return line;
}

/** What is kept goes out now: show how far it is, where it stands on the shelf. */
function showOnShelf(item, share) {
  const line = [...shelf.querySelectorAll("li")].find(({ dataset }) => dataset.key === item.key);
  const [words, part] = onItsWay(item, share);
  const whole = `${nameOf(item)}: ${words} ${part === null ? "" : "Leave this page open until it has gone."}`;
  if (!line || line.textContent === whole) return;
  line.replaceChildren(whole, ...bar(part));
  shelf.dataset.state = ""; // if it does not arrive, the line says again that it is kept
}

function nameOf(item) {
  const format = { weekday: "short", hour: "2-digit", minute: "2-digit" };
  const when = new Date(item.madeAt).toLocaleString(document.documentElement.lang, format);
  return `${item.hasPhoto ? "Photo" : "Answers"} of ${when}`;
}
