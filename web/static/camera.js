// The camera fills the screen: preview, oval, faint photo from before, one hint at a time, a shutter
// that releases by itself.
// Without it, or if access is refused, the form's own file fields do the same.
import { findCard } from "./card_finder.js";
import { Framing, HINTS } from "./framing.js";
import { drafts, forget as forgetItem, keep, opened as unsealed } from "./queue.js";

const LOOKED_AT = 128; // width of the small picture that is judged, in pixels
const LOOKS_A_SECOND = 5;
const STEADY_LOOKS = 7; // in a row before the automatic shutter counts down
const COUNT_FROM = 3;
const QUALITY = 0.93; // of the JPEG
const LONGEST_EDGE = 4096; // larger frames are not sharper, only slower to send
const SPOKEN_EVERY_MS = 3500;
const CARD_LOOKED_AT = 480; // width of the picture in which the card is sought, in pixels
const CARD_EVERY = 3; // looks
const CARD_STAYS = 10; // looks for which a card that was found counts
const CARD_WAITS = 40; // good looks without a card before the automatic shutter goes on without it

const GOOD_BY_ITSELF = "Good. Hold still.";
const DRAFT_LASTS_MS = 86_400_000; // a photo that was taken and not sent

const REFUSALS = {
  NotAllowedError: "The camera is not allowed here. Allow it in the settings of your browser, for this site, and try again, or choose a photo below.",
  NotFoundError: "This device has no camera. Choose a photo below.",
};

const { person } = document.body.dataset;
const canKeep = person && window.isSecureContext && window.indexedDB;
const stage = document.querySelector("[data-camera]");
if (stage && navigator.mediaDevices?.getUserMedia) prepare(stage);

async function prepare(root) {
  const names = [
    "video", "ghost", "hint", "shutter", "taken", "open", "auto", "voice", "live", "review",
    "sheet", "more", "card-seen", "aside-here",
  ];
  const parts = { root, form: root.closest("form") };
  for (const name of names) parts[name] = root.querySelector(`[data-${name}]`);
  parts.note = root.querySelector("[data-camera-note]");
  parts.aside = parts.form.querySelector("[data-aside]");
  const state = {
    stream: null, facing: "user", turn: 0, seen: "", steady: 0, timer: 0, spoken: 0, cascade: null, framing: null,
    looks: 0, cardAt: -CARD_STAYS, cardless: 0, markers: [], draft: null,
  };
  root.hidden = false;
  document.querySelector("[data-camera-fallback]").hidden = true;

  parts.open.addEventListener("click", () => start(parts, state));
  root.querySelector("[data-switch]").addEventListener("click", () => {
    state.facing = state.facing === "user" ? "environment" : "user";
    start(parts, state);
  });
  root.querySelector("[data-opacity]")?.addEventListener("input", (event) => {
    parts.ghost.style.setProperty("opacity", event.target.value / 100);
  });
  parts.shutter.addEventListener("click", () => shoot(parts, state));
  rememberSwitch(parts.auto, "camera-auto", true);
  rememberSwitch(parts.voice, "camera-voice", false);
  parts.auto.addEventListener("change", () => { state.steady = 0; }); // it always counts down first
  offerVoice(root);
  root.querySelector("[data-close]").addEventListener("click", () => parts.live.close());
  parts.more.addEventListener("click", () => showSheet(parts, true));
  root.querySelector("[data-less]").addEventListener("click", () => showSheet(parts, false));
  parts.live.addEventListener("close", () => { // by its button, by Escape or with the last photo
    parts.form.querySelector("details.aside").append(parts.aside);
    interrupt(parts, state, "");
  });
  root.querySelector("[data-again]").addEventListener("click", () => { discard(parts, state); start(parts, state); });
  for (const input of parts.form.querySelectorAll("input[type=file]")) { // a file that is chosen needs no camera
    input.addEventListener("change", () => { stop(state); show(parts, "closed"); dropDraft(state); });
  }
  window.addEventListener("pagehide", () => interrupt(parts, state, ""));
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) interrupt(parts, state, "The camera was closed while you were away. Open it again.");
  });
  root.addEventListener("camera:done", () => { stop(state); discard(parts, state); show(parts, "closed"); say(parts, ""); });
  parts.root.dropDraft = () => dropDraft(state);
  show(parts, "closed");
  if (!await restoreDraft(parts, state)) await openAtOnce(parts, state);
}

/** A photo that was taken and not sent outlives the page, sealed on this device. */
function keepDraft(parts, state, photo) {
  const fields = ["view", "role"].map((name) => [name, parts.form.elements[name].value]);
  const draft = { key: crypto.randomUUID(), person, path: "", fields, photo, madeAt: parts.root.takenAt.toISOString(), isDraft: true };
  state.draft = canKeep ? keep(draft).catch(() => null) : null; // without room it is there until the page closes
}

async function dropDraft(state) {
  await state.draft; // it may still be on its way to the disk
  if (!canKeep) return;
  for (const item of await drafts(person).catch(() => [])) await forgetItem(item);
}

/** Whether there is a photo that was taken and not sent: it is shown as if it had just been taken. */
async function restoreDraft(parts, state) {
  const { turn } = state;
  const [draft] = canKeep ? await drafts(person).catch(() => []) : [];
  if (!draft) return false;
  const content = await unsealed(draft).catch(() => null);
  if (!content || Date.now() - Date.parse(draft.madeAt) > DRAFT_LASTS_MS) {
    await dropDraft(state);
    return false;
  }
  const picture = await createImageBitmap(content.photo);
  if (turn !== state.turn) return true; // the camera was opened, or a file chosen, meanwhile
  for (const [name, value] of content.fields) parts.form.elements[name].value = value;
  const takenAt = new Date(draft.madeAt);
  fill(parts, picture, content.photo, takenAt);
  const at = takenAt.toLocaleString(document.documentElement.lang, { weekday: "short", hour: "2-digit", minute: "2-digit" });
  say(parts, `You took this photo ${at}, and it is not sent yet. Send it, or take it again.`);
  return true;
}

/** Where the camera is allowed already and nothing is to be read first, it opens without a tap. */
async function openAtOnce(parts, state) {
  const { turn } = state;
  const allowed = await navigator.permissions?.query({ name: "camera" }).catch(() => null); // some know no such name
  if (allowed?.state === "denied") return refuse(parts, { name: "NotAllowedError" });
  const isIdle = turn === state.turn && !document.hidden && parts.review.hidden;
  if (allowed?.state === "granted" && isIdle && "atOnce" in parts.root.dataset) await start(parts, state);
  return undefined;
}

/** A switch whose choice is kept on this device. */
function rememberSwitch(input, name, usual) {
  const kept = localStorage.getItem(name);
  input.defaultChecked = kept === null ? usual : kept === "on"; // so that it survives a reset of the form
  input.checked = input.defaultChecked;
  input.addEventListener("change", () => {
    input.defaultChecked = input.checked;
    localStorage.setItem(name, input.checked ? "on" : "off");
  });
}

/** The switch for spoken hints shows once the browser has a voice for the page's language. */
function offerVoice(root) {
  if (!window.speechSynthesis) return;
  const show = () => { root.querySelector("[data-voice-switch]").hidden = !ownVoice(); };
  speechSynthesis.addEventListener("voiceschanged", show);
  show();
}

function ownVoice() {
  const language = document.documentElement.lang.slice(0, 2);
  return speechSynthesis.getVoices().find((voice) => voice.lang.startsWith(language));
}

/** Tips and views lie in the form; while the camera fills the screen, they are on its sheet. */
function showSheet(parts, open) {
  parts.sheet.hidden = !open;
  parts.more.setAttribute("aria-expanded", String(open));
  if (open) parts.sheet.querySelector("input, button").focus();
  else parts.more.focus();
}

/** Open the camera, or say why it cannot be opened and show the file field again. */
async function start(parts, state) {
  stop(state);
  const { turn } = state;
  try {
    const stream = await opened(state);
    if (turn !== state.turn) return end(stream); // pressed twice, or left meanwhile
    state.stream = stream;
    parts.video.srcObject = stream;
    await parts.video.play();
    if (!state.cascade) {
      const { card_markers: markers, ...cascade } = await (await fetch(parts.root.dataset.cascade)).json();
      Object.assign(state, { cascade, markers });
    }
  } catch (error) {
    if (turn !== state.turn) return undefined; // stopped on purpose while it opened
    stop(state);
    return refuse(parts, error);
  }
  if (turn !== state.turn) return undefined;
  const [track] = state.stream.getVideoTracks();
  track.addEventListener("ended", () => interrupt(parts, state, "The camera was lost. Open it again, or choose a photo below."));
  parts.root.classList.toggle("mirrored", (track.getSettings().facingMode || state.facing) === "user");
  state.framing = new Framing(state.cascade); // one camera's sharpness says nothing about another's
  Object.assign(state, { steady: 0, looks: 0, cardAt: -CARD_STAYS, cardless: 0 });
  show(parts, "live");
  parts.shutter.focus();
  state.timer = setInterval(() => look(parts, state), 1000 / LOOKS_A_SECOND);
  return undefined;
}

/** Say why there is no camera, with the remedy; the form's own file fields do the same. */
function refuse(parts, error) {
  say(parts, REFUSALS[error.name] || "The camera did not open. Another app may use it: close that app and try again, or choose a photo below.");
  document.querySelector("[data-camera-fallback]").hidden = false;
  show(parts, "closed");
}

function opened({ facing }) {
  const video = { facingMode: { ideal: facing }, width: { ideal: 2560 }, height: { ideal: 1920 } };
  return navigator.mediaDevices.getUserMedia({ video, audio: false });
}

/** Release the camera; code that is still opening it finds that its turn is over. */
function stop(state) {
  state.turn += 1;
  clearInterval(state.timer);
  if (state.stream) end(state.stream);
  state.stream = null;
}

function end(stream) {
  stream.getTracks().forEach((track) => track.stop());
}

/** The camera stopped by itself: a still picture must not look live. */
function interrupt(parts, state, words) {
  const wasOpen = state.stream !== null;
  stop(state);
  if (!wasOpen) return;
  show(parts, "closed");
  say(parts, words);
}

/** Words about the camera while it is closed. */
function say(parts, words) {
  parts.note.textContent = words;
}

function show(parts, what) {
  parts.open.hidden = what !== "closed";
  parts.review.hidden = what !== "taken";
  if (what === "live" && !parts.live.open) {
    say(parts, "");
    tell(parts, "no_face", HINTS.no_face);
    parts["aside-here"].append(parts.aside);
    parts.live.showModal();
  }
  if (what === "live") parts.sheet.hidden = true;
  else parts.live.close();
}

/** The one instruction of the moment. */
function tell(parts, name, words) {
  parts.hint.textContent = words;
  parts.hint.dataset.hint = name;
  parts.hint.classList.toggle("counts", words.length === 1);
  parts.root.dataset.hintNow = name;
}

/** One look: a hint, and with the automatic shutter perhaps a step of the countdown. */
function look(parts, state) {
  const { video } = parts;
  if (!video.videoWidth) return;
  const small = drawn(video, LOOKED_AT / video.videoWidth);
  const picture = small.getContext("2d").getImageData(0, 0, small.width, small.height);
  const view = document.querySelector("input[name=view]:checked")?.value || "front";
  parts.root.dataset.view = view;
  if (!parts.sheet.hidden) state.steady = 0; // somebody reads tips
  const framed = view === "front" ? state.framing.judge(picture) : state.framing.judgeSide(picture);
  const name = framed === "good" && lacksCard(parts, state) ? "card" : framed;
  state.steady = name === "good" ? state.steady + 1 : 0;
  const settled = name === state.seen; // a hint of one look only would flicker, and be read aloud
  state.seen = name;
  const looksLeft = STEADY_LOOKS + COUNT_FROM * LOOKS_A_SECOND - state.steady;
  const counting = parts.auto.checked && state.steady > STEADY_LOOKS;
  const usual = name === "good" && parts.auto.checked ? GOOD_BY_ITSELF : HINTS[name];
  const words = counting ? String(Math.max(1, Math.ceil(looksLeft / LOOKS_A_SECOND))) : usual;
  if (settled && parts.hint.textContent !== words) {
    tell(parts, name, words);
    speak(words, parts, state);
  }
  if (parts.auto.checked && looksLeft <= 0) shoot(parts, state);
}

/** Whether a card that was used before is still to be held up; after a while it goes without one. */
function lacksCard(parts, state) {
  if (!("withCard" in parts.root.dataset)) return false;
  state.looks += 1;
  if (state.looks % CARD_EVERY === 0) {
    const picture = drawn(parts.video, CARD_LOOKED_AT / parts.video.videoWidth);
    const { data, width, height } = picture.getContext("2d").getImageData(0, 0, picture.width, picture.height);
    if (findCard(data, width, height, state.markers)) state.cardAt = state.looks;
  }
  const isSeen = state.looks - state.cardAt < CARD_STAYS;
  parts["card-seen"].hidden = !isSeen;
  state.cardless = isSeen ? 0 : state.cardless + 1;
  return !isSeen && state.cardless < CARD_WAITS;
}

function speak(words, parts, state) {
  if (!parts.voice.checked || !window.speechSynthesis) return;
  const now = performance.now();
  if (words.length > 1 && now - state.spoken < SPOKEN_EVERY_MS) return;
  state.spoken = now;
  speechSynthesis.cancel();
  const said = new SpeechSynthesisUtterance(words);
  said.voice = ownVoice() || null;
  said.lang = document.documentElement.lang;
  speechSynthesis.speak(said);
}

/** Take the photo at the camera's full size, show it and put it into the form as if chosen there. */
async function shoot(parts, state) {
  const { video } = parts;
  if (!state.stream || !video.videoWidth) return;
  const takenAt = new Date();
  const whole = drawn(video, Math.min(1, LONGEST_EDGE / Math.max(video.videoWidth, video.videoHeight)));
  stop(state);
  navigator.vibrate?.(40);
  const blob = await new Promise((done) => { whole.toBlob(done, "image/jpeg", QUALITY); });
  const photo = new File([blob], "camera.jpg", { type: "image/jpeg" });
  fill(parts, whole, photo, takenAt);
  keepDraft(parts, state, photo);
  say(parts, "Photo taken. Send it, or take it again.");
  parts.form.querySelector("button[type=submit]").focus();
}

/** Show a picture as taken, and put its file into the form as if it had been chosen there. */
function fill(parts, picture, photo, takenAt) {
  const { root, form, taken } = parts;
  taken.width = picture.width;
  taken.height = picture.height;
  taken.getContext("2d").drawImage(picture, 0, 0);
  forget(parts);
  const chosen = new DataTransfer();
  chosen.items.add(photo);
  form.querySelector("input[type=file]").files = chosen.files;
  form.elements.taken_at.value = ""; // a day asked for is not when this was taken
  root.takenAt = takenAt;
  show(parts, "taken");
}

function forget({ root, form }) {
  root.takenAt = null;
  for (const input of form.querySelectorAll("input[type=file]")) input.value = "";
}

function discard(parts, state) {
  forget(parts);
  dropDraft(state);
}

/** The frame, not mirrored: the preview alone looks like a mirror. */
function drawn(video, scale) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  canvas.getContext("2d", { willReadFrequently: true }).drawImage(video, 0, 0, canvas.width, canvas.height);
  return canvas;
}
