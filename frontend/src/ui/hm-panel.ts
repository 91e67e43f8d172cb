/** `<hm-panel>`: what is known about the feature that was clicked. A column, or a sheet on a phone. */
import type { LayerConfig } from "../api/config";
import { type FeatureItem, withId } from "../api/features";
import { featureTitle, fieldText } from "../api/values";
import type { FeatureRef } from "../map/port";
import type { Detail, Selection, Session } from "../state/session";
import { button, type Child, el, freshId, icon } from "./dom";
import { makeSheet, type Sheet } from "./sheet";
import { swatch } from "./swatch";

/** Something that can be done with the open feature, besides what every reader can do. */
export interface PanelAction {
  readonly label: string;
  readonly offered: (layer: LayerConfig) => boolean;
  readonly run: (feature: FeatureRef) => void;
}

export class HmPanel extends HTMLElement {
  private session!: Session;
  private onZoom: () => void = () => undefined;
  private readonly actions: PanelAction[] = [];
  private card!: HTMLElement;
  private sheet!: Sheet;
  private heading!: HTMLHeadingElement;
  private layerName!: HTMLElement;
  private pager!: HTMLElement;
  private position!: HTMLElement;
  private content!: HTMLElement;
  private returnTo: HTMLElement | null = null;

  /** Call once, before the element is put into the page. */
  setup(session: Session, options: { onZoom: () => void; returnTo: HTMLElement }): this {
    this.session = session;
    this.onZoom = options.onZoom;
    this.returnTo = options.returnTo;
    return this;
  }

  addAction(action: PanelAction): void {
    this.actions.push(action);
    this.render(this.session.store.get().detail);
  }

  connectedCallback(): void {
    if (this.card) return;
    this.build();
    const { store } = this.session;
    store.watch(
      (state) => state.selection,
      (selection) => this.follow(selection),
    );
    store.watch(
      (state) => state.detail,
      (detail) => this.render(detail),
    );
    this.follow(store.get().selection);
    this.render(store.get().detail);
  }

  get open(): boolean {
    return !this.card.hidden;
  }

  focusHeading(): void {
    this.heading.focus({ preventScroll: true });
  }

  private build(): void {
    const { i18n } = this.session;
    const id = freshId("panel");
    this.heading = el("h2", { id, tabindex: "-1", class: "hm-panel__title" });
    this.layerName = el("p", { class: "hm-panel__layer" });
    this.position = el("span", { class: "hm-panel__position" });
    this.content = el("div", { class: "hm-panel__content" });
    const turn = (step: 1 | -1) => () => this.session.turn(step);
    this.pager = el(
      "div",
      { class: "hm-panel__pager", hidden: true },
      button(i18n.t("panel.previous"), { class: "hm-icon-button" }, turn(-1), icon("chevronLeft")),
      this.position,
      button(i18n.t("panel.next"), { class: "hm-icon-button" }, turn(1), icon("chevronRight")),
    );
    const close = button(
      i18n.t("panel.close"),
      { class: "hm-icon-button" },
      () => this.close(),
      icon("close"),
    );
    this.card = el("section", { class: "hm-card hm-panel__card", "aria-labelledby": id, hidden: true });
    this.sheet = makeSheet(this.card, i18n, () => this.close());
    const names = el("div", { class: "hm-panel__names" }, this.layerName, this.heading);
    this.card.append(
      this.sheet.handle,
      el("div", { class: "hm-card__head" }, names, close),
      this.pager,
      this.content,
    );
    this.append(this.card);
    this.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    });
  }

  private close(): void {
    const inside = this.contains(document.activeElement);
    this.session.close();
    if (inside) this.returnTo?.focus({ preventScroll: true });
  }

  private follow(selection: Selection | null): void {
    const wasOpen = this.open;
    this.card.hidden = selection === null;
    if (selection && !wasOpen) this.sheet.setHeight("half");
    const count = selection?.features.length ?? 0;
    this.pager.hidden = count < 2;
    if (selection) {
      const { i18n } = this.session;
      this.position.textContent = i18n.t("panel.position", { index: selection.index + 1, total: count });
    }
    this.dispatchEvent(new CustomEvent("hm-panel", { bubbles: true, detail: { open: this.open } }));
    if (selection?.focus && !this.contains(document.activeElement)) this.focusHeading();
  }

  private render(detail: Detail | null): void {
    const layer = detail && this.session.layer(detail.feature.layer);
    if (!detail || !layer) return;
    const { i18n } = this.session;
    const first = layer.legend[0];
    this.layerName.replaceChildren(
      ...(layer.legend.length === 1 && first ? [swatch(first)] : []),
      layer.title,
    );
    const { id } = detail.feature;
    this.heading.textContent =
      detail.state === "ready"
        ? featureTitle(layer, detail.item.properties, id, i18n)
        : i18n.t("panel.untitled", { id: String(id) });
    this.content.setAttribute("aria-busy", String(detail.state === "loading"));
    this.content.replaceChildren(...this.contentOf(detail, layer));
    this.content.scrollTop = 0;
  }

  private contentOf(detail: Detail, layer: LayerConfig): Node[] {
    const { i18n } = this.session;
    if (detail.state === "ready") return [this.fieldList(detail.item, layer), this.actionBar(detail, layer)];
    if (detail.state === "loading") {
      return [el("p", { class: "hm-panel__wait", role: "status" }, i18n.t("panel.loading"))];
    }
    if (detail.state === "missing") return [el("p", { role: "alert" }, i18n.t("panel.missing"))];
    const retry = () => void this.session.reload();
    return [
      el("p", { role: "alert" }, i18n.t("panel.error")),
      button("", { class: "hm-button" }, retry, i18n.t("panel.retry")),
    ];
  }

  private fieldList(item: FeatureItem, layer: LayerConfig): HTMLElement {
    const { i18n } = this.session;
    if (layer.fields.length === 0) return el("p", { class: "hm-empty" }, i18n.t("panel.noFields"));
    const rows = layer.fields.map((field): Child => {
      const text = fieldText(field, item.properties[field.key], i18n);
      const value = el("dd", { class: text === null ? "hm-blank" : null }, text ?? i18n.t("panel.noValue"));
      return el("div", {}, el("dt", {}, field.title), value);
    });
    return el("dl", { class: "hm-attributes" }, ...rows);
  }

  private actionBar({ feature }: Detail, layer: LayerConfig): HTMLElement {
    const { i18n } = this.session;
    const offered = this.actions.filter((action) => action.offered(layer));
    return el(
      "div",
      { class: "hm-panel__actions" },
      el(
        "a",
        { class: "hm-button", href: withId(layer.pageUrl, feature.id) },
        icon("page"),
        i18n.t("panel.page"),
      ),
      button("", { class: "hm-button" }, this.onZoom, icon("target"), i18n.t("panel.zoom")),
      ...offered.map(({ label, run }) =>
        button("", { class: "hm-button hm-button--strong" }, () => run(feature), icon("pencil"), label),
      ),
    );
  }
}

customElements.define("hm-panel", HmPanel);
