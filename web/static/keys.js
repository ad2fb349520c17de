// Single keys, for people who work at the clinic. They can be switched off, and do nothing while
// the person types, holds another key or has a dialog open (WCAG 2.1.4).
const SETTING = "single-keys";

export const areOn = () => localStorage.getItem(SETTING) !== "off";
export const turn = (on) => localStorage.setItem(SETTING, on ? "on" : "off");

const isTyping = (target) =>
  target instanceof Element && target.closest("input, textarea, select, [contenteditable]") !== null;

// Calls the action under the key that was pressed; an action returns false when it did nothing.
export const listen = (actions) => {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.repeat && !"jk".includes(event.key)) return;
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const action = actions[event.key];
    if (!action || !areOn() || document.querySelector("dialog[open]")) return;
    if (action() !== false) event.preventDefault();
  });
};

// What names a key is pressed by it: `<a data-key="n">`. What unfolds takes the focus, and so does
// a button that sends: Enter follows, so that a key pressed twice changes nothing on the next page.
const press = (named) => {
  if (named.matches("button[type=submit]")) return named.focus();
  named.click();
  const folded = named.closest("details");
  if (folded?.open) folded.querySelector("input[type=radio]:checked, input:not([type=hidden], [type=radio]), textarea")?.focus();
};
const keyed = [...document.querySelectorAll("[data-key]")];
listen(Object.fromEntries(keyed.map((named) => [named.dataset.key, () => press(named)])));
for (const named of keyed) named.setAttribute("aria-keyshortcuts", named.dataset.key);

// Escape folds it again, so that keys are keys and not letters.
document.addEventListener("keydown", (event) => {
  const folded = event.key === "Escape" && document.activeElement?.closest?.(".round details[open]");
  if (!folded) return;
  folded.open = false;
  folded.querySelector("summary").focus();
});
