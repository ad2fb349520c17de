// Judges what the camera sees, for hints while framing. Every limit is relative to the face itself
// or to the whole picture: limits on the brightness of a face would turn dark skin away.
import { findFace } from "./face_finder.js";

const TOO_SMALL = 0.42; // size of the face, of the picture's shorter side
const TOO_LARGE = 0.86;
const OFF_CENTRE = 0.13; // of the picture's shorter side
const DARK_ROOM = 0.22; // the brightest twentieth of the picture, 0 to 1
const CLIPPED = 0.06; // share of the face
const UNEVEN = 0.75; // log ratio of both sides of the face
const SOFT = 0.45; // of the sharpest picture so far
const MOVED = 0.05; // mean change between two pictures, relative to their brightness

/** The hints, worst first, by what is wrong. */
export const HINTS = {
  no_face: "Look into the camera, with your whole face in the oval.",
  too_dark: "It is dark here. Turn to a window or put a lamp in front of you.",
  closer: "Come a little closer.",
  farther: "Hold the phone a little farther away.",
  centre: "Bring your face to the middle of the oval.",
  too_bright: "Too bright. Step out of the sun, or turn the lamp down.",
  uneven: "Turn to the window, so that both sides of your face are lit alike.",
  hold_still: "Hold still.",
  card: "Hold your card next to your cheek, or take the photo without it.",
  side: "Turn until the ear is in the middle of the oval, then take the photo.",
  good: "Good. Hold still and take the photo.",
};

/** Remembers the last pictures, so that sharpness and movement can be compared. */
export class Framing {
  #cascade;
  #before = null;
  #sharpest = 0;

  constructor(cascade) {
    this.#cascade = cascade;
  }

  /** The name of the hint for a small RGBA picture of what the camera sees. */
  judge(picture) {
    const { width, height } = picture;
    const { grey, moved } = this.#seen(picture);
    if (brightTwentieth(grey) < DARK_ROOM * 255) return "too_dark";
    const face = findFace(grey, width, height, this.#cascade);
    if (!face) return "no_face";
    return placeOf(face, width, height) || lightOf(picture, face) || this.#steadiness(grey, width, face, moved);
  }

  /** The same for a side view, in which no frontal face can be found. */
  judgeSide(picture) {
    const { grey, moved } = this.#seen(picture);
    if (brightTwentieth(grey) < DARK_ROOM * 255) return "too_dark";
    return moved > MOVED ? "hold_still" : "side";
  }

  #seen(picture) {
    const grey = greyOf(picture);
    const moved = this.#before ? difference(grey, this.#before) : 1;
    this.#before = grey;
    return { grey, moved };
  }

  #steadiness(grey, width, face, moved) {
    const sharp = sharpness(grey, width, face);
    this.#sharpest = Math.max(sharp, this.#sharpest * 0.995); // an old best fades: the light may change
    return moved > MOVED || sharp < SOFT * this.#sharpest ? "hold_still" : "good";
  }
}

function placeOf(face, width, height) {
  const side = Math.min(width, height);
  if (face.size < TOO_SMALL * side) return "closer";
  if (face.size > TOO_LARGE * side) return "farther";
  const [dx, dy] = [face.x + face.size / 2 - width / 2, face.y + face.size / 2 - height / 2];
  return Math.abs(dx) > OFF_CENTRE * side || Math.abs(dy) > 1.6 * OFF_CENTRE * side ? "centre" : null;
}

function lightOf(picture, face) {
  const { data, width } = picture;
  const side = [0, 0];
  let [clipped, count] = [0, 0];
  for (const [x, y] of within(face)) {
    const at = 4 * (y * width + x);
    const light = data[at] + data[at + 1] + data[at + 2];
    side[x < face.x + face.size / 2 ? 0 : 1] += light;
    clipped += Math.max(data[at], data[at + 1], data[at + 2]) >= 254 ? 1 : 0;
    count += 1;
  }
  if (clipped > CLIPPED * count) return "too_bright";
  return Math.abs(Math.log((side[0] + 1) / (side[1] + 1))) > UNEVEN ? "uneven" : null;
}

/** Fine detail of the face against its own brightness. */
function sharpness(grey, width, face) {
  let [sum, count] = [0, 0];
  for (const [x, y] of within(face)) {
    const at = y * width + x;
    const around = (grey[at - 1] + grey[at + 1] + grey[at - width] + grey[at + width]) / 4;
    const detail = (grey[at] - around) / (around + 8);
    sum += detail * detail;
    count += 1;
  }
  return Math.sqrt(sum / Math.max(1, count));
}

/** The pixels of the middle of a face: neither hair nor background. */
function* within(face) {
  const edge = 0.18 * face.size;
  for (let y = Math.ceil(face.y + edge); y < face.y + face.size - edge; y += 1) {
    for (let x = Math.ceil(face.x + edge); x < face.x + face.size - edge; x += 1) yield [x, y];
  }
}

function greyOf({ data, width, height }) {
  const grey = new Float32Array(width * height);
  for (let i = 0; i < grey.length; i += 1) {
    grey[i] = 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2];
  }
  return grey;
}

function difference(a, b) {
  let [change, light] = [0, 0];
  for (let i = 0; i < a.length; i += 1) {
    change += Math.abs(a[i] - b[i]);
    light += a[i] + b[i];
  }
  return change / (light / 2 + 1);
}

function brightTwentieth(grey) {
  const sorted = Float32Array.from(grey).sort();
  return sorted[Math.floor(0.95 * (sorted.length - 1))];
}
