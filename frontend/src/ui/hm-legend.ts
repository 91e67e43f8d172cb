/** `<hm-legend>`: the list of layers, which is the legend too. Grouped by theme, one switch a layer. */
import type { LayerConfig } from "../api/config";
import type { Insets } from "../map/port";
import { scaleDenominator, zoomSpan } from "../map/scale";
import type { Session } from "../state/session";
import { button, el, freshId, icon } from "./dom";
import { makeSheet } from "./sheet";
import { swatch } from "./swatch";

export class HmLegend extends HTMLElement {
  private session!: Session;
  private insets: () => Insets = () => ({ top: 0, right: 0, bottom: 0, left: 0 });
  private opener!: HTMLButtonElement;
  private body!: HTMLElement;

  /** Call once, before the element is put into the page. `insets`: what covers the map when zooming to a layer. */
  setup(session: Session, insets: () => Insets): this {
    this.session = session;
    this.insets = insets;
    return this;
  }

  connectedCallback(): void {
    if (this.body) return;
    const { t } = this.words();
    const titleId = freshId("legend");
    this.body = el("section", { class: "hm-card hm-legend__card", "aria-labelledby": titleId });
    const sheet = makeSheet(this.body, this.session.i18n, () => this.toggle(false));
    const close = button(
      t("legend.close"),
      { class: "hm-icon-button" },
      () => this.toggle(false),
      icon("close"),
    );
    this.body.append(
      sheet.handle,
      el("div", { class: "hm-card__head" }, el("h2", { id: titleId }, t("legend.title")), close),
      this.groups(),
    );
    this.opener = button(
      t("legend.open"),
      { class: "hm-legend__open hm-float-button" },
      () => this.toggle(true),
      icon("layers"),
      el("span", {}, t("legend.open")),
    );
    this.append(this.opener, this.body);
    this.body.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.toggle(false);
    });
    this.show(true);
  }

  /** Opens or folds the list without moving the focus. */
  show(open: boolean): void {
    this.body.hidden = !open;
    this.opener.hidden = open;
    this.dispatchEvent(new CustomEvent("hm-legend", { bubbles: true, detail: { open } }));
  }

  get open(): boolean {
    return !this.body.hidden;
  }

  private toggle(open: boolean): void {
    this.show(open);
    if (open) this.body.querySelector<HTMLElement>("button, input")?.focus();
    else this.opener.focus();
  }

  private words() {
    const { i18n } = this.session;
    return { t: i18n.t.bind(i18n), i18n };
  }

  private groups(): HTMLElement {
    const { t } = this.words();
    const { layers } = this.session.config;
    if (layers.length === 0) return el("p", { class: "hm-empty" }, t("legend.empty"));
    const themes = new Map<string, LayerConfig[]>();
    for (const layer of layers) {
      const theme = layer.base ? t("legend.base") : layer.themeTitle;
      themes.set(theme, [...(themes.get(theme) ?? []), layer]);
    }
    const base = t("legend.base");
    const ordered = [...themes].sort(([a], [b]) => Number(a === base) - Number(b === base));
    return el(
      "div",
      { class: "hm-legend__groups" },
      ...ordered.map(([title, members]) => this.group(title, members, title !== base)),
    );
  }

  private group(title: string, members: readonly LayerConfig[], open: boolean): HTMLElement {
    const { t } = this.words();
    const count = el("span", { class: "hm-group__count" });
    const update = () => {
      const n = members.filter(({ name }) => this.session.layerState(name).visible).length;
      count.textContent = t("legend.shown", { n });
    };
    this.session.store.watch((state) => state.layers, update);
    update();
    return el(
      "details",
      { class: "hm-group", open },
      el("summary", {}, el("span", { class: "hm-group__title" }, title), count, icon("chevronDown")),
      el("ul", { class: "hm-group__layers" }, ...members.map((layer) => this.layerItem(layer))),
    );
  }

  private layerItem(layer: LayerConfig): HTMLElement {
    const { t } = this.words();
    const { session } = this;
    const box = el("input", { type: "checkbox" });
    box.addEventListener("change", () => session.setVisible(layer.name, box.checked));
    const tools = this.tools(layer);
    const more = button(
      t("legend.more", { layer: layer.title }),
      { class: "hm-icon-button hm-layer__more", "aria-expanded": "false", "aria-controls": tools.id },
      () => {
        tools.hidden = !tools.hidden;
        more.setAttribute("aria-expanded", String(!tools.hidden));
      },
      icon("sliders"),
    );
    const single = layer.legend.length === 1 ? swatch(layer.legend[0]!) : null;
    const classes =
      layer.legend.length > 1
        ? el(
            "ul",
            { class: "hm-layer__classes" },
            ...layer.legend.map((row) => el("li", {}, swatch(row), el("span", {}, row.label || layer.title))),
          )
        : null;
    const reason = el("p", { class: "hm-layer__reason", hidden: true });
    const item = el(
      "li",
      { class: "hm-layer" },
      el(
        "div",
        { class: "hm-layer__row" },
        el(
          "label",
          { class: "hm-layer__label" },
          box,
          single,
          el("span", { class: "hm-layer__title" }, layer.title),
        ),
        more,
      ),
      reason,
      classes,
      tools,
    );
    this.followState(layer, { item, box, classes, reason });
    return item;
  }

  private followState(
    layer: LayerConfig,
    parts: { item: HTMLElement; box: HTMLInputElement; classes: HTMLElement | null; reason: HTMLElement },
  ): void {
    const { store } = this.session;
    const update = () => {
      const { visible } = this.session.layerState(layer.name);
      const scale = this.outOfScale(layer, store.get().styleZoom);
      parts.box.checked = visible;
      parts.item.classList.toggle("hm-layer--off", !visible);
      parts.item.classList.toggle("hm-layer--unseen", visible && scale !== null);
      if (parts.classes) parts.classes.hidden = !visible;
      parts.reason.hidden = !visible || scale === null;
      if (visible && scale !== null) this.explain(layer, parts.reason, scale);
    };
    store.watch((state) => state.layers.get(layer.name), update);
    store.watch((state) => this.outOfScale(layer, state.styleZoom), update);
    update();
  }

  /** The sentence that says from or up to which scale the layer is drawn; null while it is. */
  private outOfScale(layer: LayerConfig, styleZoom: number): string | null {
    const span = zoomSpan(layer);
    if (!span || (styleZoom >= span.first && styleZoom <= span.last)) return null;
    const { t } = this.words();
    const { lat } = this.session.map.view();
    const far = styleZoom < span.first;
    const scale = scaleDenominator(far ? span.first : span.last, lat);
    return t(far ? "legend.tooFar" : "legend.tooNear", { scale });
  }

  private explain(layer: LayerConfig, reason: HTMLElement, sentence: string): void {
    const { t } = this.words();
    if (reason.firstChild?.textContent === sentence) return;
    const go = button(
      "",
      { class: "hm-link-button", "aria-label": t("legend.goThereLabel", { layer: layer.title }) },
      () => this.session.goToScale(layer.name),
      t("legend.goThere"),
    );
    reason.replaceChildren(el("span", {}, sentence), " ", go);
  }

  private tools(layer: LayerConfig): HTMLElement {
    const { t } = this.words();
    const { session } = this;
    const slider = el("input", { type: "range", min: 0, max: 100, step: 5, id: freshId("opacity") });
    const output = el("output", { for: slider.id });
    const show = () => {
      const percent = Math.round(session.layerState(layer.name).opacity * 100);
      slider.value = String(percent);
      slider.setAttribute("aria-valuetext", t("legend.percent", { n: percent }));
      output.textContent = t("legend.percent", { n: percent });
    };
    slider.addEventListener("input", () => session.setOpacity(layer.name, Number(slider.value) / 100));
    session.store.watch((state) => state.layers.get(layer.name)?.opacity, show);
    show();
    const { extent } = layer;
    const zoom =
      extent &&
      button(
        "",
        { class: "hm-link-button" },
        () => {
          session.setVisible(layer.name, true);
          session.map.fit(extent, { insets: this.insets() });
        },
        icon("target"),
        t("legend.zoomTo"),
      );
    return el(
      "div",
      { class: "hm-layer__tools", id: freshId("tools"), hidden: true },
      el(
        "div",
        { class: "hm-opacity" },
        el("label", { for: slider.id }, t("legend.opacity")),
        slider,
        output,
      ),
      zoom,
      el("a", { class: "hm-link-button", href: layer.layerUrl }, icon("page"), t("legend.page")),
      el("span", { class: "hm-layer__count" }, t("legend.count", { n: layer.count })),
    );
  }
}

customElements.define("hm-legend", HmLegend);
