// The meter below a new passphrase. Without it the form judges the passphrase when it is sent.

const REST = 400; // ms without a key before the server is asked

for (const meter of document.querySelectorAll("[data-strength]")) {
  const field = document.getElementById("passphrase");
  const bar = meter.querySelector("meter");
  const words = meter.querySelector("[role=status]");
  let timer;
  let latest = 0;
  field.addEventListener("input", () => {
    clearTimeout(timer);
    latest += 1;
    meter.hidden = true;
    if (field.value) timer = setTimeout(judge, REST, latest);
  });

  async function judge(asked) {
    const form = new FormData();
    form.set("passphrase", field.value);
    for (const name of ["email", "name"]) form.set(name, field.form.elements[name]?.value ?? "");
    let told;
    try {
      const answer = await fetch(meter.dataset.strength, {
        method: "POST",
        body: form,
        headers: { "X-CSRFToken": field.form.elements.csrf_token.value },
      });
      told = answer.ok && !answer.redirected ? await answer.json() : null;
    } catch {
      told = null; // without a network the form will say
    }
    if (asked !== latest || !told) return;
    bar.value = told.value;
    meter.hidden = false;
    words.textContent = told.words;
  }
}
