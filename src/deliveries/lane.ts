import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../database/database.js';
import { type Claim, claimDeliveries, type DeliveryKind, renewClaims, type Taken } from './queue.js';

/** How many deliveries of a kind may be under way at once in this process. */
export interface Places {
  readonly all: number;
  readonly perTenant: number;
  /** Of one tenant to one endpoint. */
  readonly perDestination: number;
}

export interface LaneOptions {
  readonly kind: DeliveryKind;
  readonly places: Places;
  /** Sends one and notes the outcome, within a bounded time. @returns whether its destination may have all places */
  readonly deliver: (claim: Claim) => Promise<boolean>;
  readonly leaseSeconds: number;
  readonly pollMs: number;
  /** What is not one delivery's own failure: the database cannot be reached, for instance. */
  readonly onError: (error: Error) => void;
}

/** Destinations of which it is remembered that they failed; the oldest are forgotten. */
const MOST_FAILING = 1_000;
const RENEWALS_PER_LEASE = 3;
/** A tenant of which a delivery cannot even be read, or its outcome noted, is left alone for so long. */
const TENANT_RESTS_MS = 10_000;

interface Attempt {
  readonly claim: Claim;
  readonly end: Promise<void>;
}

/**
 * Sends the deliveries of one kind, in places that are its own. A destination that failed has one place until it works
 * again: what does not answer takes no more than that from others.
 */
export class Lane {
  readonly #attempts = new Set<Attempt>();
  readonly #failing = new Set<string>();
  /** Until when these tenants are left alone. */
  readonly #resting = new Map<string, number>();
  #loop: Promise<void> | undefined;
  #renewing: NodeJS.Timeout | undefined;
  #after = '';
  #stopping = false;
  /** Whether something ended since the last look for work. */
  #woken = false;
  #endRest: () => void = () => undefined;

  constructor(
    private readonly database: Database,
    private readonly options: LaneOptions,
  ) {}

  start(): void {
    if (this.#loop) return;
    this.#loop = this.#run();
    const renewMs = (this.options.leaseSeconds * 1_000) / RENEWALS_PER_LEASE;
    this.#renewing = setInterval(() => void this.#renew(), renewMs);
  }

  /** Takes nothing new, and waits for what is under way, for so many milliseconds at most. */
  async stop(within: number): Promise<void> {
    this.#stopping = true;
    this.#wake();
    await this.#loop;
    const ends = Promise.all([...this.#attempts].map(({ end }) => end));
    const late = new AbortController();
    await Promise.race([ends, sleep(within, undefined, { signal: late.signal }).catch(() => undefined)]);
    late.abort();
    clearInterval(this.#renewing);
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      this.#woken = false;
      const begun = await this.#sendDue().catch((error: Error) => {
        this.options.onError(error);
        return 0;
      });
      if (begun === 0 || this.#attempts.size >= this.options.places.all) await this.#rest();
    }
  }

  /** Claims what is due and there is room for, and begins to send it. @returns how much */
  async #sendDue(): Promise<number> {
    const { kind, places, leaseSeconds } = this.options;
    const claims = await claimDeliveries(this.database, {
      kind,
      most: places.all - this.#attempts.size,
      mostPerTenant: places.perTenant,
      mostPerDestination: places.perDestination,
      taken: this.#taken(),
      running: this.#runningByTenant(),
      after: this.#after,
      leaseSeconds,
    });
    for (const claim of claims) this.#begin(claim);
    this.#after = claims.at(-1)?.schema ?? this.#after;
    return claims.length;
  }

  #begin(claim: Claim): void {
    const end = this.options
      .deliver(claim)
      .then((isFine) => this.#note(keyOf(claim), isFine))
      .catch((error: Error) => {
        this.#resting.set(claim.schema, Date.now() + TENANT_RESTS_MS);
        this.options.onError(error);
      })
      .finally(() => {
        this.#attempts.delete(attempt);
        this.#wake();
      });
    const attempt = { claim, end };
    this.#attempts.add(attempt);
  }

  #note(key: string, isFine: boolean): void {
    this.#failing.delete(key);
    if (isFine) return;
    this.#failing.add(key);
    const [oldest] = this.#failing;
    if (oldest !== undefined && this.#failing.size > MOST_FAILING) this.#failing.delete(oldest);
  }

  /** What is under way, and of a failing destination all places but one. */
  #taken(): Taken[] {
    const taken = new Map<string, { schema: string; destination: string; places: number }>();
    const of = (key: string) => {
      const [schema = '', destination = ''] = key.split(' / ');
      const known = taken.get(key) ?? { schema, destination, places: 0 };
      taken.set(key, known);
      return known;
    };
    for (const key of this.#failing) of(key).places += this.options.places.perDestination - 1;
    for (const { claim } of this.#attempts) of(keyOf(claim)).places++;
    return [...taken.values()];
  }

  /** What is under way; a tenant that rests has no place left. */
  #runningByTenant(): Map<string, number> {
    const running = new Map<string, number>();
    for (const { claim } of this.#attempts) running.set(claim.schema, (running.get(claim.schema) ?? 0) + 1);
    for (const [schema, until] of this.#resting) {
      if (until > Date.now()) running.set(schema, this.options.places.perTenant);
      else this.#resting.delete(schema);
    }
    return running;
  }

  /** An attempt may outlast its lease; one that is not renewed in time is sent again by somebody else. */
  async #renew(): Promise<void> {
    const claims = [...this.#attempts].map(({ claim }) => claim);
    if (claims.length === 0) return;
    await renewClaims(this.database, claims, this.options.leaseSeconds).catch(this.options.onError);
  }

  #wake(): void {
    this.#woken = true;
    this.#endRest();
  }

  /** Until an attempt ends, or about so long as the poll takes. */
  async #rest(): Promise<void> {
    if (this.#woken) return;
    const pollMs = this.options.pollMs * (0.75 + Math.random() / 2);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pollMs);
      this.#endRest = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

const keyOf = ({ schema, destination }: Claim) => `${schema} / ${destination}`;
