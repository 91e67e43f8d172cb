/**
 * `<import-upload>`: the form that takes files, with dropping, progress, and sending in pieces that survive a lost
 * connection. Without this script the same form sends the files at once.
 */
import { button, el } from "../ui/dom";
import { type Chosen, isRaster, joined, megabytes, percent, refusal } from "./files";
import { csrfToken, pageI18n, reason, send } from "./page";
import { Upload } from "./tus";
import { type Words, wordsOf } from "./words";

interface Started {
  readonly url: string;
}

interface Line {
  readonly bar: HTMLProgressElement;
  readonly text: HTMLElement;
  readonly remove: HTMLButtonElement;
}

export class ImportUpload extends HTMLElement {
  private readonly i18n = pageI18n();
  private readonly words: Words = wordsOf(this.i18n);
  private files: readonly File[] = [];
  private readonly lines = new Map<string, Line>();
  private stop: AbortController | null = null;
  private uploads: Upload[] = [];
  private readonly said = el("p", { role: "status", class: "upload-said" });
  /** What is read aloud of the progress that the bars show. */
  private readonly heard = el("p", { role: "status", class: "visually-hidden" });

  private get form(): HTMLFormElement {
    return this.querySelector("form")!;
  }

  private get input(): HTMLInputElement {
    return this.querySelector<HTMLInputElement>('input[type="file"]')!;
  }

  private get list(): HTMLElement {
    return this.querySelector<HTMLElement>("[data-files]")!;
  }

  connectedCallback(): void {
    for (const part of this.querySelectorAll<HTMLElement>("[data-scripted]")) part.hidden = false;
    this.list.after(this.said, this.heard);
    this.input.addEventListener("change", () => this.take([...(this.input.files ?? [])]));
    this.form.addEventListener("submit", (event) => this.submitted(event));
    this.catchDrops(this.querySelector<HTMLElement>("[data-drop]")!);
  }

  private catchDrops(zone: HTMLElement): void {
    const over = (event: DragEvent, inside: boolean) => {
      event.preventDefault();
      zone.toggleAttribute("data-over", inside);
    };
    // Anywhere on the page: a file dropped beside the zone would leave the page.
    document.addEventListener("dragover", (event) => over(event, true));
    document.addEventListener("dragleave", (event) => over(event, event.relatedTarget !== null));
    document.addEventListener("drop", (event) => {
      over(event, false);
      this.take([...(event.dataTransfer?.files ?? [])]);
    });
  }

  private take(given: readonly File[]): void {
    if (this.stop || given.length === 0) return;
    const refused = given.flatMap((file) => {
      const limit = this.limitOf(file);
      const why = refusal(file, limit);
      return why ? [this.words(`file.${why}`, { name: file.name, limit })] : [];
    });
    this.files = joined(
      this.files,
      given.filter((file) => refusal(file, this.limitOf(file)) === null),
    );
    this.said.textContent = refused.join(" ");
    this.said.toggleAttribute("data-bad", refused.length > 0);
    this.show();
  }

  private limitOf({ name }: Chosen): number {
    const { maxMb, maxRasterMb } = this.dataset;
    return Number((isRaster(name) && maxRasterMb) || maxMb);
  }

  private show(): void {
    this.lines.clear();
    const items = this.files.map((file) => this.line(file));
    this.list.replaceChildren(el("ul", { class: "upload-files" }, ...items));
    this.list.hidden = items.length === 0;
    this.input.required = items.length === 0;
  }

  private line(file: File): HTMLElement {
    const size = this.words("file.size", { size: megabytes(file.size) });
    const bar = el("progress", { max: file.size, value: 0, "aria-label": file.name, hidden: true });
    const text = el("span", { class: "soft small" }, size);
    const remove = button(
      this.words("file.remove", { name: file.name }),
      { class: "button button--quiet upload-remove" },
      () => this.drop(file),
      el("span", { "aria-hidden": "true" }, "✕"),
    );
    remove.setAttribute("aria-label", this.words("file.remove", { name: file.name }));
    this.lines.set(file.name, { bar, text, remove });
    return el("li", {}, el("span", { class: "upload-name" }, file.name), text, remove, bar);
  }

  private drop(file: Chosen): void {
    this.files = this.files.filter((other) => other !== file);
    this.input.value = "";
    this.show();
    this.input.focus();
  }

  private submitted(event: SubmitEvent): void {
    if (this.files.length === 0) return; // the browser says that a file is needed
    event.preventDefault();
    if (!this.stop) void this.send();
  }

  private async send(): Promise<void> {
    this.stop = new AbortController();
    const cancel = this.busy(this.stop);
    try {
      const ids: string[] = [];
      for (const file of this.files) ids.push(await this.sendOne(file, this.stop.signal));
      this.say(this.words("upload.starting"));
      const layer = this.querySelector<HTMLInputElement>('input[name="layer"]')?.value;
      // The page's own door, not the API's: it also finds out whether this is a raster.
      const body = new URLSearchParams(ids.map((id) => ["upload", id]));
      if (layer) body.set("layer", layer);
      const started = await send<Started>(`/${this.dataset.community}/import/start/`, "POST", body);
      for (const upload of this.uploads) upload.forget();
      location.assign(started.url);
    } catch (error) {
      const cancelled = this.stop.signal.aborted;
      if (cancelled) await Promise.all(this.uploads.map((upload) => upload.discard()));
      this.ready(cancel);
      if (cancelled) this.show();
      else this.say(this.failure(error), true);
    }
  }

  private failure(error: unknown): string {
    const why = this.words("upload.failed", { why: reason(error, this.words) });
    return `${why} ${this.words("upload.again")}`;
  }

  private async sendOne(file: File, signal: AbortSignal): Promise<string> {
    const { bar, text } = this.lines.get(file.name)!;
    const waits = this.words("file.waiting", { name: file.name });
    let told = 0;
    this.say(this.words("file.sending", { name: file.name }));
    const upload = new Upload(file, {
      endpoint: "/api/uploads",
      community: this.dataset.community ?? "",
      csrfToken: csrfToken(),
      signal,
      memory: localStorage,
      onProgress: (sent) => {
        bar.hidden = false;
        bar.value = sent;
        const share = percent(sent, file.size);
        text.textContent = this.i18n.number(share / 100, { style: "percent", maximumFractionDigits: 0 });
        if (this.said.textContent === waits) this.say(this.words("file.sending", { name: file.name }));
        // Read aloud at each quarter, not at each piece.
        if (Math.floor(share / 25) === told) return;
        told = Math.floor(share / 25);
        this.heard.textContent = this.words("file.sent", { name: file.name, percent: share });
      },
      onWaiting: (waiting) => {
        if (waiting) this.say(waits);
      },
    });
    this.uploads = [...this.uploads.filter((other) => other.file !== file), upload];
    return upload.send();
  }

  /** While files are on their way nothing else can be done than cancelling. */
  private busy(stop: AbortController): HTMLButtonElement {
    const submit = this.form.querySelector<HTMLButtonElement>(".button--primary")!;
    submit.hidden = true;
    for (const { remove } of this.lines.values()) remove.hidden = true;
    const cancel = button(this.words("upload.cancel"), { class: "button" }, () => stop.abort());
    cancel.textContent = this.words("upload.cancel");
    cancel.removeAttribute("title");
    submit.after(cancel);
    cancel.focus();
    return cancel;
  }

  private ready(cancel: HTMLButtonElement): void {
    this.stop = null;
    cancel.remove();
    for (const { remove } of this.lines.values()) remove.hidden = false;
    const submit = this.form.querySelector<HTMLButtonElement>(".button--primary")!;
    submit.hidden = false;
    submit.focus();
    this.say("");
  }

  private say(text: string, bad = false): void {
    this.said.textContent = text;
    this.said.toggleAttribute("data-bad", bad);
  }
}
