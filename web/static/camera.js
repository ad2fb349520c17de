// The camera in the page: preview, oval, faint overlay of the photo from before, hints, shutter.
// Without it, or if access is refused, the form's own file fields do the same.
import { Framing, HINTS } from "./framing.js";

const LOOKED_AT = 128; // width of the small picture that is judged, in pixels
const LOOKS_A_SECOND = 5;
const STEADY_LOOKS = 7; // in a row before the automatic shutter counts down
const COUNT_FROM = 3;
const QUALITY = 0.93; // of the JPEG
const LONGEST_EDGE = 4096; // larger frames are not sharper, only slower to send
const SPOKEN_EVERY_MS = 3500;

const stage = document.querySelector("[data-camera]");
if (stage && navigator.mediaDevices?.getUserMedia) prepare(stage);

function prepare(root) {
  const part = (name) => root.querySelector(`[data-${name}]`);
  const parts = {
    root, video: part("video"), ghost: part("ghost"), hint: part("hint"), shutter: part("shutter"),
    taken: part("taken"), open: part("open"), auto: part("auto"), voice: part("voice"),
    live: part("live"), review: part("review"),
  };
  const state = { stream: null, facing: "user", turn: 0, seen: "", steady: 0, timer: 0, spoken: 0, cascade: null, framing: null };
  root.hidden = false;
  document.querySelector("[data-camera-fallback]").hidden = true;

  parts.open.addEventListener("click", () => start(parts, state));
  part("switch").addEventListener("click", () => {
    state.facing = state.facing === "user" ? "environment" : "user";
    start(parts, state);
  });
  part("opacity")?.addEventListener("input", (event) => {
    parts.ghost.style.setProperty("opacity", event.target.value / 100);
  });
  parts.shutter.addEventListener("click", () => shoot(parts, state));
  parts.auto.addEventListener("change", () => { state.steady = 0; }); // it always counts down first
  part("again").addEventListener("click", () => { forget(root); start(parts, state); });
  window.addEventListener("pagehide", () => interrupt(parts, state, ""));
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) interrupt(parts, state, "The camera was closed while you were away. Open it again.");
  });
  root.addEventListener("camera:done", () => { stop(state); forget(root); show(parts, "closed"); parts.hint.textContent = ""; });
  show(parts, "closed");
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
    state.cascade ??= await (await fetch(parts.root.dataset.cascade)).json();
  } catch (error) {
    if (turn !== state.turn) return undefined; // stopped on purpose while it opened
    stop(state);
    parts.hint.textContent = error.name === "NotAllowedError"
      ? "The camera is not allowed here. Allow it in your browser's settings, or choose a photo below."
      : "The camera did not open. Another program may use it. You can choose a photo below.";
    document.querySelector("[data-camera-fallback]").hidden = false;
    return show(parts, "closed");
  }
  if (turn !== state.turn) return undefined;
  const [track] = state.stream.getVideoTracks();
  track.addEventListener("ended", () => interrupt(parts, state, "The camera was lost. Open it again, or choose a photo below."));
  parts.root.classList.toggle("mirrored", (track.getSettings().facingMode || state.facing) === "user");
  state.framing = new Framing(state.cascade); // one camera's sharpness says nothing about another's
  state.steady = 0;
  show(parts, "live");
  parts.shutter.focus();
  state.timer = setInterval(() => look(parts, state), 1000 / LOOKS_A_SECOND);
  return undefined;
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
  parts.hint.textContent = words;
}

function show(parts, what) {
  parts.open.hidden = what !== "closed";
  parts.live.hidden = what !== "live";
  parts.review.hidden = what !== "taken";
}

/** One look: a hint, and with the automatic shutter perhaps a step of the countdown. */
function look(parts, state) {
  const { video } = parts;
  if (!video.videoWidth) return;
  const small = drawn(video, LOOKED_AT / video.videoWidth);
  const picture = small.getContext("2d").getImageData(0, 0, small.width, small.height);
  const view = document.querySelector("input[name=view]:checked")?.value || "front";
  parts.root.dataset.view = view;
  const name = view === "front" ? state.framing.judge(picture) : state.framing.judgeSide(picture);
  state.steady = name === "good" ? state.steady + 1 : 0;
  const settled = name === state.seen; // a hint of one look only would flicker, and be read aloud
  state.seen = name;
  const looksLeft = STEADY_LOOKS + COUNT_FROM * LOOKS_A_SECOND - state.steady;
  const counting = parts.auto.checked && state.steady > STEADY_LOOKS;
  const words = counting ? String(Math.max(1, Math.ceil(looksLeft / LOOKS_A_SECOND))) : HINTS[name];
  if (settled && parts.hint.textContent !== words) {
    parts.hint.textContent = words;
    parts.hint.dataset.hint = name;
    speak(words, parts, state);
  }
  if (parts.auto.checked && looksLeft <= 0) shoot(parts, state);
}

function speak(words, parts, state) {
  if (!parts.voice.checked || !window.speechSynthesis) return;
  const now = performance.now();
  if (words.length > 1 && now - state.spoken < SPOKEN_EVERY_MS) return;
  state.spoken = now;
  speechSynthesis.cancel();
  speechSynthesis.speak(new SpeechSynthesisUtterance(words));
}

/** Take the photo at the camera's full size, show it and put it into the form as if chosen there. */
async function shoot(parts, state) {
  const { video, taken } = parts;
  if (!state.stream || !video.videoWidth) return;
  const takenAt = new Date();
  const whole = drawn(video, Math.min(1, LONGEST_EDGE / Math.max(video.videoWidth, video.videoHeight)));
  stop(state);
  navigator.vibrate?.(40);
  const blob = await new Promise((done) => { whole.toBlob(done, "image/jpeg", QUALITY); });
  taken.width = whole.width;
  taken.height = whole.height;
  taken.getContext("2d").drawImage(whole, 0, 0);
  forget(parts.root);
  const chosen = new DataTransfer();
  chosen.items.add(new File([blob], "camera.jpg", { type: "image/jpeg" }));
  const form = parts.root.closest("form");
  form.querySelector("input[type=file]").files = chosen.files;
  form.elements.taken_at.value = ""; // a day asked for is not when this was taken
  parts.root.takenAt = takenAt;
  show(parts, "taken");
  parts.hint.textContent = "Photo taken. Send it, or take it again.";
  form.querySelector("button[type=submit]").focus();
}

function forget(root) {
  root.takenAt = null;
  for (const input of root.closest("form").querySelectorAll("input[type=file]")) input.value = "";
}

/** The frame, not mirrored: the preview alone looks like a mirror. */
function drawn(video, scale) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  canvas.getContext("2d", { willReadFrequently: true }).drawImage(video, 0, 0, canvas.width, canvas.height);
  return canvas;
}
