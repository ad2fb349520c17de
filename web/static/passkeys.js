// Passkeys: made on their own page, used at sign-in. Without them the passphrase works.

const known = window.PublicKeyCredential?.parseCreationOptionsFromJSON
  && !/^[\d.]+$|:/.test(location.hostname); // a key is bound to a name, never to an address

const making = document.querySelector("[data-make-passkey]");
const entering = document.querySelector("[data-use-passkey]");
if (known && making) {
  for (const note of document.querySelectorAll("[data-no-passkeys]")) note.hidden = true;
  for (const section of document.querySelectorAll("[data-make-section]")) section.hidden = false;
  offer(making, making.dataset.makePasskey, (options) => navigator.credentials.create({
    publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options),
  }));
}
if (known && entering) {
  offer(entering, entering.dataset.usePasskey, (options) => navigator.credentials.get({
    publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options),
  }));
}

/** Show the form; when it is sent, ask the device first and send its answer along. */
function offer(form, path, ask) {
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    if (form.elements.answer.value) return;
    event.preventDefault();
    const note = form.querySelector("[role=status]");
    try {
      const options = await fetch(path, {
        method: "POST",
        headers: { "X-CSRFToken": form.elements.csrf_token.value },
      });
      if (options.redirected) return location.assign(options.url); // confirm your identity again
      if (!options.ok) throw new Error(`the answer was ${options.status}`);
      form.elements.answer.value = JSON.stringify((await ask(await options.json())).toJSON());
    } catch (error) {
      note.textContent = error.name === "NotAllowedError"
        ? "It was cancelled or took too long. Try once more, or use your passphrase."
        : `That did not work (${error.message}). Use your passphrase.`;
      return;
    }
    form.requestSubmit();
  });
}
