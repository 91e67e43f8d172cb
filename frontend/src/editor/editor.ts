/** The editor: a planner's changes to one layer at a time, from the first vertex to the saved changeset. */
import type { LayerConfig } from "../api/config";
import { type ChangesetAnswer, csrfToken, fetchExact, sendChangeset } from "../api/edits";
import { ApiError } from "../api/http";
import type { FeatureRef, MapClick } from "../map/port";
import { createStore, type Store } from "../state/store";
import type { MapTools } from "../ui/hm-map";
import { type Choice, type Conflict, resolve } from "./conflicts";
import { browserShelf, DraftShelf } from "./drafts";
import { DrawingEngine, type Tool } from "./engine";
import type { Value } from "./fields";
import type { DrawKind } from "./geometry";
import { nudged, withoutVertex } from "./handles";
import { listenToKeys } from "./keys";
import { type EditorModel, isOpen, NOTHING, type Notice, stepText, titleOf } from "./model";
import { type EditorActions, EditorPanel } from "./panel";
import {
  afterRefusal,
  type SentChange,
  savedId,
  savedNotice,
  settlingOf,
  tilesSettled,
  unfitDrafts,
} from "./saving";
import * as session from "./session";
import { Stage } from "./stage";
import { type Words, wordsOf } from "./words";

/** As long as what was saved stays drawn over tiles that do not come. */
const SETTLE_MS = 4000;

export class Editor implements EditorActions {
  private readonly words: Words;
  private readonly store: Store<EditorModel> = createStore<EditorModel>(NOTHING);
  private readonly engine: DrawingEngine;
  private readonly stage: Stage;
  private readonly panel: EditorPanel;
  private readonly shelf: DraftShelf;
  private readonly layers: readonly LayerConfig[];
  private readonly stop: (() => void)[] = [];
  private loading: AbortController | null = null;

  constructor(
    private readonly tools: MapTools,
    private readonly onClose: () => void,
  ) {
    const { session: reader, hooks, dock } = tools;
    const { config, i18n } = reader;
    this.words = wordsOf(i18n);
    this.layers = config.layers.filter(({ canEdit }) => canEdit);
    this.shelf = new DraftShelf(browserShelf(), String(config.person ?? ""));
    this.engine = this.makeEngine();
    this.stage = new Stage(tools, this.engine);
    const box = config.maxBounds ?? config.bounds;
    const context = { store: this.store, i18n, words: this.words, actions: this, layers: this.layers, box };
    this.panel = new EditorPanel(context);
    dock.append(this.panel.element);
    this.host?.toggleAttribute("data-editor", true);
    this.store.watch(
      (model) => model,
      () => this.redraw(),
    );
    this.store.watch(
      ({ edit }) => edit,
      () => this.keep(),
    );
    this.store.watch(
      ({ comment }) => comment,
      () => this.keep(),
    );
    this.stop.push(
      hooks.takeClicks((click) => void this.pressMap(click)),
      hooks.map.on("moveend", () => void this.stage.loadNeighbours(this.model.layer)),
      this.listenToKeys(),
    );
  }

  /** Begins with a feature, or with the layer where something was left unsaved, or with the only one there is. */
  async open(wanted?: FeatureRef): Promise<void> {
    this.tools.session.close();
    if (this.tools.legend.open && this.host?.hasAttribute("data-narrow")) this.tools.legend.show(false);
    this.panel.focus();
    if (wanted) {
      this.chooseLayer(wanted.layer);
      if (isOpen(this.model)) await this.load(wanted.id, true);
      return;
    }
    const left = this.layers.find(({ name }) => this.shelf.find(name) !== null);
    const first = left ?? (this.layers.length === 1 ? this.layers[0] : undefined);
    if (first && !this.model.layer) this.chooseLayer(first.name);
  }

  close(): void {
    this.loading?.abort();
    for (const stop of this.stop) stop();
    this.stage.leave(this.model.layer);
    this.engine.close();
    this.panel.element.remove();
    this.host?.removeAttribute("data-editor");
    this.host?.removeAttribute("data-drawing");
    this.tools.session.map.element.focus({ preventScroll: true });
    this.onClose();
  }

  chooseLayer(name: string): void {
    const layer = this.layers.find((candidate) => candidate.name === name);
    if (!layer || layer === this.model.layer) return;
    this.stage.leave(this.model.layer);
    this.tools.session.setVisible(name, true);
    const question = this.shelf.find(name);
    this.store.set({ ...NOTHING, layer, edit: session.startSession(name), question });
    void this.stage.loadNeighbours(this.model.layer);
  }

  answerDraft(restore: boolean): void {
    const { question, layer } = this.model;
    if (!question || !layer) return;
    if (!restore) {
      this.shelf.forget(layer.name);
      this.store.set({ question: null });
      return;
    }
    const notice: Notice = { tone: "good", text: this.words("draft.restored") };
    this.store.set({ question: null, edit: question.state, comment: question.comment, notice });
    this.stage.fit([...session.drafts(question.state).values()].map(({ geometry }) => geometry));
  }

  // --- Drawing

  draw(kind: DrawKind): void {
    if (!isOpen(this.model)) return;
    this.select(null);
    this.store.set({ notice: null, drawing: { kind, vertices: 0 } });
    this.engine.draw(kind);
    this.host?.toggleAttribute("data-drawing", true);
    if (this.host?.hasAttribute("data-narrow")) this.panel.sheet.setHeight("peek");
    this.tools.session.map.element.focus({ preventScroll: true });
    this.tools.say(this.words(`draw.hint.${kind}`));
  }

  finishDrawing(): void {
    this.engine.finishDrawing();
  }

  removeLastVertex(): void {
    this.engine.removeLast();
  }

  cancelDrawing(): void {
    this.engine.cancelDrawing();
    this.tools.say(this.words("draw.cancelled"));
  }

  placeAtCentre(): void {
    const { lng, lat } = this.tools.session.map.view();
    this.engine.place({ lng, lat });
  }

  addAt([lng, lat]: GeoJSON.Position): void {
    this.add({ type: "Point", coordinates: [lng!, lat!] });
    this.stage.goTo({ lng: lng!, lat: lat! });
  }

  moveTo([lng, lat]: GeoJSON.Position): void {
    this.changeShape({ type: "Point", coordinates: [lng!, lat!] }, "move");
    this.stage.goTo({ lng: lng!, lat: lat! });
  }

  private add(geometry: GeoJSON.Geometry): void {
    const { edit } = this.model;
    if (!edit) return;
    const next = session.create(edit, geometry);
    this.store.set({ edit: next, selected: session.lastCreated(next), tool: "vertices", notice: null });
    this.tools.say(this.words("draw.added"));
    this.showFeature(true);
  }

  // --- The selected feature

  select(key: string | null): void {
    const fromPanel = this.panel.element.contains(document.activeElement);
    if (key !== this.model.selected) this.store.set({ selected: key, tool: "vertices" });
    if (key) this.showFeature(fromPanel);
  }

  useTool(tool: Tool): void {
    this.store.set({ tool });
  }

  setValue(field: string, value: Value): void {
    const { edit, selected } = this.model;
    if (!edit || !selected) return;
    this.setProblem(field, "");
    this.store.set({ edit: session.setValue(edit, selected, field, value) });
  }

  setProblem(field: string, message: string): void {
    const { selected, problems } = this.model;
    if (!selected) return;
    const own = new Map(problems.get(selected));
    if (message) own.set(field, message);
    else own.delete(field);
    this.store.set({ problems: new Map(problems).set(selected, own) });
  }

  remove(): void {
    const { edit, selected } = this.model;
    if (!edit || !selected) return;
    const next = session.remove(edit, selected);
    const known = session.feature(next, selected) !== null;
    const notice: Notice = { tone: "info", text: this.words("feature.deleted") };
    this.store.set({ edit: next, selected: known ? selected : null, notice });
    this.tools.session.map.element.focus({ preventScroll: true });
  }

  restore(): void {
    const { edit, selected } = this.model;
    if (!edit || !selected) return;
    const problems = new Map(this.model.problems);
    problems.delete(selected);
    this.store.set({ edit: session.restore(edit, selected), problems });
  }

  undo(): void {
    if (this.engine.isDrawing) this.engine.removeLast();
    else this.travel(session.undoStep, session.undo, "history.undone");
  }

  redo(): void {
    this.travel(session.redoStep, session.redo, "history.redone");
  }

  private travel(
    stepOf: (edit: session.EditState) => session.Step | null,
    go: (edit: session.EditState) => session.EditState,
    word: "history.undone" | "history.redone",
  ): void {
    const { edit } = this.model;
    const step = edit && isOpen(this.model) ? stepOf(edit) : null;
    if (!edit || !step) return;
    const told = this.words(word, { step: stepText(step, this.model, this.i18n, this.words) });
    const next = go(edit);
    // What the step was about is shown, as far as it is still there.
    const about = step.key !== null && session.feature(next, step.key) ? step.key : null;
    this.store.set({ edit: next, selected: about, notice: null });
    this.tools.say(told);
  }

  private changeShape(geometry: GeoJSON.Geometry, kind: "reshape" | "move" | "nudge"): void {
    const { edit, selected } = this.model;
    if (edit && selected)
      this.store.set({ edit: session.reshape(edit, selected, geometry, kind), notice: null });
  }

  // --- Saving

  setComment(comment: string): void {
    this.store.set({ comment });
  }

  async save(): Promise<void> {
    // A value that is still being typed counts: leaving the control hands it over.
    if (
      document.activeElement instanceof HTMLElement &&
      this.panel.element.contains(document.activeElement)
    ) {
      document.activeElement.blur();
    }
    const { layer, edit, comment } = this.model;
    if (!layer || !edit || !isOpen(this.model) || session.drafts(edit).size === 0 || this.engine.isDrawing)
      return;
    const unfit = unfitDrafts(this.model, this.words);
    if (unfit) return this.complain(unfit);
    this.store.set({ saving: true, notice: null });
    const sent = session.changesOf(
      edit,
      layer.fields.map(({ key }) => key),
    );
    try {
      const token = csrfToken(document.cookie, this.tools.session.config.csrfToken);
      const answer = await sendChangeset(
        layer,
        { comment, changes: sent.map(({ change }) => change) },
        token,
      );
      this.saved(layer, edit, sent, answer);
    } catch (error) {
      this.store.set({ saving: false });
      this.complain(afterRefusal(error, this.model, this.tools.session.config, this.words));
    }
  }

  discard(): void {
    const { layer } = this.model;
    if (!layer) return;
    this.shelf.forget(layer.name);
    this.store.set({ ...NOTHING, layer, edit: session.startSession(layer.name) });
    this.panel.focus();
  }

  choose(key: string, choice: Choice): void {
    this.store.set({ choices: new Map(this.model.choices).set(key, choice) });
  }

  showConflict({ mine, theirs }: Conflict): void {
    this.stage.fit([mine.geometry, ...(theirs ? [theirs.geometry] : [])]);
  }

  resolve(): void {
    const { edit, conflicts, choices, layer } = this.model;
    if (!edit || !layer) return;
    const next = resolve(edit, conflicts, choices);
    this.store.set({ edit: next, conflicts: [], choices: new Map(), selected: null });
    if (session.drafts(next).size > 0) void this.save();
    else this.panel.focus();
  }

  leaveConflicts(): void {
    this.store.set({ conflicts: [], choices: new Map() });
    this.panel.focus();
  }

  /** The tiles come anew; until they are there, what was saved stays drawn over them. */
  private saved(
    layer: LayerConfig,
    before: session.EditState,
    sent: readonly SentChange[],
    answer: ChangesetAnswer,
  ): void {
    const { map, config } = this.tools.session;
    const { revision } = answer;
    const applied = revision !== null;
    const settling = applied ? settlingOf(before, sent, answer) : [];
    this.shelf.forget(layer.name);
    this.stage.keepHidden(
      applied ? sent.flatMap(({ change }) => (change.op === "C" ? [] : [change.id])) : [],
    );
    const notice = savedNotice(answer, config, this.words);
    const edit = session.startSession(layer.name);
    this.store.set({ ...NOTHING, layer, edit, notice, settling });
    this.panel.focus();
    if (!applied) return;
    void tilesSettled(map, SETTLE_MS).then(() => {
      this.stage.keepHidden([]);
      if (this.panel.element.isConnected) this.store.set({ settling: [] });
    });
    map.refresh(layer.name, revision);
    void this.stage.loadNeighbours(layer);
  }

  private complain(change: Partial<EditorModel>): void {
    this.store.set(change);
    const { selected, problems } = this.model;
    const field = selected ? [...(problems.get(selected)?.keys() ?? [])][0] : undefined;
    if (change.conflicts?.[0]) this.showConflict(change.conflicts[0]);
    else if (field) this.panel.focusField(field);
  }

  // --- The map

  private async pressMap({ pixel, touch }: Pick<MapClick, "pixel" | "touch">, focus = false): Promise<void> {
    const { layer } = this.model;
    if (!layer || !isOpen(this.model) || this.engine.isDrawing) return;
    const hits = await this.tools.hooks.pick({ pixel, touch });
    const hit = hits.find((found) => found.layer === layer.name);
    if (hit) return this.load(hit.id, focus);
    this.select(null);
    this.tools.say(this.words("editor.notHere", { layer: layer.title }));
  }

  /** `focus`: should the keyboard go to the form? Not when the feature was clicked. */
  private async load(id: number, focus: boolean): Promise<void> {
    const { layer } = this.model;
    if (!layer) return;
    this.loading?.abort();
    const request = new AbortController();
    this.loading = request;
    try {
      const { geometry, properties, version } = await fetchExact(layer, id, request.signal);
      const { edit } = this.model;
      if (request.signal.aborted || !edit || !isOpen(this.model)) return;
      const next = session.withBase(edit, { id, version, geometry, properties });
      const key = session.keyOf(id);
      this.store.set({ edit: next, selected: key, tool: "vertices", notice: null });
      const draft = session.feature(next, key);
      if (draft) this.tools.say(titleOf(draft, layer, this.i18n, this.words));
      this.showFeature(focus);
    } catch (error) {
      if (request.signal.aborted) return;
      const gone = error instanceof ApiError && error.status === 404;
      this.store.set({
        notice: { tone: "bad", text: this.words(gone ? "editor.gone" : "editor.loadFailed") },
      });
    }
  }

  private redraw(): void {
    this.stage.show(this.model, this.words);
  }

  private keep(): void {
    const { edit, comment, question, notice } = this.model;
    if (!edit || question || this.shelf.keep(edit, comment) || notice) return;
    this.store.set({ notice: { tone: "bad", text: this.words("draft.noRoom") } });
  }

  /** Opens the form of the selected feature, without covering the feature itself. */
  private showFeature(focus: boolean): void {
    this.panel.showFeature(focus);
    if (this.host?.hasAttribute("data-narrow")) this.panel.sheet.setHeight("half");
    const { edit, selected } = this.model;
    const draft = edit && selected ? session.feature(edit, selected) : null;
    if (draft) this.stage.uncover(draft.geometry);
  }

  private makeEngine(): DrawingEngine {
    const events = {
      created: (geometry: GeoJSON.Geometry) => this.add(geometry),
      edited: (key: string, geometry: GeoJSON.Geometry, kind: "reshape" | "move") => {
        if (key === this.model.selected) this.changeShape(geometry, kind);
      },
      pressed: (key: string) => {
        const id = savedId(key);
        if (!isOpen(this.model)) return;
        if (id === null) this.select(key);
        else void this.load(id, false);
      },
      refused: () => this.tools.say(this.words("draw.crossing")),
      drawing: (vertices: number | null) => {
        const { drawing } = this.model;
        if (!drawing) return;
        this.store.set({ drawing: vertices === null ? null : { ...drawing, vertices } });
        if (vertices === null) this.host?.removeAttribute("data-drawing");
      },
    };
    const vertex = (index: number, total: number) => this.words("feature.vertex", { index, total });
    return new DrawingEngine(this.tools.session.map, events, vertex, this.words("feature.middle"));
  }

  private listenToKeys(): () => void {
    const { element } = this.tools.session.map;
    return listenToKeys(document, {
      surface: element,
      isDrawing: () => this.engine.isDrawing,
      onHandle: (target) => this.engine.handleAt(target) !== null,
      undo: () => this.undo(),
      redo: () => this.redo(),
      save: () => void this.save(),
      finish: () => this.finishDrawing(),
      cancel: () => (this.engine.isDrawing ? this.cancelDrawing() : this.select(null)),
      removeLast: () => this.removeLastVertex(),
      placeAtCentre: () => this.placeAtCentre(),
      selectAtCentre: () => {
        const pixel = { x: element.clientWidth / 2, y: element.clientHeight / 2 };
        void this.pressMap({ pixel, touch: true }, true);
      },
      removeVertex: (target) => this.removeVertexAt(target),
      removeFeature: () => this.remove(),
      nudge: (target, dx, dy) => this.nudge(target, dx, dy),
    });
  }

  private removeVertexAt(target: EventTarget | null): void {
    const { draft, at } = this.handle(target);
    const rest = draft && at ? withoutVertex(draft.geometry, at) : null;
    if (rest === "all") this.remove();
    else if (rest === "fewest") this.tools.say(this.words("feature.tooFew"));
    else if (rest) this.changeShape(rest, "reshape");
  }

  private nudge(target: EventTarget | null, dx: number, dy: number): void {
    const { draft, at } = this.handle(target);
    const moved = draft && at ? nudged(draft.geometry, at, [dx, dy], this.tools.session.map) : null;
    if (!moved) return;
    this.changeShape(moved.geometry, "nudge");
    this.engine.focusHandle(moved.at);
  }

  private handle(target: EventTarget | null) {
    const { edit, selected } = this.model;
    const draft = edit && selected ? session.feature(edit, selected) : null;
    return { draft, at: this.engine.handleAt(target) };
  }

  private get host(): HTMLElement | null {
    return this.tools.dock.closest<HTMLElement>("hm-map");
  }

  private get model(): EditorModel {
    return this.store.get();
  }

  private get i18n() {
    return this.tools.session.i18n;
  }
}
