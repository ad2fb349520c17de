// Pictures side by side become one with a slider; a row of days becomes a time-lapse.

for (const pair of document.querySelectorAll("[data-compare]")) slide(pair);
for (const row of document.querySelectorAll("[data-lapse]")) lapse(row);

/** Put the second picture over the first and clip it at the slider. */
function slide(pair) {
  const [before, after] = pair.querySelectorAll("img");
  const stage = element("div", "over");
  const [below, above] = [before.cloneNode(), after.cloneNode()];
  above.className = "above";
  stage.append(below, above, element("span", "edge"));
  const range = slider("From before treatment to the latest photo", 0, 100, 50);
  const show = () => stage.style.setProperty("--at", `${range.value}%`);
  range.addEventListener("input", show);
  const buttons = element("div", "steps");
  for (const [words, value] of [["Before", 100], ["Latest", 0]]) {
    buttons.append(button(words, () => { range.value = value; show(); }));
  }
  stage.append(range);
  const around = pair.parentElement;
  for (const link of around.querySelectorAll("[data-region]")) { // the list of links stays for keys and ears
    const zone = link.cloneNode();
    zone.className = "zone";
    zone.tabIndex = -1;
    zone.setAttribute("aria-hidden", "true");
    stage.append(zone);
  }
  buttons.append(button("Larger", (event) => {
    event.target.textContent = around.classList.toggle("larger") ? "Smaller" : "Larger";
  }));
  show();
  const picture = element("div", "");
  picture.append(stage, buttons);
  pair.replaceWith(picture);
}

/** One day at a time, by itself or by the slider. */
function lapse(row) {
  const frames = [...row.children];
  const range = slider("Day of the time-lapse", 0, frames.length - 1, frames.length - 1);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  let timer = 0;
  const show = () => frames.forEach((frame, index) => { frame.hidden = index !== Number(range.value); });
  const stop = () => { clearInterval(timer); timer = 0; play.textContent = "Play"; };
  const step = () => {
    range.value = (Number(range.value) + 1) % frames.length;
    show();
    if (Number(range.value) === frames.length - 1) stop();
  };
  const play = button("Play", () => {
    if (timer) return stop();
    timer = setInterval(step, still ? 2000 : 700);
    play.textContent = "Pause";
    return step();
  });
  range.addEventListener("input", () => { stop(); show(); });
  for (const frame of frames) frame.querySelector("img").loading = "eager";
  row.classList.add("one");
  const steps = element("div", "steps");
  steps.append(play, range);
  row.after(steps);
  show();
}

function element(name, className) {
  const made = document.createElement(name);
  made.className = className;
  return made;
}

function button(words, act) {
  const made = element("button", "quiet");
  made.type = "button";
  made.textContent = words;
  made.addEventListener("click", act);
  return made;
}

function slider(label, min, max, value) {
  const made = element("input", "slide");
  Object.assign(made, { type: "range", min, max, value });
  made.setAttribute("aria-label", label);
  return made;
}
