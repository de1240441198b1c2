import { LRUCache } from 'lru-cache';
import { BackgroundLoop } from '../../background/loop.js';
import { TenantRotation } from '../../background/tenant-rotation.js';
import type { Database } from '../../database/database.js';
import { isOutage } from '../../database/errors.js';
import { readPauses } from '../../events/worker/ready-tenants.js';
import { tenantsWithImports } from './import-queue.js';
import { serveImport } from './serve.js';

export interface ImportLoopOptions {
  /** Called with each error, and the tenant if it concerns one; the work is retried. */
  readonly onError?: (schema: string | null, error: unknown) => void;
  /** Approximate polling interval, in milliseconds. */
  readonly pollMs?: number;
}

const POLL_MS = 2_000;
/** Minimum time between two messages about one tenant's import, in milliseconds. */
const TELLS_EVERY_MS = 500;
const MOST_TOLD = 10_000;

/**
 * Returns the loop that processes the imports of all tenants, alternating between the parts of different tenants, so
 * that a long one holds nobody up. Any number may run: PostgreSQL's locks give each part to one of them.
 */
export function importLoop(database: Database, options: ImportLoopOptions = {}): BackgroundLoop {
  const { onError, pollMs = POLL_MS } = options;
  const told = new LRUCache<string, true>({ max: MOST_TOLD, ttl: TELLS_EVERY_MS });
  const rotation = new TenantRotation({
    readReady: () => tenantsWithImports(database),
    mayServe: async (schema) => (await readPauses(database, schema)).served,
    isOutage,
    onError,
  });
  const serve = async (schema: string) => {
    const tell = !told.has(schema);
    if (tell) told.set(schema, true);
    const found = await serveImport(database, schema, { tell, onError: (error) => onError?.(schema, error) });
    return found ? 'done' : 'nothing';
  };
  return new BackgroundLoop({
    step: () => rotation.serveNext(serve),
    pollMs,
    onError: (error) => onError?.(null, error),
  });
}
