// Outlines drawn on the photo from before: by pointer, by keys, or as numbers in the two fields.
// The fields are what is sent; the drawing and the fields follow each other.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 1000; // of the drawing's own units; its height follows the photo
const REACH = 16; // pixels within which a press means an existing corner
const STEP = { plain: 0.01, far: 0.05, fine: 0.002 };
const KINDS = { treated: "Treated area", untreated: "Untreated skin" };
const SHORT = { treated: "Treated", untreated: "Untreated" };
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

class Board {
  constructor(form) {
    this.form = form;
    this.stage = form.querySelector("[data-board]");
    this.photo = this.stage.querySelector("img");
    this.layer = this.stage.querySelector("[data-layer]");
    this.find = (name) => form.querySelector(`[data-${name}]`);
    this.most = { outlines: Number(form.dataset.mostOutlines), corners: Number(form.dataset.mostCorners) };
    this.outlines = [];
    this.draft = [];
    this.cross = null;
    this.dragged = null;
    this.past = [];
  }

  begin() {
    this.find("tools").hidden = false;
    const numbers = this.find("numbers");
    numbers.open = numbers.classList.contains("wrong");
    this.stage.tabIndex = 0;
    this.stage.setAttribute("role", "application");
    this.stage.setAttribute("aria-label", "The photo from before, to draw on. Arrows move, Enter sets a corner, C closes, Backspace takes back, Escape cancels.");
    this.readFields();
    for (const kind of Object.keys(KINDS)) this.form.elements[kind].addEventListener("input", () => this.readFields());
    this.find("close").addEventListener("click", () => this.close());
    this.find("undo").addEventListener("click", () => this.undo());
    this.find("cancel").addEventListener("click", () => this.cancel());
    this.stage.addEventListener("keydown", (event) => this.key(event));
    this.stage.addEventListener("pointerdown", (event) => this.press(event));
    this.stage.addEventListener("pointermove", (event) => this.move(event));
    this.stage.addEventListener("pointerup", (event) => this.release(event));
    this.stage.addEventListener("pointercancel", () => { this.dragged = null; });
    this.stage.addEventListener("click", (event) => this.click(event));
    this.stage.addEventListener("blur", () => { this.cross = null; this.draw(); });
    this.form.addEventListener("submit", (event) => this.submit(event));
    new ResizeObserver(() => this.draw()).observe(this.stage);
  }

  get kind() { return this.form.elements.kind.value; }

  // What is on record, in the fields

  readFields() {
    const read = Object.keys(KINDS).flatMap((kind) => {
      const lines = this.form.elements[kind].value.split("\n").map((line) => line.trim()).filter(Boolean);
      return lines.map((line) => ({ kind, corners: cornersOf(line) }));
    });
    if (read.some(({ corners }) => corners === null)) return; // half typed
    this.outlines = read;
    this.draw();
  }

  writeFields() {
    for (const kind of Object.keys(KINDS)) {
      const mine = this.outlines.filter((outline) => outline.kind === kind);
      this.form.elements[kind].value = mine.map(({ corners }) => textOf(corners)).join("\n");
    }
    this.draw();
  }

  // What people do

  remember() {
    this.past.push(structuredClone([this.outlines, this.draft]));
  }

  set(place) {
    if (this.draft.length >= this.most.corners) return this.say(`An outline has ${this.most.corners} corners at most. Close it.`);
    this.remember();
    this.draft = [...this.draft, place];
    this.say(`Corner ${this.draft.length} at ${percent(place)}`);
    this.draw();
  }

  close() {
    if (this.draft.length < 3) return this.say("An outline needs at least three corners.");
    if (this.outlines.filter(({ kind }) => kind === this.kind).length >= this.most.outlines) return this.say(`Draw ${this.most.outlines} outlines of a kind at most.`);
    this.remember();
    this.outlines = [...this.outlines, { kind: this.kind, corners: this.draft }];
    this.draft = [];
    this.writeFields();
    this.say(`${nameOf(this.outlines, this.outlines.at(-1))} is closed.`);
  }

  takeBack() {
    if (!this.draft.length) return this.say("There is no corner to take back.");
    this.remember();
    this.draft = this.draft.slice(0, -1);
    this.say(`Taken back; ${this.draft.length} corners are left.`);
    this.draw();
  }

  cancel() {
    if (!this.draft.length) return;
    this.remember();
    this.draft = [];
    this.say("The outline that was begun is gone.");
    this.draw();
  }

  remove(outline) {
    this.remember();
    const name = nameOf(this.outlines, outline);
    this.outlines = this.outlines.filter((each) => each !== outline);
    this.writeFields();
    this.say(`${name} is deleted. Undo brings it back.`);
    this.find("undo").focus();
  }

  undo() {
    const last = this.past.pop();
    if (!last) return;
    [this.outlines, this.draft] = last;
    this.writeFields();
    this.say("The last step is undone.");
  }

  submit(event) {
    if (!this.draft.length) return;
    event.preventDefault();
    this.say("Close or cancel the outline that you began, then save.");
    this.find(this.draft.length < 3 ? "cancel" : "close").focus();
  }

  // Keys

  key(event) {
    if (event.target !== this.stage) return;
    if (event.key === "z" && (event.ctrlKey || event.metaKey)) this.undo();
    else if (event.ctrlKey || event.metaKey) return;
    else if (KEYS[event.key]) this.steer(KEYS[event.key], event);
    else if (event.key === "Enter") this.enter();
    else if (event.key === "Backspace") this.takeBack();
    else if (event.key === "Escape") this.cancel();
    else if (event.key.toLowerCase() === "c") this.close();
    else return;
    event.preventDefault();
  }

  steer([across, down], { shiftKey, altKey }) {
    const step = altKey ? STEP.fine : shiftKey ? STEP.far : STEP.plain;
    const [x, y] = this.cross ?? [0.5 - across * step, 0.5 - down * step];
    this.cross = [held(x + across * step), held(y + down * step)];
    this.say(percent(this.cross));
    this.draw();
  }

  enter() {
    this.cross ??= [0.5, 0.5];
    if (this.draft.length >= 3 && this.near(this.cross, this.draft[0])) this.close();
    else this.set(this.cross);
  }

  // Pointer

  placeOf(event) {
    const box = this.stage.getBoundingClientRect();
    return [held((event.clientX - box.left) / box.width), held((event.clientY - box.top) / box.height)];
  }

  near(one, other) {
    const { width, height } = this.stage.getBoundingClientRect();
    return Math.hypot((one[0] - other[0]) * width, (one[1] - other[1]) * height) <= REACH;
  }

  cornerAt(place) {
    for (const corners of [this.draft, ...this.outlines.map((outline) => outline.corners)]) {
      const index = corners.findIndex((corner) => this.near(corner, place));
      if (index >= 0) return { corners, index };
    }
    return null;
  }

  press(event) {
    if (event.button !== 0) return;
    this.cross = null;
    this.dragged = this.cornerAt(this.placeOf(event));
    if (!this.dragged) return;
    this.stage.setPointerCapture(event.pointerId);
    this.dragged.begins = true;
  }

  move(event) {
    if (!this.dragged) return;
    const place = this.placeOf(event), { corners, index, begins } = this.dragged;
    if (begins && this.near(place, corners[index])) return;
    if (begins) {
      this.remember();
      this.dragged.begins = false;
    }
    corners[index] = place;
    if (corners === this.draft) this.draw();
    else this.writeFields();
  }

  release() {
    if (!this.dragged) return;
    const { corners, index, begins } = this.dragged;
    this.dragged = null;
    this.pressed = true; // the click that follows is not a corner
    if (!begins) return this.say(`The corner is at ${percent(corners[index])}`);
    if (corners === this.draft && index === 0 && corners.length >= 3) this.close();
  }

  click(event) {
    if (this.pressed) {
      this.pressed = false;
      return;
    }
    if (event.target.closest("button")) return;
    this.set(this.placeOf(event));
  }

  // What is seen

  say(words) {
    this.find("say").textContent = words;
  }

  draw() {
    const { width, height } = this.stage.getBoundingClientRect();
    if (!width || !height) return;
    this.tall = (WIDTH * height) / width;
    this.unit = WIDTH / width; // of one pixel
    this.layer.setAttribute("viewBox", `0 0 ${WIDTH} ${this.tall}`);
    const parts = this.outlines.flatMap((outline) => this.shape(outline.corners, outline.kind, true, nameOf(this.outlines, outline, SHORT)));
    if (this.draft.length) parts.push(...this.shape(this.draft, this.kind, false));
    if (this.cross) parts.push(...this.crosshair());
    this.layer.replaceChildren(...parts);
    this.list();
    this.find("close").disabled = this.draft.length < 3;
    this.find("cancel").disabled = !this.draft.length;
    this.find("undo").disabled = !this.past.length;
  }

  at([x, y]) { return [x * WIDTH, y * this.tall]; }

  shape(corners, kind, isClosed, name) {
    const points = corners.map((corner) => this.at(corner).join(",")).join(" ");
    const line = isClosed ? "polygon" : "polyline";
    const parts = [make(line, { points, class: "casing" }), make(line, { points, class: `line area-${kind}` })];
    corners.forEach((corner, index) => {
      const [cx, cy] = this.at(corner);
      parts.push(make("circle", { cx, cy, r: (isClosed || index ? 5 : 8) * this.unit, class: `corner area-${kind}` }));
      parts.push(make("circle", { cx, cy, r: REACH * this.unit, class: "handle" }));
    });
    if (name) {
      const [x] = this.at([mean(corners.map((corner) => corner[0])), 0]);
      const top = Math.min(...corners.map((corner) => this.at(corner)[1])) - 16 * this.unit;
      const label = make("text", { x, y: Math.max(top, 12 * this.unit), class: "label", "font-size": 14 * this.unit });
      label.textContent = name;
      parts.push(label);
    }
    return parts;
  }

  crosshair() {
    const [x, y] = this.at(this.cross);
    const gap = 9 * this.unit; // leaves open what the cross points at
    const d = `M0 ${y}H${x - gap}M${x + gap} ${y}H${WIDTH}M${x} 0V${y - gap}M${x} ${y + gap}V${this.tall}`;
    return [make("path", { d, class: "cross casing" }), make("path", { d, class: "cross line area-treated" })];
  }

  list() {
    this.find("list").replaceChildren(...this.outlines.map((outline) => {
      const name = nameOf(this.outlines, outline);
      const item = document.createElement("li"), button = document.createElement("button");
      item.textContent = `${name}, ${outline.corners.length} corners `;
      Object.assign(button, { type: "button", className: "quiet", textContent: "Delete" });
      button.setAttribute("aria-label", `Delete ${name.toLowerCase()}`);
      button.addEventListener("click", () => this.remove(outline));
      item.append(button);
      return item;
    }));
  }
}

function make(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function nameOf(outlines, outline, names = KINDS) {
  const mine = outlines.filter(({ kind }) => kind === outline.kind);
  return `${names[outline.kind]} ${mine.indexOf(outline) + 1}`;
}

function cornersOf(line) {
  const corners = line.split(";").map((corner) => corner.trim()).filter(Boolean)
    .map((corner) => corner.replaceAll(",", ".").split(/\s+/).map((number) => Number(number) / 100));
  return corners.every((corner) => corner.length === 2 && corner.every(Number.isFinite)) ? corners : null;
}

function textOf(corners) {
  return corners.map((corner) => corner.map((share) => Math.round(share * 10000) / 100).join(" ")).join("; ");
}

function percent([x, y]) {
  return `${Math.round(100 * x)} % from the left, ${Math.round(100 * y)} % from the top`;
}

const held = (share) => Math.min(Math.max(share, 0), 1);
const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

for (const form of document.querySelectorAll("[data-outlines]")) new Board(form).begin();
