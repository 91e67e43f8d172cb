/** Elements made by hand: text goes in as text, never as HTML. */

type Attributes = Readonly<Record<string, string | number | boolean | null | undefined>>;
export type Child = Node | string | null | undefined | false;

/** `true` sets a bare attribute; false, null and undefined leave it out. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  assign(element, attributes);
  element.append(...children.filter((child): child is Node | string => Boolean(child)));
  return element;
}

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Node[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  assign(element, attributes);
  element.append(...children);
  return element;
}

function assign(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
}

/** A button. Without text among its children, `label` becomes its name and its tooltip. */
export function button(
  label: string,
  attributes: Attributes,
  onPress: () => void,
  ...children: Child[]
): HTMLButtonElement {
  const element = el("button", { type: "button", ...attributes }, ...children);
  if (!element.textContent) {
    element.setAttribute("aria-label", label);
    element.title = label;
  }
  element.addEventListener("click", onPress);
  return element;
}

let last = 0;

/** An id that no other element of the page has. */
export function freshId(prefix: string): string {
  last += 1;
  return `hm-${prefix}-${last}`;
}

const ICONS = {
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  home: "M4 11.5 12 4.5l8 7M6.5 10v9h11v-9M10 19v-5h4v5",
  layers: "m12 4 8.5 4.5L12 13 3.5 8.5 12 4Zm-8.5 8.5L12 17l8.5-4.5M3.5 16.5 12 21l8.5-4.5",
  close: "m6 6 12 12M18 6 6 18",
  chevronLeft: "m14.5 5-7 7 7 7",
  chevronRight: "m9.5 5 7 7-7 7",
  chevronDown: "m5 9.5 7 7 7-7",
  sliders: "M4 8h9M17 8h3M15 5.5v5M4 16h3M11 16h9M9 13.5v5",
  target: "M12 4v4M12 16v4M4 12h4M16 12h4M12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5",
  page: "M7 3.5h7l4 4v13H7zM14 3.5v4h4M10 12h5M10 16h5",
  pencil: "m5 19 1-4.5L16 4.5l3.5 3.5-10 10L5 19Z",
} as const;
export type Icon = keyof typeof ICONS;

/** Decoration only: the control around it carries the words. */
export function icon(name: Icon): SVGSVGElement {
  return svg(
    "svg",
    { viewBox: "0 0 24 24", class: "hm-icon", "aria-hidden": "true", focusable: "false" },
    svg("path", { d: ICONS[name] }),
  );
}
