/** The small things on the map: zoom buttons, scale bar, sources, what is loading, what was announced. */
import type { Insets } from "../map/port";
import { scaleBar } from "../map/scale";
import type { Session } from "../state/session";
import { button, el, icon } from "./dom";

const SCALE_BAR_PX = 110;
/** Shorter waits than this are not worth a word. */
const LOADING_AFTER_MS = 600;

export function zoomControls({ map, i18n, config }: Session, insets: () => Insets): HTMLElement {
  const plus = button(
    i18n.t("control.zoomIn"),
    { class: "hm-map-button" },
    () => map.zoomBy(1),
    icon("plus"),
  );
  const minus = button(
    i18n.t("control.zoomOut"),
    { class: "hm-map-button" },
    () => map.zoomBy(-1),
    icon("minus"),
  );
  const home = button(
    i18n.t("control.home"),
    { class: "hm-map-button" },
    () => map.fit(config.bounds, { insets: insets(), snug: true }),
    icon("home"),
  );
  const update = () => {
    // Not `disabled`: the button would drop the focus of whoever has just pressed it.
    plus.setAttribute("aria-disabled", String(!map.canZoom(1)));
    minus.setAttribute("aria-disabled", String(!map.canZoom(-1)));
  };
  map.on("moveend", update);
  update();
  return el(
    "div",
    { class: "hm-controls", role: "group", "aria-label": i18n.t("control.group") },
    el("div", { class: "hm-controls__pair" }, plus, minus),
    home,
  );
}

export function scaleLine({ map, i18n }: Session): HTMLElement {
  const text = el("span", { class: "hm-scale__text" });
  const bar = el("span", { class: "hm-scale__bar" });
  const element = el("div", { class: "hm-scale", role: "img" }, text, bar);
  const update = () => {
    const { metres, px } = scaleBar(map.metresPerPixel(), SCALE_BAR_PX);
    const distance = i18n.distance(metres);
    text.textContent = distance;
    bar.style.inlineSize = `${px}px`;
    element.setAttribute("aria-label", i18n.t("control.scale", { distance }));
  };
  map.on("moveend", update);
  update();
  return element;
}

/** Names whose data is on the map: the layers' own attributions, else the community. */
export function sourcesLine({ store, i18n, config }: Session): HTMLElement {
  const element = el("p", { class: "hm-sources" });
  const update = () => {
    const shown = config.layers.filter(({ name }) => store.get().layers.get(name)?.visible);
    const names = new Set(shown.map(({ attribution }) => attribution?.trim()).filter(Boolean) as string[]);
    if (names.size === 0 && config.community) names.add(config.community.title);
    element.hidden = names.size === 0;
    element.textContent = i18n.t("control.sources", { sources: i18n.list([...names]) });
  };
  store.watch((state) => state.layers, update);
  update();
  return element;
}

/** Says that tiles are on their way, and which layers failed, with a button to try again. */
export function tileNotice(session: Session): HTMLElement {
  const { store, i18n, map } = session;
  const loading = el("p", { class: "hm-notice hm-notice--wait", hidden: true }, i18n.t("map.loading"));
  const text = el("span");
  const retry = button("", { class: "hm-link-button" }, () => map.retry(), i18n.t("map.retry"));
  const failure = el(
    "p",
    { class: "hm-notice hm-notice--bad", role: "alert", hidden: true },
    text,
    " ",
    retry,
  );
  let timer: ReturnType<typeof setTimeout> | null = null;
  store.watch(
    (state) => state.tiles,
    (tiles) => {
      const titles = tiles.failed.map((name) => session.layer(name)?.title ?? name);
      const sentence = i18n.t("map.failed", { layers: i18n.list(titles) });
      failure.hidden = titles.length === 0;
      if (titles.length > 0 && text.textContent !== sentence) text.textContent = sentence;
      if (tiles.loading === 0) {
        if (timer) clearTimeout(timer);
        timer = null;
        loading.hidden = true;
      } else timer ??= setTimeout(() => (loading.hidden = false), LOADING_AFTER_MS);
    },
  );
  return el("div", { class: "hm-notices" }, loading, failure);
}

/** A live region: what a sighted reader sees happen on the map, said once. */
export interface Announcer {
  readonly element: HTMLElement;
  say(text: string): void;
}

export function announcer(): Announcer {
  const element = el("div", { class: "hm-unseen", role: "status", "aria-live": "polite" });
  return {
    element,
    say(text) {
      // A changed text is read again even when it is the same sentence as before.
      element.textContent = element.textContent === text ? `${text}\u00a0` : text;
    },
  };
}
