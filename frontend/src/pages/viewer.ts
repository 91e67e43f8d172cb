/**
 * The public map: finds `<hm-map>`, reads `#map-config`, starts the map and, where the reader may edit, the way
 * to the editor.
 *
 * Extension point. The editor is src/pages/editor.ts with one export, `openEditor` (see EditorModule). When that file
 * exists and the configuration says `editorAvailable`, an "edit" button appears on the map and in the panel of
 * features whose layer has `canEdit`; the file and all it imports become a chunk that is loaded at the first press.
 */
import "../styles/map.css";
import { readConfig } from "../api/config";
import { I18n } from "../i18n";
import type { FeatureRef } from "../map/port";
import { button, el, icon } from "../ui/dom";
import { HmMap, type MapTools } from "../ui/hm-map";

export interface EditorModule {
  /** Starts editing, of one feature if it is named. Called again at each press; the same `tools` every time. */
  openEditor(tools: MapTools, feature?: FeatureRef): void | Promise<void>;
}

export interface RastersModule {
  /** Puts the community's rasters on the map and into the legend. */
  openRasters(tools: MapTools): void;
}

const rasters = import.meta.glob<RastersModule>("./rasters.ts");

/** Empty when src/pages/editor.ts is not there. */
const editors = import.meta.glob<EditorModule>("./editor.ts");

function start(): void {
  const element = document.querySelector("hm-map");
  if (!(element instanceof HmMap)) return;
  try {
    const config = readConfig(document);
    const tools = element.start(config);
    const load = editors["./editor.ts"];
    if (config.editorAvailable && load) offerEditor(element, tools, load);
    if (config.rasters?.length) void rasters["./rasters.ts"]?.().then((part) => part.openRasters(tools));
  } catch (error) {
    console.error(error);
    const { t } = wordsOf(document.documentElement.lang);
    element.replaceChildren(el("p", { class: "hm-broken", role: "alert" }, t("map.broken")));
  }
}

function offerEditor(element: HmMap, tools: MapTools, load: () => Promise<EditorModule>): void {
  const { t } = wordsOf(tools.session.i18n.lang);
  const open = async (feature?: FeatureRef) => (await load()).openEditor(tools, feature);
  const label = t("control.edit");
  const start = button(
    label,
    { class: "hm-float-button hm-edit" },
    () => void open(),
    icon("pencil"),
    el("span", {}, label),
  );
  element.append(start);
  tools.panel.addAction({
    label: t("panel.edit"),
    offered: (layer) => layer.canEdit,
    run: (feature) => void open(feature),
  });
}

function wordsOf(lang: string): Pick<I18n, "t"> {
  const i18n = new I18n(lang);
  return { t: i18n.t.bind(i18n) };
}

start();
