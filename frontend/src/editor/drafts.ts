/** What was not saved yet, kept in this browser: one draft a layer and person, until it is saved or discarded. */
import { type Base, type Draft, drafts, type EditState, startSession } from "./session";

/** The part of localStorage that is used. */
export type Shelf = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export interface KeptDraft {
  readonly state: EditState;
  readonly comment: string;
  /** ISO date-time. */
  readonly savedAt: string;
}

interface Stored {
  readonly format: 1;
  readonly layer: string;
  readonly savedAt: string;
  readonly comment: string;
  readonly created: number;
  readonly bases: readonly Base[];
  readonly drafts: readonly Draft[];
}

export class DraftShelf {
  /** `person`: drafts of one are never offered to another who uses the same browser. */
  constructor(
    private readonly shelf: Shelf | null,
    private readonly person: string,
  ) {}

  /** Keeps the session, or forgets it when nothing is changed. False: there is no room, or the browser keeps nothing. */
  keep(state: EditState, comment: string, now = new Date()): boolean {
    const changed = drafts(state);
    try {
      if (changed.size === 0) this.shelf?.removeItem(this.name(state.layer));
      else this.shelf?.setItem(this.name(state.layer), JSON.stringify(toStored(state, comment, now)));
      return this.shelf !== null || changed.size === 0;
    } catch {
      return false;
    }
  }

  /** The draft of a layer; null when there is none, or none that can be read. */
  find(layer: string): KeptDraft | null {
    try {
      const text = this.shelf?.getItem(this.name(layer));
      return text ? fromStored(JSON.parse(text) as Stored, layer) : null;
    } catch {
      return null;
    }
  }

  forget(layer: string): void {
    try {
      this.shelf?.removeItem(this.name(layer));
    } catch {
      // What cannot be kept cannot be found again either.
    }
  }

  private name(layer: string): string {
    return `hromada.draft.${this.person}.${layer}`;
  }
}

function toStored(state: EditState, comment: string, now: Date): Stored {
  const changed = drafts(state);
  return {
    format: 1,
    layer: state.layer,
    savedAt: now.toISOString(),
    comment,
    created: state.created,
    bases: [...state.bases].filter(([key]) => changed.has(key)).map(([, base]) => base),
    drafts: [...changed.values()],
  };
}

function fromStored(stored: Stored, layer: string): KeptDraft | null {
  if (stored.format !== 1 || stored.layer !== layer || stored.drafts.length === 0) return null;
  const begun = startSession(layer, stored.bases, stored.drafts);
  const state = { ...begun, created: Math.max(begun.created, stored.created) };
  return { state, comment: stored.comment, savedAt: stored.savedAt };
}

/** The browser's own shelf; null where it is switched off. */
export function browserShelf(): Shelf | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}
