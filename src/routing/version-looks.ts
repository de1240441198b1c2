import type { Database } from '../database/database.js';
import { TABLE_VERSIONS, TableVersions } from '../database/table-versions.js';

interface Looks {
  /** The look that is under way. */
  current: Promise<TableVersions>;
  /** The one after it, which those wait for who came meanwhile. */
  next: Promise<TableVersions> | undefined;
}

/**
 * Looks at the versions of tenants' tables, always at the primary. One statement serves all requests that have come
 * before it was sent; of a tenant at most one is under way.
 */
export class VersionLooks {
  readonly #tenants = new Map<string, Looks>();

  constructor(private readonly database: Pick<Database, 'tenantQuery'>) {}

  /** Returns the versions by a snapshot that is taken after the call. @throws database errors */
  look(schema: string): Promise<TableVersions> {
    const looks = this.#tenants.get(schema);
    if (!looks) {
      const fresh: Looks = { current: Promise.resolve(null as never), next: undefined };
      this.#tenants.set(schema, fresh);
      fresh.current = this.#send(schema, fresh);
      return fresh.current;
    }
    looks.next ??= looks.current.then(
      () => this.#follow(schema, looks),
      () => this.#follow(schema, looks),
    );
    return looks.next;
  }

  #follow(schema: string, looks: Looks): Promise<TableVersions> {
    looks.next = undefined;
    looks.current = this.#send(schema, looks);
    return looks.current;
  }

  async #send(schema: string, looks: Looks): Promise<TableVersions> {
    try {
      const [row] = await this.database.tenantQuery(
        { schema, userId: null, reads: 'primary' },
        TABLE_VERSIONS,
      );
      return new TableVersions(row?.versions ?? '');
    } finally {
      // Those who wait send the next one in their turn.
      if (!looks.next) this.#tenants.delete(schema);
    }
  }
}
