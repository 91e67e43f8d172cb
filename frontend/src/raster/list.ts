/** The rasters in the legend: switches, order, opacity, and the ways to a profile and a comparison. */
import type { RasterConfig } from "../api/config";
import { RasterPanes } from "../map/leaflet/rasters";
import { button, el, freshId, icon } from "../ui/dom";
import type { MapTools } from "../ui/hm-map";
import { Comparison } from "./compare";
import { legendOf } from "./legend";
import { changed, type Listed, listed, moved, sameShown, shownOf } from "./order";
import { PointerValue } from "./pointer";
import { ProfilePanel } from "./profile";

import { type Words, wordsOf } from "./words";

interface Row {
  readonly item: HTMLElement;
  readonly update: (listed: Listed, place: number, count: number) => void;
}

export class RasterList {
  private readonly words: Words;
  private readonly panes: RasterPanes;
  private readonly rows = new Map<string, Row>();
  private readonly items = el("ul", { class: "hm-group__layers" });
  private readonly count = el("span", { class: "hm-group__count" });
  private readonly covered: HTMLElement;
  private readonly pointer: PointerValue;
  private readonly profile: ProfilePanel;
  private readonly comparison: Comparison;
  private list: readonly Listed[];
  private coversBase = false;

  constructor(private readonly tools: MapTools) {
    const { session } = tools;
    this.words = wordsOf(session.i18n);
    const rasters = session.config.rasters ?? [];
    this.list = listed(rasters, session.store.get().rasters);
    this.panes = new RasterPanes(session.map);
    this.covered = el("p", { class: "hm-layer__reason", hidden: true }, this.words("raster.covered"));
    this.pointer = new PointerValue(tools, this.words, () => this.uppermostValues());
    this.profile = new ProfilePanel(tools, this.words);
    this.comparison = new Comparison(tools, this.words, {
      panes: this.panes,
      show: (names) =>
        this.change(this.list.map((it) => (names.includes(it.raster.name) ? { ...it, visible: true } : it))),
    });
  }

  /** Puts the group into the legend and what the address names onto the map. */
  open(): void {
    const { store, config } = this.tools.session;
    for (const raster of config.rasters ?? []) this.rows.set(raster.name, this.row(raster));
    const compare = button(
      "",
      { class: "hm-link-button" },
      () => this.comparison.open(this.list),
      icon("layers"),
      this.words("raster.compare"),
    );
    const group = el(
      "details",
      { class: "hm-group", open: true },
      el(
        "summary",
        {},
        el("span", { class: "hm-group__title" }, this.words("raster.group")),
        this.count,
        icon("chevronDown"),
      ),
      this.items,
      this.covered,
      el("p", { class: "hm-rasters__compare" }, compare),
    );
    const groups = this.tools.legend.querySelector(".hm-legend__groups");
    if (groups) groups.prepend(group);
    else
      this.tools.legend
        .querySelector(".hm-empty")
        ?.replaceWith(el("div", { class: "hm-legend__groups" }, group));
    store.watch(
      (state) => state.rasters,
      (shown) => {
        if (!sameShown(shown, shownOf(this.list))) this.render(listed(config.rasters ?? [], shown));
      },
    );
    this.render(this.list);
  }

  private change(list: readonly Listed[]): void {
    this.render(list);
    this.tools.session.store.set({ rasters: shownOf(list) });
  }

  private render(list: readonly Listed[]): void {
    this.list = list;
    const shown = list.filter(({ visible }) => visible);
    this.panes.show(shown.map(({ raster, opacity }) => ({ source: raster, opacity })));
    list.forEach((item, index) => {
      const row = this.rows.get(item.raster.name)!;
      row.update(item, index, list.length);
      // Only what is out of place is moved: moving an element takes the focus from it.
      if (this.items.children[index] !== row.item)
        this.items.insertBefore(row.item, this.items.children[index] ?? null);
    });
    this.count.textContent = this.words("raster.shown", { n: shown.length });
    this.coverBase(shown.length > 0);
    this.pointer.refresh();
    this.comparison.follow(list);
  }

  /** Areas of the base would hide the raster. Who switches one on meanwhile sees it. */
  private coverBase(covers: boolean): void {
    const { session } = this.tools;
    const areas = session.config.layers.filter(
      ({ base, style }) => base && style.some(({ type }) => type === "fill"),
    );
    this.covered.hidden = !covers || areas.length === 0;
    if (covers === this.coversBase) return;
    this.coversBase = covers;
    for (const { name } of areas)
      session.map.patchLayer(name, { visible: !covers && session.layerState(name).visible });
  }

  private uppermostValues(): RasterConfig | null {
    return this.list.find(({ visible, raster }) => visible && raster.values)?.raster ?? null;
  }

  private row(raster: RasterConfig): Row {
    const box = el("input", { type: "checkbox" });
    box.addEventListener("change", () =>
      this.change(changed(this.list, raster.name, { visible: box.checked })),
    );
    const { element: settings, update: updateSettings } = this.settings(raster);
    const more = button(
      this.words("raster.more", { raster: raster.title }),
      { class: "hm-icon-button hm-layer__more", "aria-expanded": "false", "aria-controls": settings.id },
      () => {
        settings.hidden = !settings.hidden;
        more.setAttribute("aria-expanded", String(!settings.hidden));
      },
      icon("sliders"),
    );
    const { i18n } = this.tools.session;
    const date = raster.date && el("span", { class: "hm-raster__date" }, i18n.date(raster.date, false));
    const legend = legendOf(raster, i18n, this.words);
    const label = el(
      "label",
      { class: "hm-layer__label" },
      box,
      el("span", { class: "hm-layer__title" }, raster.title, date && " ", date),
    );
    const item = el(
      "li",
      { class: "hm-layer" },
      el("div", { class: "hm-layer__row" }, label, more),
      legend,
      settings,
    );
    const update: Row["update"] = (state, place, count) => {
      box.checked = state.visible;
      item.classList.toggle("hm-layer--off", !state.visible);
      if (legend) legend.hidden = !state.visible;
      updateSettings(state, place, count);
    };
    return { item, update };
  }

  private settings(raster: RasterConfig) {
    const { session } = this.tools;
    const { words } = this;
    const slider = el("input", { type: "range", min: 0, max: 100, step: 5, id: freshId("opacity") });
    const output = el("output", { for: slider.id });
    slider.addEventListener("input", () =>
      this.change(changed(this.list, raster.name, { opacity: Number(slider.value) / 100 })),
    );
    const up = this.mover(raster, -1);
    const down = this.mover(raster, 1);
    const element = el(
      "div",
      { class: "hm-layer__tools", id: freshId("tools"), hidden: true },
      el(
        "div",
        { class: "hm-opacity" },
        el("label", { for: slider.id }, words("raster.opacity")),
        slider,
        output,
      ),
      up,
      down,
      button(
        "",
        { class: "hm-link-button" },
        () => {
          this.change(changed(this.list, raster.name, { visible: true }));
          session.map.fit(raster.bounds, { insets: this.tools.insets() });
        },
        icon("target"),
        words("raster.zoomTo"),
      ),
      raster.values &&
        button(
          "",
          { class: "hm-link-button" },
          () => this.profile.open(raster),
          icon("pencil"),
          words("raster.profile"),
        ),
      raster.values &&
        button(
          "",
          { class: "hm-link-button" },
          () => void this.pointer.sayCentre(raster),
          icon("plus"),
          words("raster.centre"),
        ),
      el("a", { class: "hm-link-button", href: raster.pageUrl }, icon("page"), words("raster.page")),
    );
    const update = (state: Listed, place: number, count: number) => {
      const percent = Math.round(state.opacity * 100);
      slider.value = String(percent);
      output.textContent = session.i18n.t("legend.percent", { n: percent });
      slider.setAttribute("aria-valuetext", output.textContent);
      up.setAttribute("aria-disabled", String(place === 0));
      down.setAttribute("aria-disabled", String(place === count - 1));
      for (const it of [up, down]) it.hidden = count < 2;
    };
    return { element, update };
  }

  /** Not `disabled` at the ends: the button would drop the focus of whoever has just pressed it. */
  private mover(raster: RasterConfig, by: -1 | 1): HTMLButtonElement {
    const { words } = this;
    const title = raster.title;
    const label =
      by < 0 ? words("raster.upLabel", { raster: title }) : words("raster.downLabel", { raster: title });
    const press = () => {
      const list = moved(this.list, raster.name, by);
      this.change(list);
      it.focus();
      const place = list.findIndex(({ raster: { name } }) => name === raster.name) + 1;
      this.tools.say(words("raster.moved", { raster: title, place }));
    };
    const it = button(
      "",
      { class: "hm-link-button", "aria-label": label },
      press,
      words(by < 0 ? "raster.up" : "raster.down"),
    );
    return it;
  }
}
