/** A point by typed coordinates: the form twin of placing it with the pointer. */
import { button, el, freshId } from "../ui/dom";
import { degreesText, parsePlace } from "./geometry";
import type { Words } from "./words";

export interface PlaceForm {
  readonly element: HTMLElement;
  show(at: GeoJSON.Position): void;
}

/** `box`: where features of the community can be, to notice swapped numbers. */
export function placeForm(
  words: Words,
  label: string,
  box: readonly [number, number, number, number],
  onPlace: (at: GeoJSON.Position) => void,
): PlaceForm {
  const example = { lng: degreesExample(box[0], box[2]), lat: degreesExample(box[1], box[3]) };
  const [lng, lat] = [coordinateInput(words("place.lng")), coordinateInput(words("place.lat"))];
  const hint = el("p", { class: "hm-form__hint", id: freshId("hint") }, words("place.hint", example));
  const error = el("p", { class: "hm-form__error", role: "alert", id: freshId("error"), hidden: true });
  const inputs = [lng.input, lat.input];
  for (const input of inputs) input.setAttribute("aria-describedby", `${hint.id} ${error.id}`);
  const place = () => {
    const found = parsePlace(lng.input.value, lat.input.value, box);
    const wrong = typeof found === "string";
    error.hidden = !wrong;
    error.textContent = wrong ? words(`place.${found}`, example) : "";
    for (const input of inputs) input.setAttribute("aria-invalid", String(wrong));
    if (wrong) lng.input.focus();
    else onPlace(found);
  };
  const element = el(
    "div",
    { class: "hm-place", role: "group", "aria-label": words("place.title") },
    el("div", { class: "hm-place__pair" }, lng.element, lat.element),
    hint,
    error,
    button("", { class: "hm-button" }, place, label),
  );
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.target instanceof HTMLInputElement)) return;
    event.preventDefault();
    place();
  });
  return {
    element,
    show([x, y]) {
      if (inputs.some((input) => input === document.activeElement)) return;
      lng.input.value = degreesText(x!);
      lat.input.value = degreesText(y!);
    },
  };
}

function coordinateInput(title: string): { element: HTMLElement; input: HTMLInputElement } {
  const input = el("input", {
    type: "text",
    inputmode: "decimal",
    autocomplete: "off",
    id: freshId("place"),
  });
  const element = el("div", { class: "hm-form__row" }, el("label", { for: input.id }, title), input);
  return { element, input };
}

function degreesExample(from: number, to: number): string {
  return ((from + to) / 2).toFixed(4);
}
