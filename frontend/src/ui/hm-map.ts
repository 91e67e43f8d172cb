/** `<hm-map>`: the map with its legend, panel and controls, made from the page's configuration. */
import type { MapConfig } from "../api/config";
import { I18n } from "../i18n";
import { watchChanges } from "../map/changes";
import { ClickRouter, type EditorHooks, editorHooks } from "../map/engine-hooks";
import { LeafletMap } from "../map/leaflet/engine";
import type { Bounds, Insets, LngLat } from "../map/port";
import { formatHash, type HashState, parseHash } from "../state/hash";
import { Session } from "../state/session";
import { announcer, scaleLine, sourcesLine, tileNotice, zoomControls } from "./controls";
import { el, freshId } from "./dom";
import { HmLegend } from "./hm-legend";
import { HmPanel } from "./hm-panel";
import { followPointer, inspectClick, KeyboardInspector } from "./inspect";

/** Narrower than this the legend and the panel become sheets at the bottom. */
const NARROW_PX = 680;
const HASH_AFTER_MS = 150;

/** What an editor gets to work with. `dock` is an empty place over the map for its tools and forms. */
export interface MapTools {
  readonly session: Session;
  readonly hooks: EditorHooks;
  readonly legend: HmLegend;
  readonly panel: HmPanel;
  readonly dock: HTMLElement;
  readonly say: (text: string) => void;
  /** What covers the map now: pass it to `hooks.fit`. */
  readonly insets: () => Insets;
}

export class HmMap extends HTMLElement {
  private stop: (() => void)[] = [];

  /** Builds the map in this element and starts it. Throws when the browser cannot show one. */
  start(config: MapConfig): MapTools {
    const i18n = new I18n(config.lang);
    const link = parseHash(location.hash);
    const keys = el("p", { class: "hm-keys", id: freshId("keys") }, i18n.t("map.keys"));
    const surface = surfaceOf(config, i18n, keys.id);
    this.replaceChildren(surface, keys);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const maxBounds = config.maxBounds ?? undefined;
    const map = new LeafletMap(surface, { view: link.view ?? config.bounds, maxBounds, still });
    const session = new Session(config, i18n, map, link.layers, link.rasters);
    const clicks = new ClickRouter(map, (click) => void inspectClick(session, announce, click));
    const insets = () => this.insets();
    const announce = announcer();
    const legend = new HmLegend().setup(session, insets);
    const panel = new HmPanel().setup(session, {
      onZoom: () => zoomToOpen(session, insets()),
      returnTo: surface,
    });
    const dock = el("div", { class: "hm-dock" });
    this.append(legend, dock, panel, ...this.furniture(session, insets), announce.element);
    new KeyboardInspector(session, announce, { clicks, insets, openPanel: () => panel.focusHeading() });
    followPointer(map, clicks);
    this.watchWidth(legend, session);
    this.watchModality();
    if (!link.view) map.fit(config.bounds, { insets: insets(), snug: true });
    this.keepInView(session);
    this.announceMoves(session, announce.say);
    this.followLink(session, link);
    const hooks = editorHooks(map, clicks);
    this.stop.push(() => map.destroy(), followChanges(session));
    return { session, hooks, legend, panel, dock, say: announce.say, insets };
  }

  disconnectedCallback(): void {
    for (const stop of this.stop.splice(0)) stop();
  }

  private furniture(session: Session, insets: () => Insets): HTMLElement[] {
    return [
      zoomControls(session, insets),
      el("div", { class: "hm-foot" }, scaleLine(session), sourcesLine(session)),
      tileNotice(session),
      el("div", { class: "hm-crosshair", "aria-hidden": "true" }),
    ];
  }

  /** Sheets on narrow maps, columns on wide ones; on a phone the map comes first and the legend on demand. */
  private watchWidth(legend: HmLegend, session: Session): void {
    let narrow: boolean | null = null;
    const update = () => {
      const now = this.clientWidth < NARROW_PX;
      if (now === narrow) return;
      narrow = now;
      this.toggleAttribute("data-narrow", narrow);
      legend.show(!narrow);
    };
    this.addEventListener("hm-panel", (event) => {
      const { open } = (event as CustomEvent<{ open: boolean }>).detail;
      this.toggleAttribute("data-panel", open);
      if (open && narrow) legend.show(false);
    });
    this.addEventListener("hm-legend", (event) => {
      const { open } = (event as CustomEvent<{ open: boolean }>).detail;
      this.toggleAttribute("data-legend", open);
      if (open && narrow) session.close();
    });
    const observer = new ResizeObserver(update);
    observer.observe(this);
    this.stop.push(() => observer.disconnect());
    update();
  }

  /** How far legend and panel reach over the map from each side. */
  private insets(): Insets {
    const map = this.getBoundingClientRect();
    let [right, bottom, left] = [0, 0, 0];
    for (const card of this.querySelectorAll<HTMLElement>(".hm-card:not([hidden])")) {
      const box = card.getBoundingClientRect();
      if (box.width === 0) continue;
      if (box.width > map.width * 0.7) bottom = Math.max(bottom, map.bottom - box.top);
      else if (box.left - map.left < map.right - box.right) left = Math.max(left, box.right - map.left);
      else right = Math.max(right, map.right - box.left);
    }
    // A sheet over everything leaves no room to aim at: then aim at the whole map.
    return { top: 0, right, bottom: bottom > map.height * 0.8 ? 0 : bottom, left };
  }

  /** Whoever points does not need the ring that shows where the keyboard is. */
  private watchModality(): void {
    const capture = { capture: true };
    this.addEventListener("pointerdown", () => this.toggleAttribute("data-pointer", true), capture);
    this.addEventListener("keydown", () => this.toggleAttribute("data-pointer", false), capture);
  }

  /** What was pointed at stays in sight when the panel opens over it; what was stepped to comes into sight. */
  private keepInView(session: Session): void {
    const reveal = (target: LngLat | Bounds) => {
      requestAnimationFrame(() => session.map.reveal(target, this.insets()));
    };
    session.store.watch(
      (state) => state.selection?.at ?? null,
      (at) => at && reveal(at),
    );
    session.store.watch(
      (state) => state.detail,
      (detail) => {
        const bounds = session.openBounds();
        const stepped = session.store.get().selection?.focus === false;
        if (detail?.state === "ready" && bounds && stepped) reveal(bounds);
      },
    );
  }

  private announceMoves({ map, i18n }: Session, say: (text: string) => void): void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    map.on("moveend", ({ byUser }) => {
      clearTimeout(timer);
      if (!byUser) return;
      timer = setTimeout(async () => {
        const { total } = await map.featuresInView(0);
        const scale = Math.round(map.metresPerPixel() / 0.00028 / 100) * 100;
        say(i18n.t("map.view", { scale, objects: i18n.t("map.objects", { n: total }) }));
      }, 1000);
    });
  }

  /** Opens what the address names, then keeps the address in step without filling the history. */
  private followLink(session: Session, link: HashState): void {
    const { map, store } = session;
    if (link.feature) {
      session.select([link.feature], { focus: false });
      if (!link.view) this.zoomWhenLoaded(session);
    }
    let timer: ReturnType<typeof setTimeout> | undefined;
    const write = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        const { selection } = store.get();
        const feature = selection?.features[selection.index] ?? null;
        const { rasters } = store.get();
        const hash = formatHash({ view: map.view(), layers: session.shownLayers(), rasters, feature });
        if (hash !== location.hash) history.replaceState(history.state, "", hash);
      }, HASH_AFTER_MS);
    };
    this.stop.push(
      map.on("moveend", write),
      store.watch((state) => state.layers, write),
      store.watch((state) => state.rasters, write),
      store.watch((state) => state.selection, write),
      () => clearTimeout(timer),
    );
    const read = () => {
      const { view, layers, rasters, feature } = parseHash(location.hash);
      if (view) map.setView(view);
      if (layers) session.showOnly(layers);
      if (rasters) store.set({ rasters });
      if (feature) session.select([feature], { focus: false });
    };
    addEventListener("hashchange", read);
    this.stop.push(() => removeEventListener("hashchange", read));
  }

  private zoomWhenLoaded(session: Session): void {
    const stop = session.store.watch(
      (state) => state.detail,
      (detail) => {
        if (detail?.state === "loading") return;
        stop();
        zoomToOpen(session, this.insets());
      },
    );
  }
}

/** The element that Leaflet fills. It takes the focus, so that the map can be used without a mouse. */
function surfaceOf(config: MapConfig, i18n: I18n, keysId: string): HTMLElement {
  const place = config.community?.title ?? i18n.t("map.everywhere");
  return el("div", {
    class: "hm-surface",
    role: "application",
    tabindex: "0",
    "aria-label": i18n.t("map.label", { place }),
    "aria-roledescription": i18n.t("map.role"),
    "aria-describedby": keysId,
  });
}

/** Redraws what others change while the map is open. Returns the function that ends it. */
function followChanges({ config, map, store }: Session): () => void {
  const onMap = () => config.layers.filter(({ name }) => store.get().layers.get(name)?.visible);
  return watchChanges(onMap, (name, { revision, boxes }) => {
    if (boxes) map.changed(name, revision, boxes);
    else map.refresh(name, revision);
  });
}

function zoomToOpen(session: Session, insets: Insets): void {
  const bounds = session.openBounds();
  if (bounds) session.map.fit(bounds, { insets, maxZoom: 18 });
}

customElements.define("hm-map", HmMap);
