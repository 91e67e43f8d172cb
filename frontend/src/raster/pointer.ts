/** The value of the uppermost raster under the pointer, in the corner of the map; by keyboard, that of its centre. */
import type { RasterConfig } from "../api/config";
import type { LngLat } from "../map/port";
import { el } from "../ui/dom";
import type { MapTools } from "../ui/hm-map";
import { valueAt, written } from "./values";
import type { Words } from "./words";

/** A pointer that rests so long wants to know. */
const REST_MS = 120;

export class PointerValue {
  private readonly output = el("output", { class: "hm-readout", hidden: true, "aria-live": "off" });
  private request: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly tools: MapTools,
    private readonly words: Words,
    private readonly uppermost: () => RasterConfig | null,
  ) {
    const { map } = tools.session;
    map.element.parentElement?.querySelector(".hm-foot")?.prepend(this.output);
    map.on("hover", (move) => this.rest(move?.at ?? null));
    map.on("click", ({ at, touch }) => touch && this.rest(at));
  }

  /** Another raster may be the uppermost now. */
  refresh(): void {
    if (!this.uppermost()) this.rest(null);
  }

  /** Says the value in the middle of the map, for who does not point. */
  async sayCentre(raster: RasterConfig): Promise<void> {
    const { lng, lat } = this.tools.session.map.view();
    this.tools.say(await this.sentence(raster, { lng, lat }));
  }

  private rest(at: LngLat | null): void {
    clearTimeout(this.timer);
    this.request?.abort();
    this.request = null;
    const raster = at && this.uppermost();
    if (!at || !raster) {
      this.output.hidden = true;
      return;
    }
    this.timer = setTimeout(() => void this.ask(raster, at), REST_MS);
  }

  private async ask(raster: RasterConfig, at: LngLat): Promise<void> {
    const request = new AbortController();
    this.request = request;
    const sentence = await this.sentence(raster, at, request.signal);
    if (request.signal.aborted) return;
    this.output.textContent = sentence;
    this.output.hidden = false;
  }

  private async sentence(raster: RasterConfig, at: LngLat, signal?: AbortSignal): Promise<string> {
    const title = raster.title;
    try {
      const value = await valueAt(raster, at, signal);
      if (value === null) return this.words("raster.noValue", { raster: title });
      return this.words("raster.value", {
        raster: title,
        value: written(value, raster, this.tools.session.i18n),
      });
    } catch {
      return this.words("raster.failed", { raster: title });
    }
  }
}
