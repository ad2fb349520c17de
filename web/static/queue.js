// What could not be sent yet, kept on the phone: encrypted, with the time it was made, until the
// clinic's computer has it. The key cannot be read out of the browser, only used within it.

const NAME = "afterglow";
const [ITEMS, KEYS] = ["items", "keys"];

/**
 * Keep a form's fields and perhaps a photo for a person; resolves to the item without its content.
 * A draft waits until its person sends it.
 */
export async function keep({ key, person, path, fields, photo, madeAt, isDraft = false }) {
  const content = await packed(fields, photo);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await ownKey(), content);
  const item = { key, person, path, madeAt, iv, sealed, hasPhoto: Boolean(photo), refused: "", isDraft };
  await within(ITEMS, "readwrite", (store) => store.put(item));
  return item;
}

/** Everything kept for a person that is to be sent, oldest first; the contents stay sealed. */
export async function kept(person) {
  return (await ofPerson(person)).filter((item) => !item.isDraft);
}

/** The drafts of a person, oldest first, sealed too. */
export async function drafts(person) {
  return (await ofPerson(person)).filter((item) => item.isDraft);
}

async function ofPerson(person) {
  const all = await within(ITEMS, "readonly", (store) => store.getAll());
  return all.filter((item) => item.person === person).sort((a, b) => a.madeAt.localeCompare(b.madeAt));
}

/** The content of an item: its fields as pairs, and its photo or null. */
export async function opened(item) {
  const content = await crypto.subtle.decrypt({ name: "AES-GCM", iv: item.iv }, await ownKey(), item.sealed);
  const length = new DataView(content).getUint32(0);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(content, 4, length)));
  const photo = head.photo && new File([new Uint8Array(content, 4 + length)], head.photo.name, { type: head.photo.type });
  return { fields: head.fields, photo };
}

/** Remember why an item was refused; it stays until the person has seen it. */
export function markRefused(item, words) {
  return within(ITEMS, "readwrite", (store) => store.put({ ...item, refused: words }));
}

/** Delete an item that has arrived, or that the person discarded. */
export function forget(item) {
  return within(ITEMS, "readwrite", (store) => store.delete(item.key));
}

async function packed(fields, photo) {
  const about = photo && { name: photo.name, type: photo.type };
  const head = new TextEncoder().encode(JSON.stringify({ fields, photo: about }));
  const body = photo ? new Uint8Array(await photo.arrayBuffer()) : new Uint8Array(0);
  const content = new Uint8Array(4 + head.length + body.length);
  new DataView(content.buffer).setUint32(0, head.length);
  content.set(head, 4);
  content.set(body, 4 + head.length);
  return content;
}

/** This browser's key, made at first use. Two pages that make one at once agree on the first. */
async function ownKey() {
  const known = await within(KEYS, "readonly", (store) => store.get("seal"));
  if (known) return known;
  const made = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  await within(KEYS, "readwrite", (store) => store.add(made, "seal")).catch((error) => {
    if (error.name !== "ConstraintError") throw error; // the other page's key is the one to use
  });
  return within(KEYS, "readonly", (store) => store.get("seal"));
}

/** Run one request on a store and wait until it is written to the disk. */
async function within(store, mode, ask) {
  const db = await openDatabase();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = db.transaction(store, mode, { durability: "strict" });
      const request = ask(transaction.objectStore(store));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error || request.error);
    });
  } finally {
    db.close();
  }
}

function openDatabase() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(ITEMS, { keyPath: "key" });
      request.result.createObjectStore(KEYS);
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
