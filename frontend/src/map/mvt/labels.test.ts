import { expect, test } from "vitest";
import { POINT_RANK } from "./candidates";
import { breakLines, labelKey, type PlaceOptions, placeLabels, type ScreenLabel } from "./labels";

const LOOK: ScreenLabel["look"] = {
  size: 10,
  bold: false,
  italic: false,
  color: "#000",
  halo: "#fff",
  haloWidth: 1,
  opacity: 1,
  lineHeight: 12,
  padding: 2,
  maxWidth: 100,
  overlap: false,
};

function label(text: string, x: number, y: number, changes: Partial<ScreenLabel> = {}): ScreenLabel {
  const feature = changes.feature ?? x * 1000 + y;
  const rest = {
    angle: 0,
    room: Infinity,
    spacing: 250,
    anchor: "center",
    offset: [0, 0] as const,
    sort: 0,
    rank: 0,
  };
  return { layer: "demo.x", text, x, y, look: LOOK, ...rest, ...changes, feature };
}

const OPTIONS: PlaceOptions = {
  width: 400,
  height: 300,
  measure: (text) => text.length * 6,
  shown: new Set(),
};
const texts = (labels: ScreenLabel[], options: Partial<PlaceOptions> = {}) =>
  placeLabels(labels, { ...OPTIONS, ...options }).map((placed) => placed.label.text);

test("of two labels that would touch, the one with the lower sort key stays", () => {
  expect(texts([label("Ділянка", 100, 100), label("Місто", 110, 104, { sort: -1 })])).toEqual(["Місто"]);
});

test("labels side by side are both drawn", () => {
  expect(texts([label("Перша", 60, 100), label("Друга", 200, 100)])).toHaveLength(2);
});

test("the result does not depend on the order in which tiles arrived", () => {
  const labels = Array.from({ length: 60 }, (_, i) =>
    label(`Назва ${i}`, (i * 37) % 400, (i * 53) % 300, { rank: i % 7 }),
  );
  expect(texts([...labels].reverse())).toEqual(texts(labels));
});

test("a label on the screen keeps its place against a larger newcomer", () => {
  const old = label("Стара", 100, 100);
  const larger = label("Нова", 110, 104, { rank: 500 });
  expect(texts([old, larger])).toEqual(["Нова"]);
  expect(texts([old, larger], { shown: new Set([labelKey(old)]) })).toEqual(["Стара"]);
});

test("a feature cut by a tile border is named once, on its larger piece", () => {
  const pieces = [
    label("Ліс", 60, 60, { feature: 7, rank: 10 }),
    label("Ліс", 300, 200, { feature: 7, rank: 90 }),
  ];
  const placed = placeLabels(pieces, OPTIONS);
  expect(placed.map(({ x }) => x)).toEqual([300]);
});

test("a street is named again only at a distance, and not where its name does not fit", () => {
  const street = (x: number, room: number) =>
    label("вулиця Соборна", x, 150, { room, spacing: 250, feature: x });
  expect(
    placeLabels([street(60, 200), street(200, 200), street(330, 200)], OPTIONS).map(({ x }) => x),
  ).toEqual([60, 330]);
  expect(texts([street(60, 50)])).toEqual([]);
});

test("a slanted label takes the room of its letters, not of a box around them", () => {
  const slanted = label("довга назва вулиці", 150, 150, { room: 300, angle: Math.PI / 4 });
  expect(texts([slanted, label("Хата", 190, 110)])).toEqual(["довга назва вулиці", "Хата"]);
  expect(texts([slanted, label("Хата", 180, 180)])).toEqual(["довга назва вулиці"]);
});

test("a label that may overlap is drawn in any case", () => {
  const stubborn = label("Штаб", 100, 100, { sort: 1, look: { ...LOOK, overlap: true } });
  expect(texts([label("Місто", 100, 100), stubborn])).toEqual(["Місто", "Штаб"]);
});

test("what lies wholly beyond the screen is not drawn and takes no room", () => {
  expect(texts([label("Далеко", -200, 100)])).toEqual([]);
});

test("an anchor puts the text beside the point", () => {
  const [right] = placeLabels([label("Ліцей", 100, 100, { anchor: "left" })], OPTIONS);
  expect(right!.x).toBe(100 + 15);
  const [below] = placeLabels([label("Ліцей", 100, 100, { anchor: "top", offset: [0, 8] })], OPTIONS);
  expect(below!.y).toBe(100 + 6 + 8);
});

test("long text is broken between words; one long word stays whole", () => {
  const measure = OPTIONS.measure;
  expect(breakLines("Центр надання адміністративних послуг", LOOK, measure)).toEqual([
    "Центр надання",
    "адміністративних",
    "послуг",
  ]);
  expect(breakLines("Новоолександрівськадовга", LOOK, measure)).toEqual(["Новоолександрівськадовга"]);
});

test("numbers in circles are all shown, however often one repeats", () => {
  const circles = [10, 60, 110].map((x) => ({
    ...label("7", x, 10, { rank: POINT_RANK }),
    feature: undefined,
  }));
  expect(texts(circles)).toEqual(["7", "7", "7"]);
});
