// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { FieldConfig } from "../api/config";
import { I18n } from "../i18n";
import { fieldForm } from "./form";
import { wordsOf } from "./words";

const HOSTILE = '<img src=x onerror="alert(1)">';
const FIELDS: FieldConfig[] = [
  { key: "name", title: HOSTILE, type: "string", required: true },
  { key: "area", title: "Площа", type: "number", unit: "га", min: 0 },
  { key: "kind", title: "Вид", type: "string", domain: [{ value: "a", title: "Перший" }] },
];
const listener = { changed: vi.fn(), finished: vi.fn(), wrong: vi.fn() };

function make(properties: Record<string, unknown>) {
  const form = fieldForm(FIELDS, properties, wordsOf(new I18n("uk")), listener, {
    yes: "так",
    no: "ні",
    decimal: ",",
  });
  document.body.append(form.element);
  const control = (key: number) => form.element.querySelectorAll<HTMLInputElement>("input, select")[key]!;
  const enter = (index: number, text: string) => {
    control(index).value = text;
    for (const type of ["input", "change"]) control(index).dispatchEvent(new Event(type));
  };
  return { form, control, enter };
}

beforeEach(() => {
  for (const mock of Object.values(listener)) mock.mockReset();
});
afterEach(() => document.body.replaceChildren());

test("every control has a label of text, its unit, and says whether it is required", () => {
  const { form, control } = make({ name: "Ліцей" });
  const labels = [...form.element.querySelectorAll("label")];
  expect(labels.map((label) => label.textContent)).toEqual([`${HOSTILE} (обов’язково)`, "Площа, га", "Вид"]);
  expect(labels.map(({ htmlFor }) => htmlFor)).toEqual([0, 1, 2].map((index) => control(index).id));
  expect(control(0).getAttribute("aria-required")).toBe("true");
  expect(form.element.querySelector("img")).toBeNull();
});

test("a value is handed on as its type, and nonsense is told without being lost", () => {
  const { form, control, enter } = make({ area: 2 });
  enter(1, "0,5");
  expect(listener.finished).toHaveBeenLastCalledWith(FIELDS[1], 0.5);
  enter(1, "пів");
  expect(listener.wrong).toHaveBeenCalledWith(FIELDS[1], { key: "issue.number" });
  form.show({ area: 0.5 });
  expect(control(1).value).toBe("пів");
});

test("numbers are shown with the reader's decimal sign, and not written anew while they are the same", () => {
  const { form, control, enter } = make({ area: 2.5 });
  expect(control(1).value).toBe("2,5");
  enter(1, "3,50");
  form.show({ area: 3.5 });
  expect(control(1).value).toBe("3,50");
});

test("errors stand beside their field, and go when it is right", () => {
  const { form, control } = make({});
  form.complain(new Map([["area", "Забагато."]]));
  const error = form.element.querySelectorAll<HTMLElement>(".hm-form__error")[1]!;
  expect([error.textContent, error.hidden, control(1).getAttribute("aria-invalid")]).toEqual([
    "Забагато.",
    false,
    "true",
  ]);
  expect(control(1).getAttribute("aria-describedby")).toContain(error.id);
  form.complain(new Map());
  expect([error.hidden, control(1).hasAttribute("aria-invalid")]).toEqual([true, false]);
});

test("a stored value that the list no longer has is shown, not dropped", () => {
  const { control } = make({ kind: "старий" });
  expect(control(2).value).toBe("старий");
});
