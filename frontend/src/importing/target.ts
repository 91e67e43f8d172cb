/**
 * `<import-target>`: shows only the questions of the chosen target, and asks for a unit only where there are numbers, for
 * a reason only where personal data are taken. Without this script all of them are shown.
 */
export class ImportTarget extends HTMLElement {
  connectedCallback(): void {
    this.addEventListener("change", () => this.update());
    this.update();
  }

  private update(): void {
    const chosen = this.querySelector<HTMLInputElement>('input[name="target"]:checked')?.value ?? "new";
    for (const part of this.querySelectorAll<HTMLFieldSetElement>("[data-for-target]")) {
      part.hidden = part.dataset.forTarget !== chosen;
    }
    for (const row of this.querySelectorAll<HTMLTableRowElement>("tr")) {
      const keep = row.querySelector<HTMLInputElement>('input[name$="-keep"]');
      if (!keep) continue;
      row.toggleAttribute("data-left-out", !keep.checked);
      const type = row.querySelector<HTMLSelectElement>('select[name$="-type"]')?.value ?? "";
      const unit = row.querySelector<HTMLElement>('input[name$="-unit"]')?.closest<HTMLElement>("td");
      if (unit) unit.dataset.unit = type === "number" || type === "integer" ? "some" : "none";
      const why = row.querySelector<HTMLInputElement>('input[name$="-reason"]');
      if (why) why.required = keep.checked;
    }
  }
}
