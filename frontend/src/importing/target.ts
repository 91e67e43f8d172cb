/**
 * `<import-target>`: shows only the questions of the chosen target, and those about personal data only where a column
 * is taken. Without this script all of them are shown.
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
      const why = row.querySelector<HTMLInputElement>('input[name$="-reason"]');
      if (why) why.required = keep.checked;
    }
  }
}
