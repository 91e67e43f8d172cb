/** A panel that is a column on wide screens and, on narrow ones, a sheet at the bottom with three heights. */
import type { I18n } from "../i18n";
import { el } from "./dom";

export const HEIGHTS = ["peek", "half", "full"] as const;
export type SheetHeight = (typeof HEIGHTS)[number];

/** Shorter than this a press on the handle is a press, not a drag. */
const DRAG_PX = 6;

export interface Sheet {
  readonly handle: HTMLButtonElement;
  setHeight(height: SheetHeight): void;
}

/** Gives `element` a handle; its height is in `data-height`. A drag below the lowest height calls `onDismiss`. */
export function makeSheet(element: HTMLElement, i18n: I18n, onDismiss: () => void): Sheet {
  const handle = el(
    "button",
    { type: "button", class: "hm-sheet__handle" },
    el("span", { class: "hm-sheet__grip" }),
  );
  const now = () => (element.dataset.height as SheetHeight | undefined) ?? "half";
  const setHeight = (height: SheetHeight) => {
    element.dataset.height = height;
    const text = i18n.t("sheet.handle", { height: i18n.t(`sheet.${height}`) });
    handle.setAttribute("aria-label", text);
    element.dispatchEvent(new CustomEvent("hm-sheet", { bubbles: true }));
  };
  const move = (steps: number) => {
    const index = HEIGHTS.indexOf(now()) + steps;
    setHeight(HEIGHTS[Math.max(0, Math.min(HEIGHTS.length - 1, index))]!);
  };

  let dragged = false;
  handle.addEventListener("click", () => {
    if (!dragged) setHeight(HEIGHTS[(HEIGHTS.indexOf(now()) + 1) % HEIGHTS.length]!);
    dragged = false;
  });
  handle.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    event.preventDefault();
    move(event.key === "ArrowUp" ? 1 : -1);
  });
  handle.addEventListener("pointerdown", (down) => {
    const start = element.getBoundingClientRect().height;
    dragged = false;
    handle.setPointerCapture(down.pointerId);
    const follow = (event: PointerEvent) => {
      const by = down.clientY - event.clientY;
      if (Math.abs(by) > DRAG_PX) dragged = true;
      if (dragged) element.style.blockSize = `${Math.max(0, start + by)}px`;
    };
    const end = (event: PointerEvent) => {
      handle.removeEventListener("pointermove", follow);
      element.style.blockSize = "";
      if (!dragged || event.type === "pointercancel") return;
      const target = nearestHeight(start + down.clientY - event.clientY, roomOf(element));
      if (target) setHeight(target);
      else onDismiss();
    };
    handle.addEventListener("pointermove", follow);
    handle.addEventListener("pointerup", end, { once: true });
    handle.addEventListener("pointercancel", end, { once: true });
  });
  setHeight("half");
  return { handle, setHeight };
}

/** The height of the map that the sheet lies over. */
function roomOf(element: HTMLElement): number {
  return element.offsetParent?.clientHeight || document.documentElement.clientHeight;
}

/** Where a sheet let go at `height` pixels of `room` comes to rest; null = pulled out of sight. */
export function nearestHeight(height: number, room: number): SheetHeight | null {
  const share = height / room;
  if (share < 0.1) return null;
  if (share < 0.35) return "peek";
  return share < 0.72 ? "half" : "full";
}
