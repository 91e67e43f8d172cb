/**
 * `<import-progress>`: follows a step that is being worked on, and opens the page anew when it has ended. Without this
 * script the page refreshes itself.
 */
interface State {
  readonly status: string;
  readonly working: boolean;
  readonly progress: { readonly fraction: number; readonly message: string } | null;
}

const EVERY_MS = 700;
const SLOWEST_MS = 10_000;

/** Soon at first, later less often, quite seldom while the server does not answer. */
export function nextWait(before: number, answered: boolean): number {
  return answered ? Math.min(before * 1.15, 3000) : Math.min(before * 2, SLOWEST_MS);
}

export class ImportProgress extends HTMLElement {
  private timer = 0;

  connectedCallback(): void {
    this.later(EVERY_MS);
  }

  disconnectedCallback(): void {
    clearTimeout(this.timer);
  }

  private later(wait: number): void {
    this.timer = window.setTimeout(() => void this.look(wait), wait);
  }

  private async look(wait: number): Promise<void> {
    const state = document.hidden ? null : await this.ask();
    if (state && (!state.working || state.status !== this.dataset.status)) location.reload();
    else {
      if (state) this.show(state);
      this.later(nextWait(wait, state !== null || document.hidden));
    }
  }

  /** The browser keeps the last answer and asks with its ETag: as long as nothing changes, nothing is sent. */
  private async ask(): Promise<State | null> {
    try {
      const answer = await fetch(this.dataset.state ?? "", { cache: "no-cache" });
      return answer.ok ? ((await answer.json()) as State) : null;
    } catch {
      return null;
    }
  }

  private show({ progress }: State): void {
    if (!progress) return;
    const bar = this.querySelector("progress");
    if (bar) bar.value = progress.fraction;
    this.write("percent", `${Math.round(progress.fraction * 100)} %`);
    this.write("message", progress.message);
  }

  private write(part: string, text: string): void {
    const element = this.querySelector(`[data-part="${part}"]`);
    // A live region is read aloud when it is written to: only write what is new.
    if (element && element.textContent !== text) element.textContent = text;
  }
}
