/** The panel of a profile: points by pressing on the map or by typing them, then a chart and the same as a table. */

import type { RasterConfig } from "../api/config";
import { ApiError } from "../api/http";
import { MeasuredLine } from "../map/leaflet/rasters";
import type { LngLat } from "../map/port";
import { button, el, freshId, icon } from "../ui/dom";
import type { MapTools } from "../ui/hm-map";
import { type ChartWords, profileChart, profileTable } from "./chart";
import { formatPoint, type Profile, parsePoints, profileAlong, written } from "./values";
import type { Words } from "./words";

export class ProfilePanel {
  private card: HTMLElement | null = null;
  private line: MeasuredLine | null = null;
  private giveBackClicks: () => void = () => undefined;
  private returnTo: HTMLElement | null = null;

  constructor(
    private readonly tools: MapTools,
    private readonly words: Words,
  ) {}

  open(raster: RasterConfig): void {
    this.close();
    const { words, tools } = this;
    this.returnTo = document.activeElement instanceof HTMLElement ? document.activeElement : null;
    const map = tools.session.map.element.parentElement!;
    if (map.hasAttribute("data-narrow")) tools.legend.show(false);
    const points = el("textarea", {
      id: freshId("points"),
      rows: 3,
      spellcheck: "false",
      autocomplete: "off",
    });
    const status = el("p", { class: "hm-profile__status", role: "status" });
    const result = el("div", { class: "hm-profile__result" });
    const titleId = freshId("profile");
    const draw = () => void this.draw(raster, points, status, result);
    const add = (at: LngLat) => {
      points.value = [points.value.trimEnd(), formatPoint(at)].filter(Boolean).join("\n");
      this.follow(points.value);
      if (asPoints(points.value).length >= 2) draw();
    };
    const close = button(
      words("profile.close"),
      { class: "hm-icon-button" },
      () => this.close(),
      icon("close"),
    );
    this.card = el(
      "section",
      { class: "hm-card hm-profile", "aria-labelledby": titleId },
      el(
        "div",
        { class: "hm-card__head" },
        el("h2", { id: titleId, tabindex: "-1" }, words("profile.title", { raster: raster.title })),
        close,
      ),
      el(
        "div",
        { class: "hm-profile__body" },
        el(
          "div",
          { class: "hm-profile__form" },
          el("label", { for: points.id }, words("profile.points")),
          el("p", { class: "hm-profile__help", id: `${points.id}-help` }, words("profile.help")),
          points,
          el(
            "div",
            { class: "hm-profile__buttons" },
            button("", { class: "hm-button hm-button--primary" }, draw, words("profile.draw")),
            button(
              "",
              { class: "hm-link-button" },
              () => add(tools.session.map.view()),
              words("profile.addCentre"),
            ),
            button(
              "",
              { class: "hm-link-button" },
              () => {
                points.value = "";
                this.follow("");
                result.replaceChildren();
                status.textContent = "";
              },
              words("profile.clear"),
            ),
          ),
        ),
        el("div", { class: "hm-profile__found" }, status, result),
      ),
    );
    points.setAttribute("aria-describedby", `${points.id}-help`);
    points.addEventListener("input", () => this.follow(points.value));
    this.card.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
    map.append(this.card);
    this.line = new MeasuredLine(tools.session.map);
    this.giveBackClicks = tools.hooks.takeClicks(({ at }) => add(at));
    this.card.querySelector("h2")!.focus();
  }

  close(): void {
    if (!this.card) return;
    this.card.remove();
    this.card = null;
    this.line?.remove();
    this.line = null;
    this.giveBackClicks();
    this.returnTo?.focus();
  }

  private follow(text: string): void {
    this.line?.draw(asPoints(text));
  }

  private async draw(
    raster: RasterConfig,
    input: HTMLTextAreaElement,
    status: HTMLElement,
    result: HTMLElement,
  ): Promise<void> {
    const { words } = this;
    const points = parsePoints(input.value);
    if (!isList(points)) {
      status.textContent = words("profile.badLine", { n: points.row });
      return;
    }
    if (new Set(points.map(formatPoint)).size < 2) {
      status.textContent = words("profile.needTwo");
      return;
    }
    try {
      const profile = await profileAlong(raster, points);
      if (!input.isConnected) return;
      this.show(raster, profile, status, result);
      this.reveal(points);
    } catch (error) {
      const answered = error instanceof ApiError && error.status > 0;
      const reason = answered ? error.message : words("profile.offline");
      status.textContent = words("profile.failed", { reason });
    }
  }

  /** Brings a line that was typed out from under the panel. */
  private reveal(points: readonly LngLat[]): void {
    const [lngs, lats] = [points.map(({ lng }) => lng), points.map(({ lat }) => lat)];
    const box = [Math.min(...lngs), Math.min(...lats), Math.max(...lngs), Math.max(...lats)] as const;
    this.tools.session.map.reveal(box, this.tools.insets());
  }

  private show(raster: RasterConfig, profile: Profile, status: HTMLElement, result: HTMLElement): void {
    const { words } = this;
    const { i18n } = this.tools.session;
    const { min, max, ascent, descent } = profile;
    if (min === null || max === null) {
      result.replaceChildren();
      status.textContent = words("profile.empty");
      return;
    }
    const value = (it: number) => written(it, raster, i18n);
    const ends = { length: i18n.distance(profile.length_m), low: value(min), high: value(max) };
    const summary = raster.values?.unit
      ? words("profile.summary", { ...ends, ascent: value(ascent ?? 0), descent: value(descent ?? 0) })
      : words("profile.summaryFlat", ends);
    const chartWords: ChartWords = {
      label: words("profile.chart", { raster: raster.title, summary }),
      distance: (metres) => i18n.distance(metres),
      value,
    };
    const at = el("p", { class: "hm-profile__at", "aria-hidden": "true" });
    const pointed = (sample: number | null) => {
      const found = sample === null ? null : profile.values[sample];
      this.line?.point(sample === null ? null : { lng: profile.lon[sample]!, lat: profile.lat[sample]! });
      const told = found === null || found === undefined ? words("profile.noData") : value(found);
      const distance = sample === null ? "" : i18n.distance(profile.distance_m[sample]!);
      at.textContent = sample === null ? "" : words("profile.at", { distance, value: told });
    };
    const chart = profileChart(profile, chartWords, pointed, result.clientWidth || undefined);
    const heads = [words("profile.distance"), words("profile.valueColumn"), words("profile.place")] as const;
    const table = profileTable(profile, heads, { ...chartWords, nothing: words("profile.noData") });
    status.textContent = summary;
    result.replaceChildren(
      chart,
      at,
      el(
        "details",
        {},
        el("summary", {}, words("profile.table")),
        el("div", { class: "hm-profile__scroll", tabindex: "0" }, table),
      ),
    );
  }
}

function asPoints(text: string): readonly LngLat[] {
  const points = parsePoints(text);
  return isList(points) ? points : [];
}

function isList<T>(found: readonly T[] | { readonly row: number }): found is readonly T[] {
  return Array.isArray(found);
}
