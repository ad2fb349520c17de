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
    if (event.defaultPrevented || event.isComposing || event.repeat && event.key === "a") return;
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const action = actions[event.key];
    if (!action || !areOn() || document.querySelector("dialog[open]")) return;
    if (action() !== false) event.preventDefault();
  });
};

// Links that name a key: `<a data-key="n">`.
const links = [...document.querySelectorAll("a[data-key]")];
listen(Object.fromEntries(links.map((link) => [link.dataset.key, () => link.click()])));
for (const link of links) link.setAttribute("aria-keyshortcuts", link.dataset.key);
