/**
 * The page of a running job follows it: progress and message while it runs, the whole page anew when it ends.
 * Without this script the page has a link to refresh it.
 */
interface JobState {
  readonly state: string;
  readonly state_text: string;
  readonly progress: number;
  readonly message: { readonly text: string } | null;
}

const EVERY_MS = 1000;
const SLOWEST_MS = 15_000;

function part(root: HTMLElement, name: string): HTMLElement | null {
  return root.querySelector(`[data-job-part="${name}"]`);
}

function write(element: HTMLElement | null, text: string): void {
  // A live region is read aloud when it is written to: only write what is new.
  if (element !== null && element.textContent !== text) element.textContent = text;
}

function show(root: HTMLElement, job: JobState): void {
  write(part(root, "state"), job.state_text);
  write(part(root, "percent"), `${Math.round(job.progress * 100)} %`);
  if (job.message !== null) write(part(root, "message"), job.message.text);
  const bar = part(root, "progress");
  if (bar instanceof HTMLProgressElement) bar.value = job.progress;
}

async function ask(url: string): Promise<JobState | null> {
  try {
    const headers = { Accept: "application/json", "Accept-Language": document.documentElement.lang };
    const response = await fetch(url, { headers });
    return response.ok ? ((await response.json()) as JobState) : null;
  } catch {
    return null; // no network just now: asked again, more slowly
  }
}

async function follow(root: HTMLElement, url: string): Promise<void> {
  let wait = EVERY_MS;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, wait));
    if (document.hidden) continue;
    const job = await ask(url);
    if (job !== null && job.state !== "ready" && job.state !== "running") {
      location.reload();
      return;
    }
    wait = job === null ? Math.min(wait * 2, SLOWEST_MS) : EVERY_MS;
    if (job !== null) show(root, job);
  }
}

const root = document.querySelector<HTMLElement>("[data-job]");
if (root?.dataset.job) void follow(root, root.dataset.job);
