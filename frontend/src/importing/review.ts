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
  /** One after the other, so that the last answer counts all of them. */
  private queue: Promise<void> = Promise.resolve();
  private pending = 0;
  /** How many the server would apply; null while the page's own number stands. */
  private accepted: number | null = null;
  private nothing = false;

  connectedCallback(): void {
    for (const part of this.querySelectorAll<HTMLElement>("[data-unscripted]")) part.hidden = true;
    this.nothing = document.querySelector<HTMLButtonElement>("[data-apply]")?.disabled ?? false;
    this.append(this.said);
    this.addEventListener("change", (event) => {
      const box = event.target;
      if (box instanceof HTMLInputElement && box.name === "row") this.take(box);
    });
  }

  private take(box: HTMLInputElement): void {
    box.disabled = true;
    this.pending += 1;
    this.offer();
    this.queue = this.queue.then(() => this.keep(box));
  }

  private async keep(box: HTMLInputElement): Promise<void> {
    try {
      const body = { rows: [Number(box.value)], accepted: box.checked };
      const { counts } = await send<Reviewed>(this.dataset.address ?? "", "PATCH", body);
      this.accepted = counts.accepted;
      this.said.textContent = "";
    } catch (error) {
      box.checked = !box.checked;
      this.said.textContent = this.words("review.failed", { why: reason(error, this.words) });
    }
    this.pending -= 1;
    this.offer();
    box.disabled = false;
    // A disabled box lost the focus; whoever has moved on meanwhile is not called back.
    if (document.activeElement === null || document.activeElement === document.body) box.focus();
  }

  /** Nothing is applied while a choice is on its way: the server would apply a row that was just refused. */
  private offer(): void {
    const apply = document.querySelector<HTMLButtonElement>("[data-apply]");
    if (!apply) return;
    if (this.pending === 0 && this.accepted !== null) {
      apply.textContent = this.words("review.apply", { n: this.accepted });
      this.nothing = this.accepted === 0;
    }
    apply.disabled = this.pending > 0 || this.nothing;
  }
}
