// Looks for the reference card: two of the dark square markers at its corners. A hint only; what a
// photo shows is decided where it is measured.

const SIDE = 6; // squares along a marker: four bits and a dark border
const SMALLEST = 14; // pixels along a marker's box
const DARKER = 0.82; // of the light around it
const MOST_FAULTS = 1; // squares of the border that may look light, such as under a reflection

/** Whether RGBA pixels show the card, plain or as in a mirror; `markers` are its bits as "0101…". */
export function findCard(data, width, height, markers) {
  const grey = greyOf(data);
  const dark = darkPixels(grey, width, height);
  const wanted = new Map(markers.flatMap((bits, i) => turned(bits).map((each) => [each, i])));
  const found = new Set();
  for (const corners of squares(dark, width, height)) {
    const marker = wanted.get(bitsOf(grey, width, corners));
    if (marker !== undefined) found.add(marker);
    if (found.size === 2) return true;
  }
  return false;
}

function greyOf(data) {
  const grey = new Float32Array(data.length / 4);
  for (let i = 0; i < grey.length; i += 1) grey[i] = 0.3 * data[4 * i] + 0.59 * data[4 * i + 1] + 0.11 * data[4 * i + 2];
  return grey;
}

/** 1 for each pixel that is clearly darker than the mean around it. */
function darkPixels(grey, width, height) {
  const sums = new Float64Array((width + 1) * (height + 1));
  for (let y = 0; y < height; y += 1) {
    for (let x = 0, row = 0; x < width; x += 1) {
      row += grey[y * width + x];
      sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1] + row;
    }
  }
  const reach = Math.round(width / 12);
  const dark = new Uint8Array(width * height);
  for (let y = 0; y < height; y += 1) {
    const [top, bottom] = [Math.max(0, y - reach), Math.min(height, y + reach + 1)];
    for (let x = 0; x < width; x += 1) {
      const [left, right] = [Math.max(0, x - reach), Math.min(width, x + reach + 1)];
      const sum = sums[bottom * (width + 1) + right] - sums[top * (width + 1) + right]
        - sums[bottom * (width + 1) + left] + sums[top * (width + 1) + left];
      const mean = sum / ((right - left) * (bottom - top));
      dark[y * width + x] = grey[y * width + x] < DARKER * mean ? 1 : 0;
    }
  }
  return dark;
}

/** The four corners, in order around it, of every dark patch about as wide as it is high. */
function* squares(dark, width, height) {
  const stack = [];
  for (let start = 0; start < dark.length; start += 1) {
    if (dark[start] !== 1) continue;
    const seen = { left: width, right: 0, top: height, bottom: 0, corners: [], best: [] };
    dark[start] = 2;
    stack.push(start);
    while (stack.length) {
      const at = stack.pop();
      const [x, y] = [at % width, Math.floor(at / width)];
      widen(seen, x, y);
      for (const [next, inside] of [[at - 1, x > 0], [at + 1, x < width - 1], [at - width, y > 0], [at + width, y < height - 1]]) {
        if (inside && dark[next] === 1) {
          dark[next] = 2;
          stack.push(next);
        }
      }
    }
    const [across, down] = [seen.right - seen.left + 1, seen.bottom - seen.top + 1];
    if (Math.min(across, down) >= SMALLEST && Math.max(across, down) < 1.8 * Math.min(across, down)) yield cornersOf(seen);
  }
}

// Directions in which a patch reaches farthest at its corners, upright or turned by 45 degrees.
const UPRIGHT = [[-1, -1], [1, -1], [1, 1], [-1, 1]];
const TURNED = [[0, -1], [1, 0], [0, 1], [-1, 0]];
const WAYS = [...UPRIGHT, ...TURNED];

function widen(seen, x, y) {
  seen.left = Math.min(seen.left, x);
  seen.right = Math.max(seen.right, x);
  seen.top = Math.min(seen.top, y);
  seen.bottom = Math.max(seen.bottom, y);
  for (let i = 0; i < WAYS.length; i += 1) {
    const reach = WAYS[i][0] * x + WAYS[i][1] * y;
    if (!(seen.best[i] >= reach)) {
      seen.best[i] = reach;
      seen.corners[i] = [x, y];
    }
  }
}

/** Of both ways to take four corners the one that spans more. */
function cornersOf({ corners }) {
  const [upright, other] = [corners.slice(0, 4), corners.slice(4)];
  return areaOf(upright) >= areaOf(other) ? upright : other;
}

function areaOf(corners) {
  return Math.abs(corners.reduce((sum, [x, y], i) => {
    const [nextX, nextY] = corners[(i + 1) % 4];
    return sum + x * nextY - nextX * y;
  }, 0));
}

/** The bits inside four corners, row by row; empty without a dark border. */
function bitsOf(grey, width, corners) {
  const values = [];
  for (let row = 0; row < SIDE; row += 1) {
    for (let column = 0; column < SIDE; column += 1) values.push(valueAt(grey, width, corners, (column + 0.5) / SIDE, (row + 0.5) / SIDE));
  }
  const middle = (Math.min(...values) + Math.max(...values)) / 2;
  const isLight = values.map((value) => value > middle);
  const isBorder = (i) => i < SIDE || i >= SIDE * (SIDE - 1) || i % SIDE === 0 || i % SIDE === SIDE - 1;
  if (isLight.filter((light, i) => light && isBorder(i)).length > MOST_FAULTS) return "";
  return isLight.filter((_, i) => !isBorder(i)).map(Number).join("");
}

/** The brightness at a place within four corners; a marker is small, so straight lines are enough. */
function valueAt(grey, width, [a, b, c, d], u, v) {
  const place = (axis) => (1 - v) * ((1 - u) * a[axis] + u * b[axis]) + v * ((1 - u) * d[axis] + u * c[axis]);
  return grey[Math.round(place(1)) * width + Math.round(place(0))];
}

/** A marker's bits in all eight positions: turned four ways, plain and mirrored. */
function turned(bits) {
  const turn = (each) => Array.from(each, (_, i) => each[4 * (3 - (i % 4)) + Math.floor(i / 4)]).join("");
  const mirror = (each) => Array.from(each, (_, i) => each[4 * Math.floor(i / 4) + 3 - (i % 4)]).join("");
  const ways = [bits, mirror(bits)];
  for (let i = 0; i < 6; i += 1) ways.push(turn(ways[ways.length - 2]));
  return ways;
}
