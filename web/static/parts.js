// How bytes go out. A large photo goes in parts, so that a connection that breaks costs one part.

const PATIENCE_MS = 120_000; // without a single byte going out
const WORTH_PARTS = 1024 * 1024; // smaller photos go out at once
const PART = 512 * 1024;
const MOST_DOUBTS = 3; // how often the clinic may correct where the next part begins

/**
 * Send the parts of a photo that the clinic does not have yet, for the treatment to which its role
 * belongs. {name} when all are there; {url} if the photo itself is there; {broken} by the network;
 * {request} if there is no room at the moment; {} if it must go out at once.
 */
export async function sendParts(photo, role, token, onProgress) {
  if (photo.size < WORTH_PARTS) return {};
  const name = `${photo.size}-${hex(await digest(photo))}`;
  const path = `/photo/parts/${name}?${new URLSearchParams({ role })}`;
  const known = await asked("HEAD", path);
  if (!known) return { broken: true };
  const url = known.getResponseHeader("Content-Location");
  if (url) return { url };
  let offset = offsetIn(known);
  for (let doubts = 0; offset !== null && doubts <= MOST_DOUBTS;) {
    if (offset === photo.size) return { name };
    const part = photo.slice(offset, offset + PART);
    const begun = offset;
    const answer = await asked("PATCH", path, part, {
      headers: {
        "X-CSRFToken": token,
        "Content-Type": "application/offset+octet-stream",
        "Upload-Offset": String(offset),
        "Upload-Checksum": `sha256 ${btoa(String.fromCharCode(...await digest(part)))}`,
      },
      onProgress: (share) => onProgress((begun + share * part.size) / photo.size),
    });
    if (!answer) return { broken: true };
    if (answer.status === 503) return { request: answer };
    offset = offsetIn(answer);
    if (answer.status !== 204) doubts += 1;
  }
  return {};
}

/** XMLHttpRequest, because fetch does not tell how much has gone out. Null when it broke off. */
export function asked(method, path, body = null, { headers = {}, onProgress = () => {} } = {}) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    let last = performance.now();
    const watch = setInterval(() => { if (performance.now() - last > PATIENCE_MS) request.abort(); }, 1000);
    request.upload.onprogress = (event) => {
      last = performance.now();
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    };
    request.onloadend = () => {
      clearInterval(watch);
      resolve(request.status ? request : null);
    };
    request.open(method, path);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.send(body);
  });
}

/** Null if the answer is about something else: then the photo goes out at once. */
function offsetIn(answer) {
  const offset = answer.getResponseHeader("Upload-Offset");
  return offset === null ? null : Number(offset);
}

async function digest(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", await bytes.arrayBuffer()));
}

const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
