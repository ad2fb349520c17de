// Finds a face from the front in a small grey picture by a cascade of local binary patterns
// (Liao et al. 2007). Only for framing: the photo itself is judged by the clinic's computer.

const SMALLEST = 0.2; // of the picture's width
const LARGER = 1.15; // from one size of face to the next
const AGREEING = 3; // windows that must see the same face
// The eight cells around the middle one, as column and row, from the highest bit to the lowest.
const AROUND = [[0, 0], [1, 0], [2, 0], [2, 1], [2, 2], [1, 2], [0, 2], [0, 1]];

/** The largest face as {x, y, size} in pixels of the picture, or null. */
export function findFace(grey, width, height, cascade) {
  const whole = sums(grey, width, height);
  const seen = [];
  const most = Math.min(width, height);
  for (let size = SMALLEST * width; size <= most; size *= LARGER) {
    const scale = size / cascade.window;
    if (scale < 1) continue;
    const small = shrunk(whole, width, height, scale);
    const level = sums(small.grey, small.width, small.height);
    const tests = placed(cascade, small.width + 1);
    for (let y = 0; y + cascade.window <= small.height; y += 1) {
      for (let x = 0; x + cascade.window <= small.width; x += 1) {
        if (isFace(level, y * (small.width + 1) + x, tests)) {
          seen.push({ x: x * scale, y: y * scale, size });
        }
      }
    }
  }
  return largestAgreed(seen);
}

/** Sums of everything above and left of each pixel, one row and column larger than the picture. */
function sums(grey, width, height) {
  const stride = width + 1;
  const result = new Float64Array(stride * (height + 1));
  for (let y = 0; y < height; y += 1) {
    let row = 0;
    for (let x = 0; x < width; x += 1) {
      row += grey[y * width + x];
      result[(y + 1) * stride + x + 1] = result[y * stride + x + 1] + row;
    }
  }
  return result;
}

/** The picture made smaller by `scale`; each new pixel is the mean of those it covers. */
function shrunk(whole, width, height, scale) {
  const stride = width + 1;
  const [w, h] = [Math.floor(width / scale), Math.floor(height / scale)];
  const columns = Array.from({ length: w + 1 }, (_, x) => Math.min(width, Math.round(x * scale)));
  const rows = Array.from({ length: h + 1 }, (_, y) => Math.min(height, Math.round(y * scale)));
  const grey = new Float32Array(w * h);
  for (let y = 0; y < h; y += 1) {
    for (let x = 0; x < w; x += 1) {
      const [top, bottom, left, right] = [rows[y], rows[y + 1], columns[x], columns[x + 1]];
      const sum = whole[bottom * stride + right] - whole[top * stride + right]
        - whole[bottom * stride + left] + whole[top * stride + left];
      grey[y * w + x] = sum / ((bottom - top) * (right - left));
    }
  }
  return { grey, width: w, height: h };
}

/** The cascade with the corners of its cells as offsets into the sums. */
function placed(cascade, stride) {
  const corners = cascade.features.map(([x, y, w, h]) => {
    const grid = [];
    for (let row = 0; row < 4; row += 1) {
      for (let column = 0; column < 4; column += 1) grid.push((y + row * h) * stride + x + column * w);
    }
    return grid;
  });
  return cascade.stages.map((stage) => ({
    threshold: stage.threshold,
    trees: stage.trees.map((tree) => ({
      grid: corners[tree.feature], patterns: tree.patterns, inSet: tree.in_set, outside: tree.outside,
    })),
  }));
}

function isFace(level, at, stages) {
  for (const stage of stages) {
    let vote = 0;
    for (const tree of stage.trees) {
      const pattern = patternOf(level, at, tree.grid);
      const word = tree.patterns[pattern >> 5];
      vote += word & (1 << (pattern & 31)) ? tree.inSet : tree.outside;
    }
    if (vote < stage.threshold) return false;
  }
  return true;
}

function patternOf(level, at, grid) {
  const middle = cell(level, at, grid, 1, 1);
  let pattern = 0;
  for (const [column, row] of AROUND) {
    pattern = (pattern << 1) | (cell(level, at, grid, column, row) >= middle ? 1 : 0);
  }
  return pattern;
}

function cell(level, at, grid, column, row) {
  const first = row * 4 + column;
  return level[at + grid[first + 5]] - level[at + grid[first + 4]]
    - level[at + grid[first + 1]] + level[at + grid[first]];
}

function largestAgreed(seen) {
  const groups = [];
  for (const one of seen) {
    const group = groups.find((g) => isSame(g.mean, one));
    if (group) {
      group.count += 1;
      for (const name of ["x", "y", "size"]) {
        group.mean[name] += (one[name] - group.mean[name]) / group.count;
      }
    } else {
      groups.push({ mean: { ...one }, count: 1 });
    }
  }
  const agreed = groups.filter((group) => group.count >= AGREEING).map((group) => group.mean);
  return agreed.sort((a, b) => b.size - a.size)[0] || null;
}

function isSame(a, b) {
  const near = 0.25 * Math.min(a.size, b.size);
  const [dx, dy] = [a.x + a.size / 2 - b.x - b.size / 2, a.y + a.size / 2 - b.y - b.size / 2];
  const ratio = a.size / b.size;
  return Math.abs(dx) < near && Math.abs(dy) < near && ratio < 1.5 && ratio > 0.66;
}
