// The account is closed: delete what this phone still kept of it, and nothing of other accounts.
import { forget, kept } from "./queue.js";

const { closed } = document.querySelector("[data-closed]").dataset;
if (window.indexedDB) await Promise.all((await kept(closed)).map(forget));
if (window.caches) await (await caches.open("afterglow")).delete("/offline");
