// Asks the browser for a passkey and sends what it answers. Without script a code does the same.
const form = document.querySelector("form[data-passkey]");

async function asked(options) {
  if (options.user) {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    return navigator.credentials.create({ publicKey });
  }
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return navigator.credentials.get({ publicKey });
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const answer = await asked(JSON.parse(form.dataset.passkey));
    form.elements.credential.value = JSON.stringify(answer.toJSON());
    form.submit();
  } catch {
    document.getElementById("trouble").hidden = false;
  }
});
