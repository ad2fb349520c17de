// The compare page: slider, flicker, one zoom for both photos, days changed in place.

const FARTHEST = 8;
const FLICKER_MS = 900; // well under three changes a second (WCAG 2.3.1)
const pair = document.getElementById("pair");
if (pair) begin();

function begin() {
  const form = document.getElementById("choose");
  const eye = { zoom: 1, x: 0.5, y: 0.5 };

  for (const tool of document.querySelectorAll("[data-live]")) tool.hidden = false;
  for (const button of document.querySelectorAll("[data-submit]")) button.hidden = true;
  pair.classList.add("scripted");
  pair.tabIndex = 0;
  pair.setAttribute("role", "group");
  pair.setAttribute("aria-label", "Both photos. Plus and minus zoom, arrow keys move.");

  // One way of showing them
  const only = document.querySelectorAll("[data-only]");
  const reveal = document.getElementById("reveal");
  const which = document.querySelector("[data-which]");
  const play = document.querySelector("[data-play]");
  let timer = 0;
  const uncover = () => pair.style.setProperty("--at", `${reveal.value}%`);
  const flick = () => {
    pair.classList.toggle("other");
    which.textContent = pair.classList.contains("other") ? "After" : "Before";
  };
  const rest = () => {
    clearInterval(timer);
    timer = 0;
    play.textContent = "Play";
  };
  const show = (mode) => {
    pair.dataset.mode = mode;
    for (const tool of only) tool.hidden = tool.dataset.only !== mode;
    rest();
    which.textContent = pair.classList.contains("other") ? "After" : "Before";
    fit();
  };
  reveal.addEventListener("input", uncover);
  document.querySelector("[data-flick]").addEventListener("click", () => { rest(); flick(); });
  play.addEventListener("click", () => {
    if (timer) return rest();
    timer = setInterval(flick, FLICKER_MS);
    play.textContent = "Pause";
    return flick();
  });

  // One eye for both
  const keep = (share, zoom) => Math.min(Math.max(share, 0.5 / zoom), 1 - 0.5 / zoom);
  const look = (zoom, x, y) => {
    eye.zoom = Math.min(Math.max(zoom, 1), FARTHEST);
    eye.x = keep(x, eye.zoom);
    eye.y = keep(y, eye.zoom);
    for (const name of ["zoom", "x", "y"]) pair.style.setProperty(`--${name}`, eye[name]);
    pair.classList.toggle("near", eye.zoom > 1);
    const scale = document.querySelector("[data-scale]");
    scale.textContent = eye.zoom > 1 ? `${Math.round(eye.zoom * 100)} %` : "";
  };
  const larger = (factor, [x, y] = [eye.x, eye.y]) => {
    const zoom = Math.min(Math.max(eye.zoom * factor, 1), FARTHEST);
    const held = eye.zoom / zoom; // what lies under the pointer stays under it
    look(zoom, x + (eye.x - x) * held, y + (eye.y - y) * held);
  };
  const move = (across, down) => look(eye.zoom, eye.x + across / eye.zoom, eye.y + down / eye.zoom);

  for (const button of document.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => larger(Number(button.dataset.zoom)));
  }
  for (const button of document.querySelectorAll("[data-move]")) {
    const [across, down] = button.dataset.move.split(",").map(Number);
    button.addEventListener("click", () => move(across * 0.15, down * 0.15));
  }
  document.querySelector("[data-whole]").addEventListener("click", () => look(1, 0.5, 0.5));

  /** Where on the picture something happens, in shares of its width and height. */
  const place = (event) => {
    const frame = event.target.closest?.(".window") ?? pair.querySelector(".window");
    const box = frame.querySelector(".plane").getBoundingClientRect();
    return [(event.clientX - box.x) / box.width, (event.clientY - box.y) / box.height];
  };

  pair.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && document.activeElement !== pair) return; // the page scrolls on
    event.preventDefault();
    larger(Math.exp(-event.deltaY / 400), place(event));
  }, { passive: false });

  const fingers = new Map();
  const gap = () => {
    const [a, b] = [...fingers.values()];
    return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
  };
  pair.addEventListener("pointerdown", (event) => {
    const frame = event.target.closest(".window");
    if (!frame || event.button !== 0) return;
    fingers.set(event.pointerId, event);
    frame.setPointerCapture(event.pointerId);
  });
  pair.addEventListener("pointermove", (event) => {
    const last = fingers.get(event.pointerId);
    if (!last) return;
    const box = event.target.closest(".window")?.getBoundingClientRect();
    if (!box) return;
    if (fingers.size === 2) {
      const before = gap();
      fingers.set(event.pointerId, event);
      return larger(gap() / before, place(event));
    }
    fingers.set(event.pointerId, event);
    if (eye.zoom > 1) return move((last.clientX - event.clientX) / box.width, (last.clientY - event.clientY) / box.height);
    if (pair.dataset.mode === "slider") {
      reveal.value = (100 * (event.clientX - box.x)) / box.width;
      uncover();
    }
  });
  for (const name of ["pointerup", "pointercancel"]) {
    pair.addEventListener(name, (event) => fingers.delete(event.pointerId));
  }

  // Keys, while the pictures are chosen
  const follow = (id) => document.getElementById(id)?.click();
  const keys = {
    "+": () => larger(1.25), "=": () => larger(1.25), "-": () => larger(0.8), 0: () => look(1, 0.5, 0.5),
    ArrowLeft: () => move(-0.1, 0), ArrowRight: () => move(0.1, 0),
    ArrowUp: () => move(0, -0.1), ArrowDown: () => move(0, 0.1),
    "[": () => follow("after-earlier"), "]": () => follow("after-later"),
    "{": () => follow("before-earlier"), "}": () => follow("before-later"),
    " ": () => { rest(); flick(); },
  };
  pair.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (event.target !== pair || !act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });

  // A side's photo has the shape its camera gave it
  const fit = () => {
    for (const frame of pair.querySelectorAll(".window")) {
      const photo = frame.querySelector(".photo");
      const set = () => photo.naturalWidth && frame.style.setProperty("--aspect", `${photo.naturalWidth} / ${photo.naturalHeight}`);
      photo.addEventListener("load", set);
      set();
    }
  };

  // Other photos without losing the place: only what has changed is put anew
  const opacity = () => {
    const range = document.getElementById("opacity");
    if (!range) return;
    const set = () => pair.style.setProperty("--opacity", range.value / 100);
    range.addEventListener("input", set);
    range.closest("label").hidden = false;
  };
  const go = async (address) => {
    const answer = await fetch(address, { redirect: "error" }).catch(() => null);
    if (!answer?.ok) return location.assign(address);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!fresh.getElementById("pair")) return location.assign(address);
    const focused = document.activeElement?.id;
    const value = document.activeElement?.name ? document.activeElement.value : null;
    const name = document.activeElement?.name;
    pair.replaceChildren(...fresh.getElementById("pair").childNodes);
    for (const part of document.querySelectorAll("[data-fresh]")) {
      part.replaceChildren(...fresh.getElementById(part.id).childNodes);
    }
    history.replaceState(null, "", address);
    const back = name && value !== null ? document.querySelector(`input[name="${name}"][value="${value}"]`) : null;
    (back ?? document.getElementById(focused))?.focus({ preventScroll: true });
    fit();
    opacity();
  };
  const chosen = () => `${location.pathname}?${new URLSearchParams(new FormData(form))}`;
  document.addEventListener("change", (event) => {
    if (event.target.form !== form) return;
    if (event.target.name === "mode") {
      show(event.target.value);
      history.replaceState(null, "", chosen());
    } else if (event.target.name === "view") form.requestSubmit();
    else go(chosen());
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.step");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(link.href);
  });

  show(pair.dataset.mode);
  uncover();
  look(1, 0.5, 0.5);
  opacity();
}
