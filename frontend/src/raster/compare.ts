/** Two rasters, two layers or one of each side by side: an edge across the map that is moved by a slider. */
import type { RasterPanes, Side, Sides } from "../map/leaflet/rasters";
import { button, el, freshId, icon } from "../ui/dom";
import type { MapTools } from "../ui/hm-map";
import type { Listed } from "./order";
import type { Words } from "./words";

export interface Compared {
  readonly panes: RasterPanes;
  /** Switches these rasters on. */
  show(names: readonly string[]): void;
}

/** The bare map, in the lists of what to compare. */
const NOTHING = "";

export class Comparison {
  private element: HTMLElement | null = null;
  private slider: HTMLInputElement | null = null;
  private edge: HTMLElement | null = null;
  private chosen: Record<Side, string> = { left: NOTHING, right: NOTHING };
  private list: readonly Listed[] = [];
  private apart: ReadonlySet<string> = new Set();
  private returnTo: HTMLElement | null = null;

  constructor(
    private readonly tools: MapTools,
    private readonly words: Words,
    private readonly around: Compared,
  ) {}

  /** Two dates of what is shown if there are two, the earlier one on the left; else the raster and the bare map. */
  open(list: readonly Listed[]): void {
    this.close();
    this.list = list;
    this.returnTo = document.activeElement instanceof HTMLElement ? document.activeElement : null;
    this.chosen = firstChoice(list);
    const map = this.tools.session.map.element.parentElement!;
    if (map.hasAttribute("data-narrow")) this.tools.legend.show(false);
    const slider = el("input", { type: "range", min: 0, max: 100, value: 50, class: "hm-swipe__slider" });
    slider.addEventListener("input", () => this.apply());
    const edge = el("div", { class: "hm-swipe__edge", "aria-hidden": "true" });
    const titleId = freshId("compare");
    const bar = el(
      "section",
      { class: "hm-swipe__bar", "aria-labelledby": titleId },
      el("h2", { id: titleId, class: "hm-unseen" }, this.words("compare.title")),
      this.choice("left"),
      this.choice("right"),
      button(this.words("compare.close"), { class: "hm-icon-button" }, () => this.close(), icon("close")),
    );
    this.element = el("div", { class: "hm-swipe" }, edge, slider, bar);
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
    [this.slider, this.edge] = [slider, edge];
    map.append(this.element);
    this.apply();
    slider.focus();
  }

  /** The list has changed: what was switched off is compared no longer. */
  follow(list: readonly Listed[]): void {
    this.list = list;
    if (!this.element) return;
    const visible = new Set(list.filter((it) => it.visible).map(({ raster }) => raster.name));
    const gone = list.some(
      ({ raster: { name } }) => Object.values(this.chosen).includes(name) && !visible.has(name),
    );
    if (gone) this.close();
  }

  close(): void {
    if (!this.element) return;
    this.element.remove();
    this.element = null;
    this.chosen = { left: NOTHING, right: NOTHING };
    this.drawLayers();
    this.around.panes.split(new Map(), 0.5);
    this.returnTo?.focus();
  }

  private choice(side: Side): HTMLElement {
    const id = freshId("side");
    const option = (value: string) =>
      el("option", { value, selected: value === this.chosen[side] }, this.title(value));
    const layers = this.tools.session.config.layers.filter(({ base }) => !base).map(({ name }) => name);
    const group = (label: string, names: readonly string[]) =>
      names.length > 0 && el("optgroup", { label }, ...names.map(option));
    const select = el(
      "select",
      { id },
      group(
        this.words("raster.group"),
        this.list.map(({ raster }) => raster.name),
      ),
      group(this.words("compare.layers"), layers),
      option(NOTHING),
    );
    select.addEventListener("change", () => {
      this.chosen = { ...this.chosen, [side]: select.value };
      this.apply();
    });
    const label = this.words(side === "left" ? "compare.left" : "compare.right");
    return el("div", { class: "hm-swipe__side" }, el("label", { for: id }, label), select);
  }

  private title(name: string): string {
    const raster = this.list.find((it) => it.raster.name === name)?.raster;
    if (!raster) return this.tools.session.layer(name)?.title ?? this.words("compare.none");
    const { i18n } = this.tools.session;
    return raster.date ? `${i18n.date(raster.date, false)}, ${raster.title}` : raster.title;
  }

  private apply(): void {
    const { slider, edge, chosen, words } = this;
    if (!slider || !edge) return;
    const percent = Number(slider.value);
    edge.style.insetInlineStart = `${percent}%`;
    const [left, right] = [this.title(chosen.left), this.title(chosen.right)];
    slider.setAttribute("aria-label", words("compare.slider", { left, right }));
    slider.setAttribute("aria-valuetext", words("compare.share", { n: percent }));
    const hidden = this.list.filter((it) => !it.visible && Object.values(chosen).includes(it.raster.name));
    if (hidden.length > 0) this.around.show(hidden.map(({ raster }) => raster.name));
    this.drawLayers();
    this.around.panes.split(sidesOf(this.list, chosen), percent / 100);
  }

  /** Layers that are compared leave the common picture and come back into it afterwards. */
  private drawLayers(): void {
    const { session } = this.tools;
    const apart = Object.values(this.chosen).filter((name) => session.layer(name));
    const wanted = new Set(this.chosen.left === this.chosen.right ? [] : apart);
    for (const name of this.apart) {
      if (!wanted.has(name)) session.map.patchLayer(name, { visible: session.layerState(name).visible });
    }
    for (const name of wanted) session.map.patchLayer(name, { visible: false });
    this.apart = wanted;
    const sources = [...wanted].map((name) => session.source(name));
    this.around.panes.compare(sources.filter((source) => source !== null));
  }
}

/**
 * Who keeps to which side. Where a raster or the bare map is compared, other rasters are not seen, for they would
 * hide it; the same on both sides is no comparison.
 */
export function sidesOf(list: readonly Listed[], chosen: Readonly<Record<Side, string>>): Sides {
  const sides = new Map<string, Side | "nowhere">();
  if (chosen.left === chosen.right) return sides;
  const rasters = new Set(list.map(({ raster }) => raster.name));
  const ofGround = Object.values(chosen).some((name) => name === NOTHING || rasters.has(name));
  if (ofGround) for (const name of rasters) sides.set(name, "nowhere");
  for (const side of ["left", "right"] as const) if (chosen[side]) sides.set(chosen[side], side);
  return sides;
}

export function firstChoice(list: readonly Listed[]): Record<Side, string> {
  const shown = list.filter(({ visible }) => visible);
  const [one, other] = [...shown, ...list.filter(({ visible }) => !visible)].map(({ raster }) => raster);
  if (!one) return { left: NOTHING, right: NOTHING };
  if (!other) return { left: NOTHING, right: one.name };
  const earlier = (other.date ?? "") <= (one.date ?? "") ? other : one;
  return { left: earlier.name, right: earlier === one ? other.name : one.name };
}
