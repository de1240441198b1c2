/** Of each kind, per tenant: an agency has some hundred people and agents. */
const MOST_NAMES = 5_000;

/** Names of one tenant's records, by kind and id. */
export class KeptNames {
  readonly #kinds = new Map<string, Map<number, string>>();

  /** The known names of a kind, by id. */
  of(kind: string): ReadonlyMap<number, string> {
    return this.#kinds.get(kind) ?? new Map();
  }

  set(kind: string, id: number, name: string): void {
    let names = this.#kinds.get(kind);
    if (!names || names.size >= MOST_NAMES) {
      names = new Map();
      this.#kinds.set(kind, names);
    }
    names.set(id, name);
  }
}

const kept = new WeakMap<object, { readonly version: string; readonly names: KeptNames }>();

/** What is kept of a tenant's names, if it is of this version; else nothing yet. */
export function keptNames(tenant: object, version: string): KeptNames {
  const found = kept.get(tenant);
  if (found?.version === version) return found.names;
  const names = new KeptNames();
  kept.set(tenant, { version, names });
  return names;
}
