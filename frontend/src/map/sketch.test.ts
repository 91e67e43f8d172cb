import { expect, test } from "vitest";
import { boundsOf } from "./sketch";

test("a box holds its places with a margin, a single point too", () => {
  expect(boundsOf([])).toBeNull();
  const [west, south, east, north] = boundsOf([
    [29, 48],
    [30, 49],
  ])!;
  expect([west < 29, south < 48, east > 30, north > 49]).toEqual([true, true, true, true]);
  const [w, , e] = boundsOf([[29, 48]])!;
  expect(e - w).toBeGreaterThan(0);
});

test("a stray place does not make the others a dot", () => {
  const many = Array.from({ length: 99 }, (_, i): [number, number] => [29 + i / 1000, 48]);
  expect(boundsOf([...many, [150, 10]])![2]).toBeLessThan(30);
});
