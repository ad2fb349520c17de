// Lets the pages open without a network. It keeps the styles, the scripts and one page for taking
// photos and answering; never a photo, a chart or a name.
const CACHE = "afterglow";
const ASSETS = ["afterglow.css", "afterglow.js", "camera.css", "camera.js", "card_finder.js", "face_finder.js", "framing.js", "icon.svg", "parts.js", "queue.js", "sending.js"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE)
    .then((cache) => cache.addAll([...ASSETS.map((name) => `/static/${name}`), "/framing-cascade.json"]))
    .then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  if (request.mode === "navigate") event.respondWith(opened(request));
  else if (isAsset(new URL(request.url))) event.respondWith(freshOrKept(request));
});

const isAsset = (url) => url.origin === location.origin
  && (url.pathname.startsWith("/static/") || url.pathname === "/framing-cascade.json");

/** The page itself, or without a network the page for that. */
async function opened(request) {
  try {
    return await fetch(request);
  } catch (error) {
    const offline = await (await caches.open(CACHE)).match("/offline");
    if (offline) return offline;
    throw error;
  }
}

/** The newest version there is; what has been seen once opens without a network. */
async function freshOrKept(request) {
  const cache = await caches.open(CACHE);
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put(request, answer.clone());
    return answer;
  } catch (error) {
    const known = await cache.match(request);
    if (known) return known;
    throw error;
  }
}
