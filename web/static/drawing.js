// Drawing on the two photos: by clicks, by a cross that keys move, or by the numbers in the form.
// The form's field of places decides; the drawing follows it.

const SVG = "http://www.w3.org/2000/svg";
const NEAREST = 0.01; // shares of the width between two corners drawn in one stroke
const MOST = { point: 1, circle: 2, arrow: 2, outline: 300 };

/** The draft of the form that is open, drawn over both photos of `pair`. */
export class Draft {
  constructor(pair, say) {
    this.pair = pair;
    this.say = say;
    this.form = null;
    this.cross = null;
  }

  get isOpen() { return this.form?.isConnected ?? false; }

  get shape() { return this.form.elements.shape.value; }

  get places() {
    return this.form.elements.places.value.split(";")
      .map((pair) => pair.trim().split(/[\s,]+/).map((number) => Number(number) / 100))
      .filter((place) => place.length === 2 && place.every(Number.isFinite));
  }

  set places(places) {
    const number = (share) => String(Math.round(share * 1000) / 10);
    this.form.elements.places.value = places.map(([x, y]) => `${number(x)} ${number(y)}`).join("; ");
    this.draw();
  }

  open(form) {
    this.form = form;
    this.cross = null;
    this.pair.classList.add("drawing");
    this.draw();
  }

  close() {
    this.form = null;
    this.cross = null;
    this.pair.classList.remove("drawing");
    for (const layer of this.pair.querySelectorAll("[data-draft]")) layer.replaceChildren();
  }

  /** Set one more place; a complete shape starts again. `aspect` is the picture's width by height. */
  set([x, y], aspect) {
    const held = [Math.min(Math.max(x, 0), 1), Math.min(Math.max(y, 0), 1)];
    const soFar = this.places.length >= MOST[this.shape] ? [] : this.places;
    if (this.shape === "circle" && soFar.length === 1) this.places = [soFar[0], edge(soFar[0], held, aspect)];
    else this.places = [...soFar, held];
    this.say(`Place ${this.places.length}: ${percent(held)}`);
  }

  /** One more corner of a stroke, if it is far enough from the last. */
  stroke(place) {
    const last = this.places.at(-1);
    if (!last || Math.hypot(place[0] - last[0], place[1] - last[1]) < NEAREST) return;
    if (this.places.length < MOST.outline) this.places = [...this.places, place];
  }

  undo() {
    this.places = this.places.slice(0, -1);
    this.say("The last place is taken back");
  }

  /** Move the cross; it begins in the middle of what is seen. */
  steer(across, down, middle) {
    const [x, y] = this.cross ?? middle;
    this.cross = [Math.min(Math.max(x + across, 0), 1), Math.min(Math.max(y + down, 0), 1)];
    this.draw();
    this.say(percent(this.cross));
  }

  draw() {
    if (!this.isOpen) return;
    const side = this.form.querySelector("[name=photo]:checked")?.dataset.side;
    for (const layer of this.pair.querySelectorAll("[data-draft]")) {
      const isHere = this.pair.classList.contains("front") || !side || layer.closest(".pane").classList.contains(side);
      layer.replaceChildren(...(isHere ? [...shapes(this.shape, this.places), ...crosshair(this.cross)] : []));
    }
  }
}

/** The place on a circle's edge at the height of its middle. */
function edge([x, y], [at, down], aspect) {
  const radius = Math.hypot(at - x, (down - y) / aspect);
  const right = x + radius <= 1;
  return [right ? x + radius : Math.max(x - radius, 0), y];
}

function shapes(shape, places) {
  const spots = places.map(([x, y]) => made("circle", { class: "spot", cx: `${100 * x}%`, cy: `${100 * y}%`, r: 4 }));
  if (places.length < 2) return spots;
  const [[x, y], [x2, y2]] = places;
  if (shape === "circle") {
    const radius = 100 * Math.abs(x2 - x);
    const box = made("svg", { x: `${100 * x - radius}%`, y: `${100 * y - 50}%`, width: `${2 * radius}%`, height: "100%", viewBox: "-1 -1 2 2" });
    box.append(made("circle", { r: 1 }));
    return [box, spots[0]];
  }
  if (shape === "arrow") return [made("line", { x1: `${100 * x}%`, y1: `${100 * y}%`, x2: `${100 * x2}%`, y2: `${100 * y2}%`, "marker-end": "url(#tip)" })];
  if (shape === "outline") {
    const box = made("svg", { viewBox: "0 0 100 100", preserveAspectRatio: "none" });
    box.append(made("polygon", { points: places.map(([a, b]) => `${100 * a},${100 * b}`).join(" ") }));
    return [box, spots[0]];
  }
  return spots.slice(0, 1);
}

function crosshair(cross) {
  if (!cross) return [];
  const [x, y] = cross.map((share) => `${100 * share}%`);
  return [
    made("line", { class: "cross", x1: x, x2: x, y1: "0", y2: "100%" }),
    made("line", { class: "cross", x1: "0", x2: "100%", y1: y, y2: y }),
  ];
}

function made(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function percent([x, y]) {
  return `${Math.round(100 * x)} % from the left, ${Math.round(100 * y)} % from the top`;
}
