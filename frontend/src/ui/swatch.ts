/** One symbol of the legend, drawn as the map draws it. */
import type { LegendRow } from "../api/config";
import { PATTERN_PX, patternNamed, patternSegments } from "../map/mvt/patterns";
import { freshId, svg } from "./dom";

const WIDTH = 26;
const HEIGHT = 18;

export function swatch(row: LegendRow): SVGSVGElement {
  const box = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT };
  const shape =
    row.kind === "line" ? lineShape(row) : row.kind === "circle" ? circleShape(row) : fillShape(row);
  return svg("svg", { ...box, class: "hm-swatch", "aria-hidden": "true", focusable: "false" }, ...shape);
}

function lineShape(row: LegendRow): Node[] {
  const width = Math.min(6, Math.max(1.5, row.width ?? 2));
  return [
    svg("path", {
      d: `M2 ${HEIGHT - 5} C 9 ${HEIGHT - 15}, 16 ${HEIGHT + 3}, ${WIDTH - 2} 5`,
      fill: "none",
      stroke: row.stroke ?? row.fill,
      "stroke-width": width,
      "stroke-opacity": row.opacity,
      "stroke-dasharray": row.dash?.length ? row.dash.map((part) => part * width).join(" ") : null,
      "stroke-linecap": row.dash?.length ? "butt" : "round",
    }),
  ];
}

function circleShape(row: LegendRow): Node[] {
  const border = row.stroke ? Math.min(3, row.width ?? 1) : 0;
  return [
    svg("circle", {
      cx: WIDTH / 2,
      cy: HEIGHT / 2,
      r: Math.min(HEIGHT / 2 - 1, Math.max(3, row.radius ?? 5)) - border / 2,
      fill: row.fill ?? "none",
      "fill-opacity": row.opacity,
      stroke: row.stroke,
      "stroke-width": border,
    }),
  ];
}

function fillShape(row: LegendRow): Node[] {
  const box = { x: 1, y: 1, width: WIDTH - 2, height: HEIGHT - 2, rx: 2 };
  const parts: Node[] = [svg("rect", { ...box, fill: row.fill ?? "none", "fill-opacity": row.opacity })];
  const name = patternNamed(row.pattern ?? "");
  if (name) {
    const id = freshId("pattern");
    const ink = row.stroke ?? "currentColor";
    const marks = patternSegments(name).map(([x1, y1, x2, y2]) =>
      svg("line", { x1, y1, x2, y2, stroke: ink, "stroke-width": 1.1 }),
    );
    const dot = svg("circle", { cx: PATTERN_PX / 2, cy: PATTERN_PX / 2, r: 1.2, fill: ink });
    const unit = { id, width: PATTERN_PX, height: PATTERN_PX, patternUnits: "userSpaceOnUse" };
    parts.push(svg("defs", {}, svg("pattern", unit, ...(marks.length > 0 ? marks : [dot]))));
    parts.push(svg("rect", { ...box, fill: `url(#${id})` }));
  }
  const border = row.stroke ? Math.min(2, Math.max(0.75, row.width ?? 1)) : 0;
  if (border) parts.push(svg("rect", { ...box, fill: "none", stroke: row.stroke, "stroke-width": border }));
  return parts;
}
