import type { FastifyRequest } from 'fastify';
import type { Statement } from '../database/statement.js';
import { TableVersions } from '../database/table-versions.js';
import { movesWithTime, tablesRead } from '../database/tables-read.js';
import type { Reading } from '../database/tenant-transaction.js';
import type { ClockUse } from '../tenancy/clock-use.js';
import type { TenantRequest } from './route.js';

/** The state on which an answer depends, besides the request's own properties. */
export interface AnswerBasis {
  readonly tables: readonly string[];
  /** The version of these tables together. */
  readonly version: string;
  /** The text of all versions that this one is of. */
  readonly text: string;
  /** The tenant's calendar date, and how to find it again; undefined where it did not count. */
  readonly day: { readonly date: string; readonly now: () => string } | undefined;
}

/** Notes what a handler reads on the way to its answer. */
export class AnswerReading implements Reading, ClockUse {
  readonly #tables = new Set<string>();
  readonly #texts = new Set<string>();
  #day: AnswerBasis['day'];
  #isUnknown = false;

  noteStatement({ sql, parameters }: Statement): void {
    const tables = movesWithTime(parameters) ? null : tablesRead(sql);
    if (!tables) this.#isUnknown = true;
    else for (const table of tables) this.#tables.add(table);
  }

  noteVersions(text: string): void {
    this.#texts.add(text);
  }

  noteDay(date: string, now: () => string): void {
    if (this.#day && this.#day.date !== date) this.#isUnknown = true; // midnight was in between
    this.#day = { date, now };
  }

  noteMoment(): void {
    this.#isUnknown = true;
  }

  /** Notes that the answer depends on something of which nobody tells when it changes. */
  readonly noteUnknown = (): void => {
    this.#isUnknown = true;
  };

  /**
   * Returns what the answer depends on; null where that is not wholly known, 'changing' where some of it changed while
   * it was read.
   */
  get basis(): AnswerBasis | 'changing' | null {
    const [text] = this.#texts;
    if (this.#isUnknown || text === undefined) return null;
    const tables = [...this.#tables].sort();
    const versions = new Set([...this.#texts].map((one) => new TableVersions(one).of(tables)));
    const [version = null] = versions;
    if (version === null || versions.has(null)) return null;
    return versions.size > 1 ? 'changing' : { tables, version, text, day: this.#day };
  }
}

/** The properties of a raw request that are part of an answer's key. */
const IN_KEY: ReadonlySet<string | symbol> = new Set(['url', 'method']);

/** Returns the same request for a handler whose use of it is noted; what the key of answers lacks makes them unknown. */
export function observed(admitted: TenantRequest, reading: AnswerReading): TenantRequest {
  const { context, tenant, raw } = admitted;
  const request = {
    ...admitted,
    context: { ...context, reading },
    tenant: tenant && { ...tenant, clock: reading },
    raw: noting(raw, IN_KEY, reading.noteUnknown, {
      headers: noting(raw.headers, new Set(['accept']), reading.noteUnknown),
    }) as FastifyRequest,
  };
  for (const name of ['ip', 'sessionId', 'issuedAt', 'expiresAt'] as const) {
    const value = admitted[name];
    Object.defineProperty(request, name, {
      get: () => {
        reading.noteUnknown();
        return value;
      },
    });
  }
  return request;
}

/** Returns an object that is read like another, and tells when any other property than the allowed ones is. */
function noting<T extends object>(
  of: T,
  allowed: ReadonlySet<string | symbol>,
  onOther: () => void,
  instead: Partial<Record<string | symbol, unknown>> = {},
): T {
  return new Proxy(of, {
    get(target, name) {
      if (Object.hasOwn(instead, name)) return instead[name];
      if (!allowed.has(name)) onOther();
      return Reflect.get(target, name, target);
    },
    has(target, name) {
      onOther();
      return Reflect.has(target, name);
    },
    ownKeys(target) {
      onOther();
      return Reflect.ownKeys(target);
    },
  });
}
