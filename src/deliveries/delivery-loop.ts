import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../database/database.js';
import {
  claimDeliveries,
  type DeliveryClaim,
  type DeliveryKind,
  renewClaims,
  type Taken,
} from './delivery-queue.js';

/** Maximum numbers of concurrent deliveries of one kind in this process. */
interface Places {
  readonly all: number;
  readonly perTenant: number;
  /** For one endpoint of one tenant. */
  readonly perDestination: number;
}

export interface DeliveryLoopOptions {
  readonly kind: DeliveryKind;
  readonly places: Places;
  /**
   * Sends a delivery and stores the outcome, within a bounded time.
   * @returns whether its destination may use all its places
   */
  readonly deliver: (claim: DeliveryClaim) => Promise<boolean>;
  readonly leaseSeconds: number;
  readonly pollMs: number;
  /** Called for errors that are not a delivery's own failure, such as an unreachable database. */
  readonly onError: (error: Error) => void;
}

/** Maximum number of failing destinations that are remembered; the oldest are forgotten. */
const MOST_FAILING = 1_000;
const RENEWALS_PER_LEASE = 3;
/** Pause for a tenant after one of its deliveries could not be read or its outcome could not be stored. */
const TENANT_RESTS_MS = 10_000;

interface Attempt {
  readonly claim: DeliveryClaim;
  readonly end: Promise<void>;
}

/**
 * Claims and sends the deliveries of one kind, with a limited number of places of its own. A destination that failed
 * has one place until it works again, so that a dead receiver holds up no others.
 */
export class DeliveryLoop {
  readonly #attempts = new Set<Attempt>();
  readonly #failing = new Set<string>();
  /** Times until which tenants rest. */
  readonly #resting = new Map<string, number>();
  #loop: Promise<void> | undefined;
  #renewing: NodeJS.Timeout | undefined;
  #after = '';
  #stopping = false;
  /** Whether an attempt ended since the last look for work. */
  #woken = false;
  #endRest: () => void = () => undefined;

  constructor(
    private readonly database: Database,
    private readonly options: DeliveryLoopOptions,
  ) {}

  start(): void {
    if (this.#loop) return;
    this.#loop = this.#run();
    const renewMs = (this.options.leaseSeconds * 1_000) / RENEWALS_PER_LEASE;
    this.#renewing = setInterval(() => void this.#renew(), renewMs);
  }

  /** Claims nothing more, and waits for attempts under way. @param within maximum wait, in milliseconds */
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

  /** Claims as many due deliveries as there is room for, and begins to send them. @returns their number */
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

  #begin(claim: DeliveryClaim): void {
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

  /** Counts the places in use by destination; a failing destination has all of its places but one counted as used. */
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

  /** Counts the deliveries under way by tenant; a resting tenant counts as having no place left. */
  #runningByTenant(): Map<string, number> {
    const running = new Map<string, number>();
    for (const { claim } of this.#attempts) running.set(claim.schema, (running.get(claim.schema) ?? 0) + 1);
    for (const [schema, until] of this.#resting) {
      if (until > Date.now()) running.set(schema, this.options.places.perTenant);
      else this.#resting.delete(schema);
    }
    return running;
  }

  /** Renews the leases of attempts under way; without that, another process would send those deliveries again. */
  async #renew(): Promise<void> {
    const claims = [...this.#attempts].map(({ claim }) => claim);
    if (claims.length === 0) return;
    await renewClaims(this.database, claims, this.options.leaseSeconds).catch(this.options.onError);
  }

  #wake(): void {
    this.#woken = true;
    this.#endRest();
  }

  /** Waits until an attempt ends, or for about the poll interval. */
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

const keyOf = ({ schema, destination }: DeliveryClaim) => `${schema} / ${destination}`;
