/** A profile as a drawing: distance to the right, value upwards, gaps where there is no data. */
import { el, svg } from "../ui/dom";
import type { Profile } from "./values";

const HEIGHT = 200;
const ROOM = { left: 58, right: 14, top: 12, bottom: 28 };
const TICKS = 4;

export interface ChartWords {
  /** What the whole chart says. */
  readonly label: string;
  readonly distance: (metres: number) => string;
  readonly value: (value: number) => string;
}

/** `width` in CSS pixels, so that letters keep their size. `onPoint` hears the number of the sample under the pointer; null when it left. */
export function profileChart(
  profile: Profile,
  words: ChartWords,
  onPoint: (sample: number | null) => void,
  width = 600,
): SVGSVGElement {
  const { length_m, distance_m, values, min, max } = profile;
  const [low, high] = padded(min ?? 0, max ?? 1);
  const x = (metres: number) => ROOM.left + (metres / length_m) * (width - ROOM.left - ROOM.right);
  const y = (value: number) =>
    HEIGHT - ROOM.bottom - ((value - low) / (high - low)) * (HEIGHT - ROOM.top - ROOM.bottom);
  const cursor = svg("line", { class: "hm-chart__cursor", y1: ROOM.top, y2: HEIGHT - ROOM.bottom });
  cursor.setAttribute("visibility", "hidden");
  const runs = runsOf(values);
  const line = (run: readonly number[]) =>
    run.map((index) => `${x(distance_m[index]!).toFixed(1)} ${y(values[index]!).toFixed(1)}`).join(" L");
  const floor = (HEIGHT - ROOM.bottom).toFixed(1);
  const chart = svg(
    "svg",
    { viewBox: `0 0 ${width} ${HEIGHT}`, class: "hm-chart", role: "img", "aria-label": words.label },
    ...ticks(low, high).flatMap((value) => [
      svg("line", {
        class: "hm-chart__grid",
        x1: ROOM.left,
        x2: width - ROOM.right,
        y1: y(value),
        y2: y(value),
      }),
      text(words.value(value), ROOM.left - 6, y(value) + 4, "end"),
    ]),
    ...ticks(0, length_m).map((metres) =>
      text(words.distance(metres), x(metres), HEIGHT - 8, x(metres) > width - 60 ? "end" : "middle"),
    ),
    ...runs.flatMap((run) => [
      svg("path", {
        class: "hm-chart__area",
        d: `M${x(distance_m[run[0]!]!).toFixed(1)} ${floor} L${line(run)} L${x(distance_m[run.at(-1)!]!).toFixed(1)} ${floor} Z`,
      }),
      svg("path", { class: "hm-chart__line", d: `M${line(run)}` }),
    ]),
    cursor,
  );
  chart.addEventListener("pointermove", (event) => {
    const box = chart.getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width) * width;
    const share = (at - ROOM.left) / (width - ROOM.left - ROOM.right);
    const sample = Math.round(Math.min(1, Math.max(0, share)) * (values.length - 1));
    cursor.setAttribute("visibility", "visible");
    for (const end of ["x1", "x2"]) cursor.setAttribute(end, x(distance_m[sample]!).toFixed(1));
    onPoint(sample);
  });
  chart.addEventListener("pointerleave", () => {
    cursor.setAttribute("visibility", "hidden");
    onPoint(null);
  });
  return chart;
}

/** Numbers of neighbouring samples that have a value. */
export function runsOf(values: readonly (number | null)[]): number[][] {
  const runs: number[][] = [];
  values.forEach((value, index) => {
    if (value === null) return;
    if (index > 0 && values[index - 1] !== null && runs.length > 0) runs.at(-1)!.push(index);
    else runs.push([index]);
  });
  return runs;
}

/** Round numbers within low..high, about four of them. */
export function ticks(low: number, high: number): number[] {
  const rough = (high - low) / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((of) => of * power).find((size) => size >= rough) ?? 10 * power;
  const found: number[] = [];
  for (let n = Math.ceil(low / step); n * step <= high + step * 1e-9; n += 1)
    found.push(Number((n * step).toPrecision(12)));
  return found;
}

/** Flat ground is drawn as flat: a range is never less than a hundredth of its values, or a unit. */
function padded(low: number, high: number): readonly [number, number] {
  const least = Math.max(1, (Math.abs(low) + Math.abs(high)) / 200);
  const room = Math.max((high - low) * 0.06, (least - (high - low)) / 2);
  return [low - room, high + room];
}

function text(content: string, x: number, y: number, anchor: string): SVGTextElement {
  const element = svg("text", {
    x: x.toFixed(1),
    y: y.toFixed(1),
    "text-anchor": anchor,
    "aria-hidden": "true",
  });
  element.textContent = content;
  return element;
}

/** The same as a table, every so many samples: at most `rows` of them, the last one included. */
export function profileTable(
  profile: Profile,
  heads: readonly [string, string, string],
  words: ChartWords & { readonly nothing: string },
  rows = 25,
): HTMLTableElement {
  const last = profile.values.length - 1;
  const count = Math.min(rows, profile.values.length);
  const shown = Array.from({ length: count }, (_, n) => Math.round((n * last) / Math.max(1, count - 1)));
  return el(
    "table",
    { class: "hm-profile__table" },
    el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", { scope: "col" }, head)))),
    el(
      "tbody",
      {},
      ...shown.map((index) => {
        const value = profile.values[index];
        return el(
          "tr",
          {},
          el("th", { scope: "row" }, words.distance(profile.distance_m[index]!)),
          el("td", {}, value === null || value === undefined ? words.nothing : words.value(value)),
          el("td", {}, `${profile.lat[index]!.toFixed(5)}, ${profile.lon[index]!.toFixed(5)}`),
        );
      }),
    ),
  );
}
