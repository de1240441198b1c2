import type { FastifyRequest } from 'fastify';
import { ForeignTokenError } from '../auth/foreign-token.js';
import type { SecurityEventKind } from '../auth/security-kinds.js';
import { recordSecurityEvent, type SecurityEvent, unstoredSecurityEvent } from '../auth/security-log.js';
import type { Database } from '../database/database.js';
import { addressKey } from '../http/address-key.js';

export interface RefusalOptions {
  /** Number of refused requests of one user or address within a minute that are ordinary; 0: nothing is recorded. */
  readonly perMinute: number;
  /** Milliseconds after which counts are recorded; a minute by default. */
  readonly interval?: number;
}

/** The refusals of one user or address since the last recording. */
interface Refused {
  readonly kind: SecurityEventKind;
  readonly schema: string;
  readonly userId: number | undefined;
  readonly detail: Record<string, number | string>;
  count: number;
  /** Of the last request; null where the count is that of many addresses. */
  from: SecurityEvent['from'] | null;
}

const MINUTE = 60_000;
/** Maximum number of users and addresses that are counted one by one; further ones are counted together, per tenant. */
const MOST_COUNTED = 10_000;
/** Maximum number of events of a tenant per recording, those with the highest counts. */
const MOST_RECORDED = 100;
const STATUSES: ReadonlySet<number> = new Set([401, 403, 429]);

/**
 * Counts refused requests (401, 403, 429) in the memory of this process, by user or, where nobody is signed in, by
 * address, and records those above a rate once a minute, in one event with the count. Tokens of other tenants are
 * recorded even if there is only one. Requests that are not refused do not come here.
 */
export class Refusals {
  #counts = new Map<string, Refused>();
  #timer: NodeJS.Timeout | undefined;
  #recording: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: Database,
    private readonly options: RefusalOptions,
  ) {}

  /** Counts a request that failed, if it was refused. @param address the client's */
  note(request: FastifyRequest, error: unknown, status: number, address: string): void {
    const { logContext } = request;
    if (!STATUSES.has(status) || !logContext || this.options.perMinute === 0) return;
    const { tenant: schema, user: userId } = logContext;
    const from = { address, agent: request.headers['user-agent'], requestId: request.id };
    const foreign = foreignToken(error);
    if (foreign) {
      const refused = this.#countOf('foreign_token', schema, undefined, address);
      refused.detail.token_tenant = foreign.tenant;
      refused.detail.token_user = foreign.user;
      refused.count++;
      refused.from = refused.from === null ? null : from;
    }
    const refused = this.#countOf('requests_refused', schema, userId, address);
    refused.count++;
    refused.detail[status] = Number(refused.detail[status] ?? 0) + 1;
    refused.from = refused.from === null ? null : from;
  }

  /** Records what was counted since the last recording. */
  async record(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const counts = [...this.#counts.values()];
    this.#counts = new Map();
    this.#recording = this.#recording.then(() => this.#recordAll(counts));
    await this.#recording;
  }

  #countOf(kind: SecurityEventKind, schema: string, userId: number | undefined, address: string): Refused {
    const who = `${kind} ${schema} ${userId ?? addressKey(address)}`;
    const found = this.#counts.get(who);
    if (found) return found;
    const isFull = this.#counts.size >= MOST_COUNTED;
    const key = isFull ? `${kind} ${schema}` : who;
    const together = isFull ? this.#counts.get(key) : undefined;
    if (together) return together;
    const started: Refused = {
      kind,
      schema,
      userId: isFull ? undefined : userId,
      detail: {},
      count: 0,
      from: isFull ? null : undefined,
    };
    this.#counts.set(key, started);
    this.#timer ??= setTimeout(() => void this.record(), this.options.interval ?? MINUTE).unref();
    return started;
  }

  async #recordAll(counts: readonly Refused[]): Promise<void> {
    const remarkable = counts.filter(
      ({ kind, count }) => kind !== 'requests_refused' || count > this.options.perMinute,
    );
    remarkable.sort((one, other) => other.count - one.count);
    for (const schema of new Set(remarkable.map(({ schema }) => schema))) {
      const most = remarkable.filter((refused) => refused.schema === schema).slice(0, MOST_RECORDED);
      await this.#recordOf(schema, most.map(eventOf));
    }
  }

  /** Records the events of a tenant. Where they cannot be stored, as without the database, their lines are written. */
  async #recordOf(schema: string, events: readonly SecurityEvent[]): Promise<void> {
    try {
      await this.database.tenantTransaction({ schema, userId: null }, async (transaction) => {
        for (const event of events) recordSecurityEvent(transaction, event);
      });
    } catch {
      for (const event of events) unstoredSecurityEvent(schema, event);
    }
  }
}

function eventOf({ kind, userId, count, from, detail }: Refused): SecurityEvent {
  return { kind, userId: userId ?? null, count, detail, ...(from && { from }) };
}

/** Returns the error about a token of another tenant, also where another answer was made of it. */
function foreignToken(error: unknown): ForeignTokenError | null {
  if (error instanceof ForeignTokenError) return error;
  const { cause } = error as { cause?: unknown };
  return cause instanceof ForeignTokenError ? cause : null;
}
