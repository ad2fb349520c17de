// The large chart in the browser: several regions at once, closer by days, with the strip below it.
// Drawn by uPlot if set-up has installed it; everywhere else the chart from the server is shown.
"use strict";

const place = document.querySelector("[data-course]");
if (place?.dataset.values && window.uPlot) begin(place);

/** Ask for the values, which may be thousands; without an answer the server's drawing stays. */
async function begin(figure) {
  const answer = await fetch(figure.dataset.values, { headers: { Accept: "application/json" } }).catch(() => null);
  if (answer?.ok && !answer.redirected) course(figure, await answer.json());
}

function course(figure, data) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const dashes = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 5], [14, 4]];
  const server = figure.querySelector(".plot");
  const readout = figure.querySelector(".readout");
  const strip = document.querySelector(".plot.strip .moving");
  const shown = new Set([data.chosen]);
  for (const region of data.regions) {
    region.points = region.values.map(([photo, value, reach, hollow, breaks, words]) => (
      { day: data.photos[photo][0], value, reach, hollow, breaks, words: `${data.photos[photo][1]}: ${words}` }
    ));
  }

  // One axis for all: days of photos, of the band, and a break wherever days were missed
  const days = new Set(data.band.map((row) => row[0]));
  for (const region of data.regions) {
    region.points.forEach((point, at) => {
      days.add(point.day);
      if (point.breaks) days.add((region.points[at - 1].day + point.day) / 2);
    });
  }
  const xs = [...days].sort((a, b) => a - b);
  const onAxis = (rows) => { // undefined is no value here; null breaks the line
    const values = new Array(xs.length).fill(undefined);
    for (const [day, value] of rows) values[xs.indexOf(day)] = value;
    return values;
  };
  const columns = [
    xs,
    ...[1, 3, 2].map((column) => onAxis(data.band.map((row) => [row[0], row[column]]))),
    ...data.regions.map((region) => onAxis(region.points.flatMap((point, at) => [
      ...(point.breaks ? [[(region.points[at - 1].day + point.day) / 2, null]] : []),
      [point.day, point.value],
    ]))),
  ];
  const share = data.edge / (100 - 2 * data.edge);
  const whole = [-share * data.lastDay, data.lastDay * (1 + share)];
  const looks = (name) => (name === data.chosen ? colour(data.quantity) : colour("ink"));

  const marks = (plot) => {
    const ratio = devicePixelRatio;
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.setLineDash([]);
    const { min, max } = plot.scales.x;
    const seen = Math.max(...data.regions.map((region) => region.points.filter((point) => point.day >= min && point.day <= max).length));
    const radius = seen > 100 ? 2 : 4; // of a mark, in pixels
    data.regions.filter((region) => shown.has(region.name)).forEach((region) => {
      ctx.strokeStyle = looks(region.name);
      for (const point of region.points) {
        const x = plot.valToPos(point.day, "x", true);
        const y = (value) => plot.valToPos(Math.min(Math.max(value, data.low), data.high), "y", true);
        ctx.lineWidth = 1.5 * ratio;
        ctx.globalAlpha = shown.size > 2 ? 0.25 : 0.55; // error bars of many regions are fainter
        ctx.beginPath();
        ctx.moveTo(x, y(point.value - point.reach));
        ctx.lineTo(x, y(point.value + point.reach));
        ctx.stroke();
        ctx.globalAlpha = 1;
        ctx.beginPath();
        ctx.arc(x, y(point.value), (radius + (point === region.points.at(-1) ? 1.5 : 0)) * ratio, 0, 2 * Math.PI);
        ctx.fillStyle = point.hollow ? colour("card") : looks(region.name);
        ctx.fill();
        ctx.lineWidth = 0.5 * radius * ratio;
        ctx.stroke();
      }
    });
    ctx.textAlign = "center";
    ctx.font = `800 ${16 * ratio}px system-ui, sans-serif`;
    ctx.setLineDash([ratio, 3 * ratio]);
    for (const { x, lead: [, kind, mark], count } of gathered(data, (day) => plot.valToPos(day, "x", true), 18 * ratio)) {
      const at = bbox.top + 14 * ratio;
      ctx.strokeStyle = ctx.fillStyle = colour({ alarm: "urgent", answered: "good", product: "ink", session: "ink" }[kind] ?? kind);
      ctx.fillText(count > 1 ? `${mark}${count}` : mark, x, at);
      if (["alarm", "product", "session"].includes(kind)) continue;
      ctx.beginPath();
      ctx.moveTo(x, at + 3 * ratio);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.setLineDash([]);
    const point = points()[chosen];
    if (point) {
      ctx.strokeStyle = colour("focus");
      ctx.beginPath();
      ctx.arc(plot.valToPos(point.day, "x", true), plot.valToPos(point.value, "y", true), 10 * ratio, 0, 2 * Math.PI);
      ctx.stroke();
    }
    ctx.strokeStyle = colour("soft");
    ctx.lineWidth = ratio;
    ctx.beginPath();
    ctx.moveTo(bbox.left, plot.valToPos(0, "y", true));
    ctx.lineTo(bbox.left + bbox.width, plot.valToPos(0, "y", true));
    ctx.stroke();
    const end = data.band.at(-1);
    if (end && max >= data.lastDay) {
      ctx.fillStyle = colour("soft");
      ctx.font = `${11 * ratio}px system-ui, sans-serif`;
      ctx.textAlign = "right";
      const right = plot.valToPos(data.lastDay, "x", true);
      const at = (value, under) => [right, plot.valToPos(value, "y", true) + under * ratio];
      const left = right - ctx.measureText(data.bandWords).width;
      const below = data.band.filter((_, n) => !data.band[n + 1] || plot.valToPos(data.band[n + 1][0], "x", true) > left);
      ctx.fillText(data.bandWords, ...at(Math.max(...below.map((row) => row[3])), -6));
      if (data.quantity === "redness") ctx.fillText("dashed: its median", ...at(end[1], 14));
    }
    ctx.setLineDash([3 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(plot.valToPos(0, "x", true), bbox.top);
    ctx.lineTo(plot.valToPos(0, "x", true), bbox.top + bbox.height);
    ctx.stroke();
    ctx.restore();
  };

  // What is under the cursor, in words; the strip shows the same days
  let chosen = -1;
  const points = () => data.regions.filter((region) => shown.has(region.name))
    .flatMap((region) => region.points.map((point) => ({ ...point, region: region.words })))
    .sort((a, b) => a.day - b.day);
  const say = () => {
    const point = points()[chosen];
    if (!point) return;
    const marked = data.events.filter(([day]) => Math.abs(day - point.day) < 0.5).map((each) => each[3]);
    readout.textContent = [`${shown.size > 1 ? `${point.region}. ` : ""}${point.words}`, ...marked].join(". ");
    const at = `${data.edge + ((100 - 2 * data.edge) * point.day) / data.lastDay}%`;
    for (const end of ["x1", "x2"]) strip?.querySelector(".linked").setAttribute(end, at);
    plot.redraw(false);
  };
  const nearest = (plot) => {
    const { left, top } = plot.cursor;
    if (left < 0) return;
    const gaps = points().map((point) => Math.hypot(plot.valToPos(point.day, "x") - left, (plot.valToPos(point.value, "y") - top) / 4));
    const found = gaps.indexOf(Math.min(...gaps));
    if (found === chosen) return;
    chosen = found;
    say();
  };
  const follow = (plot, axis) => {
    if (axis !== "x" || !strip) return;
    const { min, max } = plot.scales.x;
    const times = (whole[1] - whole[0]) / (max - min);
    strip.setAttribute("width", `${100 * times}%`);
    strip.setAttribute("x", `${(-100 * times * (min - whole[0])) / (whole[1] - whole[0])}%`);
  };

  const words = new Map(data.levels);
  const canvas = document.createElement("div");
  canvas.className = "course-plot";
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", server.querySelector(".field").getAttribute("aria-label"));
  server.hidden = true;
  server.after(canvas);
  const left = 4.4 * parseFloat(getComputedStyle(server).fontSize); // as wide as the column of the strip's words
  const ink = (name) => () => colour(name); // asked at each drawing: a phone may turn dark meanwhile
  const axes = { stroke: ink("ink"), font: "12px system-ui, sans-serif", grid: { stroke: ink("line"), width: 1 }, ticks: { show: false } };
  const plot = new window.uPlot({
    width: figure.clientWidth,
    height: data.height + 36,
    padding: [10, 0, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: true, y: false }, points: { show: false }, y: false },
    scales: { x: { time: false, range: (_, min, max) => (min === max ? whole : [min, max]) }, y: { range: [data.low, data.high] } },
    axes: [
      { ...axes, grid: { show: false }, size: 26, splits: (_, __, min, max) => wholeDays(min, max), values: (_, splits) => splits.map(String) },
      { ...axes, size: left, splits: () => data.levels.map((level) => level[0]), values: (_, splits) => splits.map((value) => words.get(value) ?? "") },
    ],
    series: [
      {},
      { stroke: ink("normal-line"), width: 0.75, points: { show: false } },
      { stroke: ink("normal-line"), width: 0.75, points: { show: false } },
      { stroke: ink("normal-line"), width: 1.5, dash: [5, 4], points: { show: false } },
      ...data.regions.map((region, at) => ({
        show: shown.has(region.name), stroke: () => looks(region.name), width: 2.5,
        dash: region.name === data.chosen ? [] : dashes[at % dashes.length], points: { show: false },
      })),
    ],
    bands: [{ series: [2, 1], fill: ink("normal") }],
    hooks: { draw: [marks], setCursor: [nearest], setScale: [follow] },
  }, columns, canvas);
  const look = (min, max) => plot.setScale("x", { min: Math.max(min, whole[0]), max: Math.min(max, whole[1]) });
  look(...whole);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plot.redraw());

  // Keys: from point to point, closer and back
  const closer = (factor) => {
    const { min, max } = plot.scales.x;
    const middle = points()[chosen]?.day ?? (min + max) / 2;
    const half = ((max - min) * factor) / 2;
    look(middle - half, middle + half);
  };
  const step = (to) => {
    chosen = Math.min(Math.max(to, 0), points().length - 1);
    const point = points()[chosen];
    if (!point) return;
    const { min, max } = plot.scales.x;
    if (point.day < min || point.day > max) look(point.day - (max - min) / 2, point.day + (max - min) / 2);
    plot.setCursor({ left: plot.valToPos(point.day, "x"), top: plot.valToPos(point.value, "y") }, false);
    say();
  };
  const keys = {
    ArrowLeft: () => step(chosen < 0 ? points().length - 1 : chosen - 1), ArrowRight: () => step(chosen + 1),
    Home: () => step(0), End: () => step(points().length - 1),
    "+": () => closer(0.6), "-": () => closer(1.6), 0: () => look(...whole),
  };
  canvas.addEventListener("keydown", (event) => {
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  });
  canvas.addEventListener("dblclick", () => look(...whole));

  const tools = figure.querySelector("[data-course-tools]");
  tools.hidden = false;
  for (const [name, act] of [["closer", () => closer(0.6)], ["wider", () => closer(1.6)], ["whole", () => look(...whole)]]) {
    tools.querySelector(`[data-${name}]`).addEventListener("click", act);
  }
  for (const box of tools.querySelectorAll("input[type=checkbox]")) {
    box.addEventListener("change", () => {
      const at = data.regions.findIndex((region) => region.name === box.value);
      if (box.checked) shown.add(box.value); else shown.delete(box.value);
      chosen = -1;
      plot.setSeries(at + 4, { show: box.checked });
    });
  }
  for (const line of tools.querySelectorAll("line")) line.setAttribute("stroke-dasharray", line.dataset.name === data.chosen ? "" : dashes[line.dataset.at % dashes.length].join(" "));
  new ResizeObserver(() => plot.setSize({ width: figure.clientWidth, height: data.height + 36 })).observe(figure);
}

/** Marks closer than so many pixels as one: the gravest, and how many they are. */
function gathered(data, place, apart) {
  const groups = [];
  for (const event of data.events) {
    const x = place(event[0]);
    const last = groups.at(-1);
    if (last && x - last.x < apart) last.events.push(event);
    else groups.push({ x, events: [event] });
  }
  const grave = ([, kind]) => data.kinds.indexOf(kind);
  return groups.map(({ x, events }) => {
    const lead = events.reduce((worst, each) => (grave(each) < grave(worst) ? each : worst));
    return { x: place(lead[0]), lead, count: events.length };
  });
}

/** A few whole days between two moments. */
function wholeDays(min, max) {
  const step = [1, 2, 3, 7, 14, 28, 56, 91, 182].find((each) => (max - min) / each < 10) ?? 364;
  const found = [];
  for (let day = Math.max(0, Math.ceil(min / step) * step); day <= max; day += step) found.push(day);
  return found;
}
