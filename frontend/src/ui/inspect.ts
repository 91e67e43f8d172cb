/** From pointing at the map to the features there: by mouse, by finger, and by keyboard. */
import { featureTitle } from "../api/values";
import type { ClickRouter } from "../map/engine-hooks";
import {
  type FeatureInView,
  type FeaturesInView,
  type Insets,
  type MapClick,
  type MapPort,
  type Pixel,
  TOLERANCE_PX,
} from "../map/port";
import type { Session } from "../state/session";
import type { Announcer } from "./controls";

/** As many features as someone can be asked to step through. */
const STEP_LIMIT = 500;

export async function inspectClick(session: Session, announce: Announcer, click: MapClick): Promise<void> {
  const reach = click.touch ? TOLERANCE_PX.touch : TOLERANCE_PX.mouse;
  await inspectAt(session, announce, click.pixel, reach);
}

async function inspectAt(session: Session, announce: Announcer, pixel: Pixel, reach: number): Promise<void> {
  const hits = await session.map.pick(pixel, reach);
  session.select(hits, { at: session.map.toLngLat(pixel) });
  if (hits.length === 0) announce.say(session.i18n.t("map.nothing"));
}

/** The pointer becomes a hand over what can be clicked. One question at a time: the last one counts. */
export function followPointer(map: MapPort, clicks: { readonly taken: boolean }): void {
  let asking = false;
  let next: MapClick | null = null;
  const ask = async (): Promise<void> => {
    asking = true;
    while (next) {
      const { pixel } = next;
      next = null;
      const hits = await map.pick(pixel, TOLERANCE_PX.mouse);
      map.element.classList.toggle("hm-over-feature", hits.length > 0 && !clicks.taken);
    }
    asking = false;
  };
  map.on("hover", (at) => {
    next = at?.touch ? null : at;
    if (!at) map.element.classList.remove("hm-over-feature");
    if (next && !asking) void ask();
  });
}

export interface KeyboardSurroundings {
  readonly clicks: Pick<ClickRouter, "taken">;
  readonly insets: () => Insets;
  readonly openPanel: () => void;
}

/** Enter asks what is under the crosshair; [ and ] go through the features in view. */
export class KeyboardInspector {
  private features: FeaturesInView = { total: 0, items: [] };
  private index = -1;
  private stale = true;

  constructor(
    private readonly session: Session,
    private readonly announce: Announcer,
    private readonly around: KeyboardSurroundings,
  ) {
    const { map } = session;
    map.on("moveend", ({ byUser }) => {
      if (byUser) this.stale = true;
    });
    session.store.watch(
      (state) => state.layers,
      () => {
        this.stale = true;
      },
    );
    map.element.addEventListener("keydown", (event) => {
      if (
        event.target !== map.element ||
        event.ctrlKey ||
        event.metaKey ||
        event.altKey ||
        around.clicks.taken
      )
        return;
      if (event.key === "Enter") void this.inspectCentre();
      else if (event.key === "]") void this.step(1);
      else if (event.key === "[") void this.step(-1);
      else if (event.key === "Escape") session.close();
      else return;
      event.preventDefault();
    });
  }

  private async inspectCentre(): Promise<void> {
    const { selection } = this.session.store.get();
    if (selection && !selection.focus) {
      this.around.openPanel();
      return;
    }
    const { clientWidth, clientHeight } = this.session.map.element;
    const centre = { x: clientWidth / 2, y: clientHeight / 2 };
    await inspectAt(this.session, this.announce, centre, TOLERANCE_PX.touch);
  }

  private async step(by: 1 | -1): Promise<void> {
    const { session } = this;
    if (this.stale) {
      this.features = await session.map.featuresInView(STEP_LIMIT, this.around.insets());
      this.index = by > 0 ? -1 : 0;
      this.stale = false;
    }
    const { items, total } = this.features;
    if (items.length === 0) {
      this.announce.say(session.i18n.t("map.noObjects"));
      return;
    }
    this.index = (this.index + by + items.length) % items.length;
    const feature = items[this.index]!;
    session.select([feature], { at: feature.at, focus: false });
    this.announceWhenNamed(feature, this.index + 1, total);
  }

  /** The name comes with the details; whoever steps on meanwhile hears of the later feature only. */
  private announceWhenNamed(feature: FeatureInView, index: number, total: number): void {
    const { session } = this;
    const stop = session.store.watch(
      (state) => state.detail,
      (detail) => {
        if (detail?.state === "loading") return;
        stop();
        const layer = session.layer(feature.layer);
        if (!layer || detail?.feature.id !== feature.id || detail.state !== "ready") return;
        const title = featureTitle(layer, detail.item.properties, feature.id, session.i18n);
        this.announce.say(session.i18n.t("map.step", { layer: layer.title, title, index, total }));
      },
    );
  }
}
