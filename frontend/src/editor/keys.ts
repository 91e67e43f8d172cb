/** The editor's keys. They work wherever the focus is on the page, but never take a key from a text being typed. */

export interface KeyTargets {
  /** The map's own element, which takes the focus for drawing without a pointer. */
  readonly surface: HTMLElement;
  readonly isDrawing: () => boolean;
  /** Is the focus on a vertex or on the selected point? */
  readonly onHandle: (element: EventTarget | null) => boolean;
  readonly undo: () => void;
  readonly redo: () => void;
  readonly save: () => void;
  readonly finish: () => void;
  readonly cancel: () => void;
  readonly removeLast: () => void;
  readonly placeAtCentre: () => void;
  readonly selectAtCentre: () => void;
  readonly removeVertex: (element: EventTarget | null) => void;
  readonly removeFeature: () => void;
  readonly nudge: (element: EventTarget | null, dx: number, dy: number) => void;
}

type Command = (() => void) | null;
const ARROWS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Starts to listen; returns the way out. */
export function listenToKeys(page: Document, targets: KeyTargets): () => void {
  const listener = (event: KeyboardEvent) => {
    const command = commandOf(event, targets);
    if (!command) return;
    event.preventDefault();
    event.stopPropagation();
    command();
  };
  // Before Leaflet, which would move the map under a vertex that is nudged.
  page.addEventListener("keydown", listener, { capture: true });
  return () => page.removeEventListener("keydown", listener, { capture: true });
}

export function commandOf(event: KeyboardEvent, targets: KeyTargets): Command {
  if (event.altKey || event.isComposing) return null;
  const letters = event.ctrlKey || event.metaKey;
  if (letters) return shortcut(event, targets);
  const onHandle = targets.onHandle(event.target);
  const arrow = ARROWS[event.key];
  if (arrow && onHandle) {
    const step = event.shiftKey ? 10 : 1;
    return () => targets.nudge(event.target, arrow[0] * step, arrow[1] * step);
  }
  const free = onHandle || !isControl(event.target);
  if (targets.isDrawing()) return whileDrawing(event, targets, free);
  if (event.key === "Escape" && free) return targets.cancel;
  if (event.key === "Delete" && onHandle) return () => targets.removeVertex(event.target);
  if (event.key === "Delete" && free) return targets.removeFeature;
  if (event.key === "Enter" && event.target === targets.surface) return targets.selectAtCentre;
  return null;
}

function shortcut(event: KeyboardEvent, targets: KeyTargets): Command {
  const key = event.code === "KeyZ" || event.code === "KeyY" || event.code === "KeyS" ? event.code : "";
  if (key === "KeyS" && !event.shiftKey) return targets.save;
  if (isTyping(event.target)) return null;
  if (key === "KeyZ" && !event.shiftKey) return targets.isDrawing() ? targets.removeLast : targets.undo;
  if (key === "KeyY" || key === "KeyZ") return targets.redo;
  return null;
}

function whileDrawing(event: KeyboardEvent, targets: KeyTargets, free: boolean): Command {
  if (event.key === "Escape") return targets.cancel;
  if (isTyping(event.target) || !free) return null;
  if (event.key === "Enter") return targets.finish;
  if (event.key === "Backspace" || event.key === "Delete") return targets.removeLast;
  return event.key === " " ? targets.placeAtCentre : null;
}

function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLTextAreaElement) return true;
  return (
    target instanceof HTMLInputElement && !["checkbox", "radio", "range", "button"].includes(target.type)
  );
}

/** Something that has its own use for keys. */
function isControl(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("button, a, input, select, textarea, summary") !== null;
}
