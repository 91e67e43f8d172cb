/** State in one place: read it, change a part of it, hear of the parts you chose. */

export interface Store<S extends object> {
  get(): S;
  /** Merges; listeners hear of it at once, and only of what differs. */
  set(change: Partial<S>): void;
  /** Calls `listener` when the chosen value is no longer the same (Object.is). Returns the way out. */
  watch<T>(choose: (state: S) => T, listener: (value: T, before: T) => void): () => void;
}

export function createStore<S extends object>(initial: S): Store<S> {
  let state: Readonly<S> = Object.freeze({ ...initial });
  const watchers = new Set<() => void>();

  return {
    get: () => state,
    set(change) {
      const keys = Object.keys(change) as (keyof S)[];
      if (keys.every((key) => Object.is(state[key], change[key]))) return;
      state = Object.freeze({ ...state, ...change });
      for (const watcher of [...watchers]) watcher();
    },
    watch(choose, listener) {
      let last = choose(state);
      const watcher = () => {
        // A listener before this one may have changed the state again, or may have removed this one.
        const value = choose(state);
        if (Object.is(value, last) || !watchers.has(watcher)) return;
        const before = last;
        last = value;
        listener(value, before);
      };
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
  };
}
