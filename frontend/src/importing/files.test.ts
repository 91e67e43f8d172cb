import { expect, test } from "vitest";
import { joined, megabytes, percent, refusal } from "./files";

const file = (name: string, size = 10) => ({ name, size, lastModified: 1 });

test("parts of a shapefile are gathered one after the other, and a part chosen again replaces itself", () => {
  const first = joined([], [file("a.shp"), file("a.dbf", 5)]);
  const both = joined(first, [file("a.prj"), file("a.dbf", 7)]);
  expect(both.map(({ name, size }) => `${name} ${size}`)).toEqual(["a.shp 10", "a.prj 10", "a.dbf 7"]);
});

test("what is empty or beyond the limit is refused before it is sent", () => {
  expect(refusal(file("a.zip", 0), 1)).toBe("empty");
  expect(refusal(file("a.zip", 1024 * 1024 + 1), 1)).toBe("tooLarge");
  expect(refusal(file("a.zip", 1024 * 1024), 1)).toBeNull();
});

test("sizes and shares are told as people read them", () => {
  expect([0, 1_500_000, 73_400_320].map(megabytes)).toEqual([0.1, 1.4, 70]);
  expect([percent(0, 3), percent(1, 3), percent(3, 3), percent(0, 0)]).toEqual([0, 33, 100, 100]);
});
