/* Wires a form to the passkey functions of django-allauth, which expect ids and are told nothing inline. */
document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("form[data-passkey]");
  if (!form || !window.allauth) return;
  const { passkey, passkeyCredential, passkeyData, passkeyButton } = form.dataset;
  window.allauth.webauthn.forms[`${passkey}Form`]({
    ids: { [passkey]: passkeyButton, credential: passkeyCredential, data: passkeyData },
  });
  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    form.querySelector("[data-passkey-failed]").hidden = false;
  });
});
