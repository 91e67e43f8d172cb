/**
 * `<style-preview>`: the layer on a map as the form draws it now. After each change the form is sent to the server,
 * which answers with the legend, the warnings and the layer compiled; nothing is saved. Without it the form works too.
 */
import { pageI18n } from "../importing/page";
import type { SmallMapConfig } from "../importing/small-map";
import { wordsOf } from "../importing/words";
import type { TileSource } from "../map/port";
import type { Sketch } from "../map/sketch";
import { el } from "../ui/dom";

interface Seen {
  readonly html: string;
  readonly source: TileSource | null;
}
type Config = SmallMapConfig & { readonly source: TileSource | null };

const WAIT_MS = 350;

export class StylePreview extends HTMLElement {
  private readonly words = wordsOf(pageI18n());
  private sketch: Sketch | null = null;
  private beneath: readonly TileSource[] = [];
  private timer = 0;
  private asked: AbortController | null = null;

  connectedCallback(): void {
    const form = this.closest("form")!;
    const later = (event: Event) => {
      // How it is drawn is chosen first; its classes are made by a button.
      if (
        ["renderer", "field", "method", "count", "palette", "preset"].includes(
          (event.target as HTMLInputElement).name,
        )
      )
        return;
      clearTimeout(this.timer);
      this.timer = window.setTimeout(() => void this.ask(form), WAIT_MS);
    };
    form.addEventListener("input", later);
    form.addEventListener("change", later);
    this.hidden = false;
    void this.start();
  }

  disconnectedCallback(): void {
    clearTimeout(this.timer);
    this.asked?.abort();
    this.sketch?.destroy();
  }

  private async start(): Promise<void> {
    const config = JSON.parse(document.getElementById("style-map-config")!.textContent!) as Config;
    try {
      const { smallMap, sourcesOf } = await import("../importing/small-map");
      this.sketch = smallMap(this, config, this.dataset.label ?? "", this.words);
      this.beneath = sourcesOf(config.layers);
      this.show(config.source);
      this.sketch.fit(config.bounds);
    } catch (error) {
      console.error(error);
      this.replaceChildren(el("p", { class: "notice", role: "status" }, this.words("map.failed")));
    }
  }

  private show(source: TileSource | null): void {
    this.sketch?.map.setLayers(source ? [...this.beneath, source] : this.beneath);
  }

  private async ask(form: HTMLFormElement): Promise<void> {
    this.asked?.abort();
    const asked = new AbortController();
    this.asked = asked;
    const body = new FormData(form);
    body.set("do", "preview");
    try {
      const answer = await fetch(location.pathname, { method: "POST", body, signal: asked.signal });
      if (!answer.ok) throw new Error(`${answer.status}`);
      const seen = (await answer.json()) as Seen;
      // Made by our own template, which escapes what people typed.
      document
        .getElementById("style-seen")!
        .replaceChildren(...new DOMParser().parseFromString(seen.html, "text/html").body.childNodes);
      if (seen.source) this.show(seen.source);
    } catch (error) {
      if (!asked.signal.aborted) console.error(error);
    }
  }
}
