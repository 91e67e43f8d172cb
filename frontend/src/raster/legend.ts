/** What the colours of a raster mean: a strip with its ends, or a row for each class; nothing for pictures. */
import type { RasterConfig } from "../api/config";
import type { I18n } from "../i18n";
import { el, freshId, svg } from "../ui/dom";
import { written } from "./values";
import type { Words } from "./words";

const WIDTH = 160;
const HEIGHT = 12;

export function legendOf(raster: RasterConfig, i18n: I18n, words: Words): HTMLElement | null {
  const { legend } = raster;
  if (legend.kind === "picture") return null;
  if (legend.kind === "classes") {
    const rows = legend.rows.map(({ label, color }) => el("li", {}, chip(color), el("span", {}, label)));
    return el("ul", { class: "hm-layer__classes" }, ...rows);
  }
  const { stops, unit } = legend;
  const [first, last] = [stops[0]!, stops.at(-1)!];
  const say = (value: number) => written(value, { ...raster, values: { band: 1, unit } }, i18n);
  const range = words("raster.legendRange", { low: say(first.value), high: say(last.value) });
  return el(
    "div",
    { class: "hm-raster__ramp", role: "img", "aria-label": range },
    strip(stops),
    el(
      "span",
      { class: "hm-raster__ends", "aria-hidden": "true" },
      el("span", {}, say(first.value)),
      el("span", {}, say(last.value)),
    ),
  );
}

function chip(color: string): SVGSVGElement {
  const box = {
    x: 1,
    y: 1,
    width: 24,
    height: 16,
    rx: 2,
    fill: color,
    stroke: "currentColor",
    "stroke-opacity": 0.35,
  };
  return svg(
    "svg",
    { viewBox: "0 0 26 18", width: 26, height: 18, class: "hm-swatch", "aria-hidden": "true" },
    svg("rect", box),
  );
}

function strip(stops: readonly { readonly value: number; readonly color: string }[]): SVGSVGElement {
  const id = freshId("ramp");
  const [low, high] = [stops[0]!.value, stops.at(-1)!.value];
  const marks = stops.map(({ value, color }) =>
    svg("stop", { offset: ((value - low) / (high - low)).toFixed(4), "stop-color": color }),
  );
  return svg(
    "svg",
    {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: "none",
      class: "hm-raster__strip",
      "aria-hidden": "true",
    },
    svg("defs", {}, svg("linearGradient", { id }, ...marks)),
    svg("rect", { width: WIDTH, height: HEIGHT, fill: `url(#${id})` }),
  );
}
