/** The import form shows only the questions of the chosen target; without this script it shows both. */
const form = document.querySelector<HTMLFormElement>("[data-import-form]");

function showTarget(): void {
  const chosen = form?.querySelector<HTMLInputElement>('input[name="target"]:checked')?.value ?? "new";
  for (const part of form?.querySelectorAll<HTMLFieldSetElement>("[data-for-target]") ?? []) {
    part.hidden = part.dataset.forTarget !== chosen;
    part.disabled = part.hidden;
  }
}

for (const name of ["title_uk", "layer"]) {
  const needed = form?.elements.namedItem(name);
  if (needed instanceof HTMLInputElement || needed instanceof HTMLSelectElement) needed.required = true;
}
form?.addEventListener("change", showTarget);
showTarget();
