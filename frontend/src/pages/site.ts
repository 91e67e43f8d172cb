/** What every page gets beyond HTML: switching the language keeps the place on the map. */
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !("keepHash" in form.dataset)) return;
  // A redirect without a fragment of its own keeps the fragment of the address it came from.
  form.action = form.action.replace(/#.*$/, "") + location.hash;
});
