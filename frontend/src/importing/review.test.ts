// @vitest-environment happy-dom
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { ImportReview } from "./review";

const answers: ((response: Response) => void)[] = [];
const asked: unknown[] = [];

beforeAll(() => customElements.define("import-review", ImportReview));

beforeEach(() => {
  answers.length = asked.length = 0;
  vi.stubGlobal("fetch", (_url: string, init: RequestInit) => {
    asked.push(JSON.parse(String(init.body)));
    return new Promise<Response>((resolve) => answers.push(resolve));
  });
  document.documentElement.lang = "uk";
  document.body.innerHTML = `
    <button data-apply>Застосувати 3 зміни</button><a href="#next" id="elsewhere">далі</a>
    <import-review data-address="/diff">
      <input type="checkbox" name="row" value="1" checked><input type="checkbox" name="row" value="2" checked>
    </import-review>`;
});

afterEach(() => vi.unstubAllGlobals());

const apply = () => document.querySelector<HTMLButtonElement>("[data-apply]")!;

function untick(value: string): HTMLInputElement {
  const box = document.querySelector<HTMLInputElement>(`input[value="${value}"]`)!;
  box.checked = false;
  box.dispatchEvent(new Event("change", { bubbles: true }));
  return box;
}

async function answer(body: unknown, status = 200): Promise<void> {
  await vi.waitFor(() => expect(answers.length).toBeGreaterThan(0));
  const headers = { "Content-Type": "application/json" };
  answers.shift()!(new Response(JSON.stringify(body), { status, headers }));
}

test("nothing can be applied before every refused row was told to the server", async () => {
  untick("1");
  untick("2");
  expect(apply().disabled).toBe(true);
  await answer({ counts: { accepted: 2 } });
  await vi.waitFor(() => expect(asked).toHaveLength(2));
  expect(apply().disabled).toBe(true);
  await answer({ counts: { accepted: 1 } });
  await vi.waitFor(() => expect(apply().disabled).toBe(false));
  expect(apply().textContent).toBe("Застосувати 1 зміну");
  expect(asked).toEqual([
    { rows: [1], accepted: false },
    { rows: [2], accepted: false },
  ]);
});

test("a choice that did not arrive is taken back, and the rest can be applied", async () => {
  const box = untick("1");
  await answer({ code: "wrong-import-status", detail: "Зачекайте" }, 409);
  await vi.waitFor(() => expect(apply().disabled).toBe(false));
  expect(box.checked).toBe(true);
  expect(apply().textContent).toBe("Застосувати 3 зміни");
});

test("whoever has moved on while a row was being told is not called back to it", async () => {
  untick("1");
  document.querySelector<HTMLElement>("#elsewhere")!.focus();
  await answer({ counts: { accepted: 2 } });
  await vi.waitFor(() => expect(apply().disabled).toBe(false));
  expect(document.activeElement?.id).toBe("elsewhere");
});
