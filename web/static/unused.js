// Says before the sign-in ends because nothing was done, and keeps what was typed on the page.
// Typing counts as use, whether or not anything is sent. Pages work without this file.

const WARN = 300_000; // milliseconds before the end
const LOOK = 10_000; // between two looks at the clock
const PING = 120_000; // between two words to the server while somebody types or clicks

const body = document.body;
const dialog = document.querySelector("dialog.unused");
const part = (name) => dialog.querySelector(`[data-${name}]`);

let endsAt = Date.now() + body.dataset.seconds * 1000;
let said = Date.now();
let used = 0;

for (const event of ["keydown", "pointerdown", "input"]) {
  addEventListener(event, ({ target }) => { if (!dialog.contains(target)) used = Date.now(); }, { passive: true });
}

// Asks how long the session lasts; null when it is over, undefined when there is no connection.
const ask = async (headers) => {
  const options = { cache: "no-store", redirect: "manual", headers };
  const answer = await fetch(dialog.dataset.stillHere, options).catch(() => undefined);
  if (!answer) return undefined;
  return answer.ok ? answer.json() : null;
};

const open = (name) => {
  for (const each of ["ends", "ended"]) part(each).hidden = each !== name;
  dialog.setAttribute("aria-labelledby", name === "ends" ? "unused-title" : "ended-title");
  dialog.classList.toggle("ended", name === "ended"); // nobody reads what is behind it
  if (!dialog.open) dialog.showModal();
};

const take = (answer) => {
  if (answer.person !== body.dataset.person) return location.replace("/");
  endsAt = Date.now() + answer.seconds * 1000;
  for (const field of document.querySelectorAll("input[name=csrf_token]")) field.value = answer.token;
  return undefined;
};

// `isUse` says that somebody is there.
const look = async (isUse) => {
  const answer = await ask(isUse ? {} : { "Afterglow-Unattended": "yes" });
  if (answer) take(answer);
  if (answer === null || Date.now() >= endsAt) {
    open("ended");
  } else if (endsAt - Date.now() <= WARN) {
    const time = new Date(endsAt).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    part("at").textContent = time;
    open("ends");
  } else {
    dialog.close();
  }
  return answer;
};

const tick = () => {
  const now = Date.now();
  if (used > said && now - used < PING && now - said >= PING && !dialog.open) {
    said = now;
    look(true);
  } else if (endsAt - now <= WARN) {
    look(false);
  }
};

part("stay").addEventListener("click", async () => {
  if (await look(true)) part("at-most").hidden = endsAt - Date.now() > WARN;
});
part("go-on").addEventListener("click", async () => {
  const answer = await look(true);
  const words = answer === null ? "You are not signed in yet." : "There is no connection. Try again.";
  dialog.querySelector("[role=status]").textContent = answer ? "" : words;
});
dialog.addEventListener("cancel", (event) => {
  event.preventDefault();
  if (!dialog.classList.contains("ended")) look(true);
});
document.addEventListener("visibilitychange", () => { if (!document.hidden) tick(); });
setInterval(tick, LOOK);
