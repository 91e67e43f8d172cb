/** The selected feature: its form, what dragging does, its coordinates, delete and history. */
import { withId } from "../api/features";
import { button, el, freshId, icon } from "../ui/dom";
import type { Tool } from "./engine";
import { problemWith } from "./fields";
import { type FieldForm, fieldForm } from "./form";
import { type EditorModel, isOpen, titleOf } from "./model";
import type { PanelContext } from "./panel";
import { type PlaceForm, placeForm } from "./place-form";
import { type Draft, drafts, feature } from "./session";

interface Parts {
  readonly heading: HTMLElement;
  readonly restore: HTMLElement;
  readonly tools: HTMLElement | null;
  readonly form: FieldForm | null;
  readonly place: PlaceForm | null;
}

export interface FeatureSection {
  readonly element: HTMLElement;
  /** To the heading, from which Tab leads into the form. */
  focus(): void;
  focusField(key: string): void;
}

/** Built anew for each feature, kept up to date while it is the same one. */
export function featureSection(context: PanelContext): FeatureSection {
  const { store } = context;
  const section = el("section", {
    class: "hm-editor__feature",
    "aria-label": context.words("feature.section"),
  });
  let parts: Parts | null = null;
  let built: string | null = null;
  const update = () => {
    const model = store.get();
    const draft = model.edit && model.selected ? feature(model.edit, model.selected) : null;
    section.hidden = draft === null || !isOpen(model) || model.drawing !== null;
    const wanted = draft && model.layer ? `${model.layer.name} ${draft.key} ${draft.deleted}` : null;
    if (wanted !== built) {
      built = wanted;
      const made = draft ? build(context, draft) : null;
      parts = made?.parts ?? null;
      section.replaceChildren(...(made?.children ?? []));
    }
    if (draft && parts) refresh(context, parts, draft, model);
  };
  store.watch((model) => model, update);
  update();
  return {
    element: section,
    focus: () => parts?.heading.focus({ preventScroll: true }),
    focusField: (key) => parts?.form?.focus(key),
  };
}

function build(context: PanelContext, draft: Draft): { parts: Parts; children: Node[] } {
  const { words, actions, store, i18n } = context;
  const layer = store.get().layer!;
  const heading = el("h3", { class: "hm-editor__name", tabindex: "-1" });
  const restore = button("", { class: "hm-button" }, () => actions.restore(), words("feature.restore"));
  const history =
    draft.id === null
      ? null
      : el(
          "a",
          {
            class: "hm-link-button",
            href: withId(layer.pageUrl, draft.id),
            target: "_blank",
            rel: "noopener",
          },
          icon("page"),
          words("feature.history"),
        );
  if (draft.deleted) {
    const note = el("p", { class: "notice notice--warn" }, words("feature.deletedNote"));
    const bar = el("div", { class: "hm-editor__actions" }, restore, history);
    return {
      parts: { heading, restore, tools: null, form: null, place: null },
      children: [heading, note, bar],
    };
  }
  const isPoint = draft.geometry.type === "Point";
  const form = fieldForm(
    layer.fields,
    draft.properties,
    words,
    {
      changed: (field, value) => actions.setValue(field.key, value),
      finished: (field, value) => {
        const problem = problemWith(field, value);
        actions.setValue(field.key, value);
        actions.setProblem(field.key, problem ? words(problem.key, problem.params) : "");
      },
      wrong: (field, { key, params }) => actions.setProblem(field.key, words(key, params)),
    },
    { yes: i18n.t("value.yes"), no: i18n.t("value.no"), decimal: i18n.number(0.5).charAt(1) },
  );
  const place = isPoint
    ? placeForm(words, words("place.move"), context.box, (at) => actions.moveTo(at))
    : null;
  const tools = isPoint ? null : toolChoice(context);
  const remove = button(
    "",
    { class: "hm-button hm-button--danger" },
    () => actions.remove(),
    words("feature.delete"),
  );
  const done = button("", { class: "hm-button" }, () => actions.select(null), words("feature.done"));
  const title = el("div", {}, el("p", { class: "hm-form__hint" }, layer.title), heading);
  const children = [
    title,
    tools ?? el("p", { class: "hm-form__hint" }, words("feature.pointHint")),
    form.element,
    place ? coordinates(context, place) : null,
    el("div", { class: "hm-editor__actions" }, done, restore, remove),
    history,
  ].filter((child) => child !== null);
  return { parts: { heading, restore, tools, form, place }, children };
}

function coordinates({ words }: PanelContext, place: PlaceForm): HTMLElement {
  return el("details", { class: "hm-editor__place" }, el("summary", {}, words("place.title")), place.element);
}

function toolChoice({ words, actions }: PanelContext): HTMLElement {
  const name = freshId("tool");
  const option = (tool: Tool, text: string) => {
    const input = el("input", { type: "radio", name, value: tool });
    input.addEventListener("change", () => actions.useTool(tool));
    return el("label", { class: "hm-segment" }, input, el("span", {}, text));
  };
  return el(
    "fieldset",
    { class: "hm-editor__tool" },
    el("legend", { class: "visually-hidden" }, words("feature.tool")),
    el(
      "div",
      { class: "hm-segments" },
      option("vertices", words("feature.vertices")),
      option("whole", words("feature.whole")),
    ),
    el("p", { class: "hm-form__hint" }),
  );
}

function refresh(context: PanelContext, parts: Parts, draft: Draft, model: EditorModel): void {
  const { words, i18n } = context;
  parts.heading.textContent = titleOf(draft, model.layer!, i18n, words);
  // A new feature cannot go back to what it was.
  parts.restore.hidden = draft.id === null || !drafts(model.edit!).has(draft.key);
  parts.form?.show(draft.properties);
  parts.form?.complain(model.problems.get(draft.key) ?? new Map());
  if (draft.geometry.type === "Point") parts.place?.show(draft.geometry.coordinates);
  if (!parts.tools) return;
  for (const input of parts.tools.querySelectorAll("input")) input.checked = input.value === model.tool;
  parts.tools.querySelector("p")!.textContent = words(
    model.tool === "whole" ? "feature.wholeHint" : "feature.verticesHint",
  );
}
