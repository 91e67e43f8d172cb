/**
 * `<import-review>`: a row is taken or left as soon as its box is ticked, and the button says how many are applied.
 * Without this script the choice of a page is kept with a button.
 */
import { el } from "../ui/dom";
import { pageWords, reason, send } from "./page";

interface Reviewed {
  readonly counts: { readonly accepted: number };
}

export class ImportReview extends HTMLElement {
  private readonly words = pageWords();
  private readonly said = el("p", { role: "status", class: "upload-said" });

  connectedCallback(): void {
    for (const part of this.querySelectorAll<HTMLElement>("[data-unscripted]")) part.hidden = true;
    this.append(this.said);
    this.addEventListener("change", (event) => {
      const box = event.target;
      if (box instanceof HTMLInputElement && box.name === "row") void this.keep(box);
    });
  }

  private async keep(box: HTMLInputElement): Promise<void> {
    box.disabled = true;
    try {
      const body = { rows: [Number(box.value)], accepted: box.checked };
      const { counts } = await send<Reviewed>(this.dataset.address ?? "", "PATCH", body);
      this.count(counts.accepted);
      this.said.textContent = "";
    } catch (error) {
      box.checked = !box.checked;
      this.said.textContent = this.words("review.failed", { why: reason(error, this.words) });
    }
    box.disabled = false;
    box.focus();
  }

  private count(n: number): void {
    const apply = document.querySelector<HTMLButtonElement>("[data-apply]");
    if (!apply) return;
    apply.textContent = this.words("review.apply", { n });
    apply.disabled = n === 0;
  }
}
