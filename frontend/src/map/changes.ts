/**
 * Asks the server again and again which of the layers on the map were changed by others, and where. Often while
 * somebody is at the map, seldom while it only lies open, and not at all while its page is hidden.
 */
import { requestJson } from "../api/http";
import type { Bounds } from "./mvt/place";

const ADDRESS = "/tiles/changes";
/** The server is asked about so many layers at most. */
const MOST_LAYERS = 50;
const IN_USE_MS = 800;
const IDLE_MS = 5_000;
/** Nobody has touched the page for so long: it lies idle. */
const IDLE_AFTER_MS = 60_000;
const LONGEST_PAUSE_MS = 60_000;
const TOUCHES = ["pointerdown", "pointermove", "keydown", "wheel", "focus"] as const;

export interface WatchedLayer {
  readonly name: string;
  readonly version: string | number;
}

/** `boxes` in degrees; null = it may be anywhere in the layer. */
export interface ChangedLayer {
  readonly revision: number;
  readonly boxes: readonly Bounds[] | null;
}

interface Answer {
  readonly layers: Readonly<Record<string, ChangedLayer>>;
}

/** `layers` are those on the map now, with the versions that they came with. Returns the function that ends it. */
export function watchChanges(
  layers: () => readonly WatchedLayer[],
  tell: (name: string, changed: ChangedLayer) => void,
  ask: (url: string, signal: AbortSignal) => Promise<Answer> = (url, signal) => requestJson(url, { signal }),
): () => void {
  const seen = new Map<string, number>();
  const abort = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let touchedAt = Date.now();
  let failures = 0;
  let asking = false;

  const since = ({ name, version }: WatchedLayer) => seen.get(name) ?? Number(version);

  const look = async () => {
    clearTimeout(timer);
    const watched = layers().slice(0, MOST_LAYERS);
    if (asking || document.hidden || abort.signal.aborted) return;
    asking = true;
    try {
      const query = `layers=${watched.map(({ name }) => name).join(",")}&since=${watched.map(since).join(",")}`;
      const { layers: changed } =
        watched.length > 0 ? await ask(`${ADDRESS}?${query}`, abort.signal) : { layers: {} };
      failures = 0;
      for (const [name, change] of Object.entries(changed)) {
        seen.set(name, change.revision);
        tell(name, change);
      }
    } catch {
      failures++;
    }
    asking = false;
    if (!abort.signal.aborted) timer = setTimeout(look, pause());
  };
  const pause = () => {
    const usual = Date.now() - touchedAt < IDLE_AFTER_MS ? IN_USE_MS : IDLE_MS;
    return Math.min(LONGEST_PAUSE_MS, usual * 2 ** failures);
  };
  const touched = () => {
    const wasIdle = Date.now() - touchedAt >= IDLE_AFTER_MS;
    touchedAt = Date.now();
    if (wasIdle && failures === 0) void look();
  };

  const { signal } = abort;
  for (const event of TOUCHES) addEventListener(event, touched, { signal, passive: true });
  document.addEventListener("visibilitychange", () => void look(), { signal });
  timer = setTimeout(look, IN_USE_MS);
  return () => {
    abort.abort();
    clearTimeout(timer);
  };
}
