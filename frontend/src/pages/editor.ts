/** The editor, loaded by the map when a planner presses "Edit"; see pages/viewer.ts. */
import "../styles/editor.css";
import { Editor } from "../editor/editor";
import type { FeatureRef } from "../map/port";
import type { MapTools } from "../ui/hm-map";

let open: Editor | null = null;

export function openEditor(tools: MapTools, feature?: FeatureRef): Promise<void> {
  open ??= new Editor(tools, () => {
    open = null;
  });
  return open.open(feature);
}
