/** Maximum number of tenants with figures of their own; further ones count under OTHER. */
export const NAMED_TENANTS = 100;
export const OTHER = 'other';

/** Bounds the number of series that only grow: the first tenants seen get a label. */
export class TenantLabels {
  readonly #named = new Set<string>();

  constructor(private readonly most = NAMED_TENANTS) {}

  /** Returns the label of a tenant, by its schema; always the same. */
  of(schema: string): string {
    if (this.#named.has(schema)) return schema;
    if (this.#named.size >= this.most) return OTHER;
    this.#named.add(schema);
    return schema;
  }
}
