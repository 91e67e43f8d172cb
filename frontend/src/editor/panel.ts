/** The editor's card over the map: which layer, tools, the selected feature, what is not saved yet. */
import type { LayerConfig } from "../api/config";
import type { I18n } from "../i18n";
import type { Store } from "../state/store";
import { button, el, freshId, icon, svg } from "../ui/dom";
import { makeSheet, type Sheet } from "../ui/sheet";
import { conflictView } from "./conflict-view";
import type { Choice, Conflict } from "./conflicts";
import type { Tool } from "./engine";
import { type FeatureSection, featureSection } from "./feature-view";
import type { Value } from "./fields";
import { type DrawKind, drawKinds } from "./geometry";
import { type EditorModel, isOpen, stepText, titleOf } from "./model";
import { placeForm } from "./place-form";
import { type Draft, drafts, redoStep, type Step, undoStep } from "./session";
import type { Words } from "./words";

/** What the planner can ask for. */
export interface EditorActions {
  close(): void;
  chooseLayer(name: string): void;
  draw(kind: DrawKind): void;
  finishDrawing(): void;
  removeLastVertex(): void;
  cancelDrawing(): void;
  placeAtCentre(): void;
  addAt(at: GeoJSON.Position): void;
  moveTo(at: GeoJSON.Position): void;
  select(key: string | null): void;
  useTool(tool: Tool): void;
  setValue(field: string, value: Value): void;
  setProblem(field: string, message: string): void;
  remove(): void;
  restore(): void;
  undo(): void;
  redo(): void;
  setComment(text: string): void;
  save(): void;
  discard(): void;
  answerDraft(restore: boolean): void;
  choose(key: string, choice: Choice): void;
  showConflict(conflict: Conflict): void;
  resolve(): void;
  leaveConflicts(): void;
}

export interface PanelContext {
  readonly store: Store<EditorModel>;
  readonly i18n: I18n;
  readonly words: Words;
  readonly actions: EditorActions;
  readonly layers: readonly LayerConfig[];
  /** Where coordinates can reasonably be. */
  readonly box: readonly [number, number, number, number];
}

const UNDO = "M9 6 4.5 10.5 9 15M5 10.5h9a5 5 0 0 1 0 10h-3";
const REDO = "m15 6 4.5 4.5L15 15M19 10.5h-9a5 5 0 0 0 0 10h3";
const DRAW_ICONS: Record<DrawKind, string> = {
  Point: "M12 20.5s6-5.4 6-10.2a6 6 0 1 0-12 0c0 4.8 6 10.2 6 10.2Zm0-8.2a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z",
  LineString: "M5 18 10 8l5 6 4-9M5 18h.01M10 8h.01M15 14h.01M19 5h.01",
  Polygon: "M5 8 13 4.5 19.5 11 15 19.5 6.5 17Z",
};

export class EditorPanel {
  readonly element: HTMLElement;
  readonly sheet: Sheet;
  private readonly heading: HTMLHeadingElement;
  private readonly feature: FeatureSection;
  private readonly content = el("div", { class: "hm-editor__content" });

  constructor(private readonly context: PanelContext) {
    const { words, i18n, actions } = context;
    this.feature = featureSection(context);
    const id = freshId("editor");
    this.heading = el("h2", { id, tabindex: "-1" }, words("editor.title"));
    const close = button(
      words("editor.close"),
      { class: "hm-icon-button" },
      () => actions.close(),
      icon("close"),
    );
    this.element = el("section", { class: "hm-card hm-editor", "aria-labelledby": id });
    this.sheet = makeSheet(this.element, i18n, () => this.sheet.setHeight("peek"));
    this.content.append(
      this.layerChoice(),
      this.notice(),
      this.question(),
      this.conflicts(),
      this.hint(),
      this.feature.element,
      this.newByCoordinates(),
      this.changes(),
    );
    this.element.append(
      this.sheet.handle,
      el("div", { class: "hm-card__head" }, this.heading, close),
      this.toolbar(),
      el("div", { class: "hm-editor__scroll" }, this.content, this.saveBox()),
    );
  }

  focus(): void {
    this.heading.focus({ preventScroll: true });
  }

  /** Brings the selected feature's form into sight; `focus`: and the keyboard to it. */
  showFeature(focus: boolean): void {
    this.scrollToTop();
    if (focus) this.feature.focus();
  }

  focusField(key: string): void {
    this.feature.focusField(key);
  }

  private scrollToTop(): void {
    this.content.scrollTop = 0;
    this.content.parentElement!.scrollTop = 0;
  }

  private get model(): EditorModel {
    return this.context.store.get();
  }

  /** Calls `draw` now and whenever one of the chosen parts of the model is another. */
  private follow<T>(choose: (model: EditorModel) => T, draw: (model: EditorModel) => void): void {
    this.context.store.watch(choose, () => draw(this.model));
    draw(this.model);
  }

  private layerChoice(): HTMLElement {
    const { words, layers, actions } = this.context;
    const select = el("select", { id: freshId("layer") });
    const groups = new Map<string, LayerConfig[]>();
    for (const layer of layers)
      groups.set(layer.themeTitle, [...(groups.get(layer.themeTitle) ?? []), layer]);
    select.append(el("option", { value: "" }, words("editor.choose")));
    for (const [label, members] of groups) {
      const options = members.map(({ name, title }) => el("option", { value: name }, title));
      select.append(el("optgroup", { label }, ...options));
    }
    select.addEventListener("change", () => select.value && actions.chooseLayer(select.value));
    const locked = el("p", { class: "hm-form__hint", id: freshId("hint") }, words("editor.layerLocked"));
    select.setAttribute("aria-describedby", locked.id);
    this.follow(
      (model) => model,
      ({ layer, edit, saving, drawing }) => {
        const changed = edit !== null && drafts(edit).size > 0;
        select.value = layer?.name ?? "";
        select.disabled = changed || saving || drawing !== null;
        locked.hidden = !changed;
      },
    );
    const label = el("label", { for: select.id }, words("editor.layer"));
    const row = el("div", { class: "hm-form__row" }, label, select, locked);
    // The form of a feature needs the room, and names its layer itself.
    this.follow(
      (model) => model.selected !== null || model.conflicts.length > 0,
      ({ selected, conflicts }) => {
        row.hidden = selected !== null || conflicts.length > 0;
      },
    );
    return row;
  }

  private toolbar(): HTMLElement {
    return el(
      "div",
      { class: "hm-editor__tools" },
      this.historyTools(),
      this.drawTools(),
      this.drawingTools(),
    );
  }

  private historyTools(): HTMLElement {
    const { words, actions, i18n } = this.context;
    const tool = (label: string, act: () => void, path: string, keys: string) =>
      button(label, { class: "hm-icon-button", "aria-keyshortcuts": keys }, act, glyph(path));
    const undo = tool(words("history.undo"), () => actions.undo(), UNDO, "Control+Z");
    const redo = tool(words("history.redo"), () => actions.redo(), REDO, "Control+Shift+Z");
    const name = (element: HTMLElement, text: string, possible: boolean, keys: string) => {
      element.setAttribute("aria-label", text);
      element.title = `${text} (${keys})`;
      element.setAttribute("aria-disabled", String(!possible));
    };
    this.follow(
      (model) => model,
      (model) => {
        const open = isOpen(model) ? model.edit : null;
        const [back, forth] = [open && undoStep(open), open && redoStep(open)];
        const text = (step: Step) => stepText(step, model, i18n, words);
        const undoText = back ? words("history.undoStep", { step: text(back) }) : words("history.undo");
        const redoText = forth ? words("history.redoStep", { step: text(forth) }) : words("history.redo");
        name(undo, undoText, Boolean(back) || (model.drawing?.vertices ?? 0) > 0, "Ctrl+Z");
        name(redo, redoText, Boolean(forth), "Ctrl+Shift+Z");
      },
    );
    return el(
      "div",
      { class: "hm-editor__group", role: "group", "aria-label": words("history.tools") },
      undo,
      redo,
    );
  }

  private drawTools(): HTMLElement {
    const { words, actions } = this.context;
    const group = el("div", { class: "hm-editor__group", role: "group", "aria-label": words("draw.tools") });
    this.follow(
      ({ layer }) => layer,
      ({ layer }) => {
        const kinds = layer ? drawKinds(layer.geometryType) : [];
        const tools = kinds.map((kind) => {
          const text = words(`draw.${kind}`);
          const children = kinds.length === 1 ? [glyph(DRAW_ICONS[kind]), text] : [glyph(DRAW_ICONS[kind])];
          const look =
            kinds.length === 1 ? "hm-button hm-button--strong" : "hm-icon-button hm-icon-button--framed";
          return button(text, { class: look }, () => actions.draw(kind), ...children);
        });
        group.replaceChildren(...tools);
      },
    );
    this.follow(isOpen, (model) => {
      for (const tool of group.children) (tool as HTMLButtonElement).disabled = !isOpen(model);
    });
    this.follow(
      ({ drawing }) => drawing,
      ({ drawing }) => {
        group.hidden = drawing !== null;
      },
    );
    return group;
  }

  /** While something is drawn: finish, one vertex back, cancel; and a vertex without a pointer. */
  private drawingTools(): HTMLElement {
    const { words, actions } = this.context;
    const finish = button(
      "",
      { class: "hm-button hm-button--strong" },
      () => actions.finishDrawing(),
      words("draw.finish"),
    );
    const last = button(
      "",
      { class: "hm-button" },
      () => actions.removeLastVertex(),
      words("draw.removeLast"),
    );
    const centre = button("", { class: "hm-button" }, () => actions.placeAtCentre(), words("draw.atCentre"));
    const cancel = button("", { class: "hm-button" }, () => actions.cancelDrawing(), words("draw.cancel"));
    const bar = el(
      "div",
      { class: "hm-editor__drawing", role: "group", "aria-label": words("draw.tools") },
      finish,
      cancel,
      centre,
      last,
    );
    this.follow(
      ({ drawing }) => drawing,
      ({ drawing }) => {
        bar.hidden = drawing === null;
        finish.hidden = last.hidden = drawing?.kind === "Point";
        const fewest = drawing?.kind === "Polygon" ? 3 : 2;
        finish.setAttribute("aria-disabled", String((drawing?.vertices ?? 0) < fewest));
        last.setAttribute("aria-disabled", String((drawing?.vertices ?? 0) === 0));
      },
    );
    return bar;
  }

  private notice(): HTMLElement {
    const calm = el("div", { role: "status" });
    const alarm = el("div", { role: "alert" });
    this.follow(
      ({ notice }) => notice,
      ({ notice }) => {
        calm.replaceChildren();
        alarm.replaceChildren();
        if (!notice) return;
        const link = notice.link
          ? el("a", { href: notice.link.href, target: "_blank", rel: "noopener" }, notice.link.text)
          : null;
        const text = el(
          "p",
          { class: `notice notice--${notice.tone}` },
          notice.text,
          link ? " " : null,
          link,
        );
        (notice.tone === "bad" ? alarm : calm).append(text);
        this.scrollToTop();
      },
    );
    return el("div", { class: "hm-editor__notices" }, calm, alarm);
  }

  private question(): HTMLElement {
    const { words, i18n, actions } = this.context;
    const box = el("div", { class: "hm-editor__question", role: "group", "aria-live": "polite" });
    this.follow(
      ({ question }) => question,
      ({ question }) => {
        box.hidden = question === null;
        if (!question) return box.replaceChildren();
        const n = drafts(question.state).size;
        const text = words("draft.question", { n, date: i18n.date(question.savedAt, true) });
        const restore = button(
          "",
          { class: "hm-button hm-button--strong" },
          () => actions.answerDraft(true),
          words("draft.restore"),
        );
        const discard = button(
          "",
          { class: "hm-button" },
          () => actions.answerDraft(false),
          words("draft.discard"),
        );
        box.setAttribute("aria-label", text);
        box.replaceChildren(
          el("p", { class: "notice notice--info" }, text),
          el("div", { class: "hm-editor__actions" }, restore, discard),
        );
      },
    );
    return box;
  }

  private conflicts(): HTMLElement {
    const { words, i18n, actions } = this.context;
    const box = el("div", {});
    const listener = {
      choose: (key: string, choice: Choice) => actions.choose(key, choice),
      show: (conflict: Conflict) => actions.showConflict(conflict),
      proceed: () => actions.resolve(),
      back: () => actions.leaveConflicts(),
    };
    const draw = (model: EditorModel) => {
      const radios = () => [...box.querySelectorAll<HTMLInputElement>("input")];
      const focused = radios().indexOf(document.activeElement as HTMLInputElement);
      box.hidden = model.conflicts.length === 0;
      box.replaceChildren(...(box.hidden ? [] : [conflictView(model, i18n, words, listener)]));
      radios()[focused]?.focus();
    };
    this.follow(({ choices }) => choices, draw);
    this.follow(
      ({ conflicts }) => conflicts,
      (model) => {
        draw(model);
        if (model.conflicts.length > 0) box.querySelector("h3")?.focus();
      },
    );
    return box;
  }

  private hint(): HTMLElement {
    const { words } = this.context;
    const hint = el("p", { class: "hm-editor__hint" });
    this.follow(
      (model) => model,
      (model) => {
        const { drawing, selected } = model;
        hint.hidden = !isOpen(model) || (selected !== null && !drawing);
        hint.textContent = drawing
          ? `${words(`draw.hint.${drawing.kind}`)}${drawing.kind === "Point" ? "" : ` ${words("draw.keys")}`}`
          : words("editor.hint");
      },
    );
    return hint;
  }

  private newByCoordinates(): HTMLElement {
    const { words, actions, box } = this.context;
    const form = placeForm(words, words("place.add"), box, (at) => actions.addAt(at));
    const details = el(
      "details",
      { class: "hm-editor__place" },
      el("summary", {}, words("place.new")),
      form.element,
    );
    this.follow(
      (model) => model,
      (model) => {
        const points = model.layer ? drawKinds(model.layer.geometryType).includes("Point") : false;
        details.hidden = !points || !isOpen(model) || model.selected !== null || model.drawing !== null;
      },
    );
    return details;
  }

  private changes(): HTMLElement {
    const { words } = this.context;
    const id = freshId("changes");
    const list = el("ul", { class: "hm-changes__list" });
    const section = el(
      "section",
      { class: "hm-changes", "aria-labelledby": id },
      el("h3", { id }, words("changes.title")),
      list,
    );
    this.follow(
      (model) => model,
      (model) => {
        const changed = model.edit ? [...drafts(model.edit).values()] : [];
        section.hidden = changed.length === 0 || !isOpen(model);
        list.replaceChildren(...changed.map((draft) => this.changeItem(draft, model)));
      },
    );
    return section;
  }

  private changeItem(draft: Draft, model: EditorModel): HTMLElement {
    const { words, i18n, actions } = this.context;
    const kind = draft.deleted ? "deleted" : draft.id === null ? "new" : "edited";
    const wrong = (model.problems.get(draft.key)?.size ?? 0) > 0;
    const current = draft.key === model.selected ? "true" : null;
    const item = button(
      "",
      { class: "hm-changes__item", "aria-current": current },
      () => actions.select(draft.key),
      el("span", { class: "hm-changes__title" }, titleOf(draft, model.layer!, i18n, words)),
      wrong ? el("span", { class: "chip chip--bad" }, words("changes.wrong")) : null,
      el("span", { class: `chip chip--${kind === "deleted" ? "warn" : "info"}` }, words(`changes.${kind}`)),
    );
    return el("li", {}, item);
  }

  private saveBox(): HTMLElement {
    const { words, actions } = this.context;
    const comment = el("textarea", { id: freshId("comment"), rows: 2, maxlength: 500 });
    comment.addEventListener("input", () => actions.setComment(comment.value));
    const save = button(
      "",
      { class: "hm-button hm-button--strong" },
      () => actions.save(),
      words("save.busy"),
    );
    const discard = this.discardButton();
    const box = el(
      "div",
      { class: "hm-editor__save" },
      el("div", { class: "hm-form__row" }, el("label", { for: comment.id }, words("save.comment")), comment),
      el("div", { class: "hm-editor__actions" }, save, discard),
    );
    this.follow(
      (model) => model,
      (model) => {
        const n = model.edit ? drafts(model.edit).size : 0;
        box.hidden = n === 0 || (!isOpen(model) && !model.saving) || model.drawing !== null;
        save.textContent = model.saving ? words("save.busy") : words("save.button", { n });
        save.setAttribute("aria-disabled", String(model.saving));
        if (comment.value !== model.comment) comment.value = model.comment;
      },
    );
    return box;
  }

  /** Asks before it throws away what undo cannot bring back. */
  private discardButton(): HTMLElement {
    const { words, actions } = this.context;
    const ask = button("", { class: "hm-button" }, () => toggle(true), words("save.discard"));
    const discard = () => {
      toggle(false);
      actions.discard();
    };
    const yes = button("", { class: "hm-button" }, discard, words("save.discardYes"));
    const no = button("", { class: "hm-button" }, () => toggle(false), words("save.discardNo"));
    const sure = el("div", { class: "hm-editor__sure", role: "alert" });
    const toggle = (open: boolean) => {
      ask.hidden = open;
      sure.replaceChildren(...(open ? [el("p", {}, words("save.discardSure")), yes, no] : []));
      if (open) no.focus();
    };
    return el("div", { class: "hm-editor__discard" }, ask, sure);
  }
}

export function glyph(path: string): SVGSVGElement {
  const attributes = { viewBox: "0 0 24 24", class: "hm-icon", "aria-hidden": "true", focusable: "false" };
  return svg("svg", attributes, svg("path", { d: path }));
}
