import { LRUCache } from 'lru-cache';
import { BackgroundLoop } from '../background/loop.js';
import { TenantBackoff } from '../background/tenant-rotation.js';
import type { Database } from '../database/database.js';
import { isOutage } from '../database/errors.js';
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
  readonly onError: (error: unknown) => void;
}

/** Maximum number of failing destinations that are remembered; the oldest are forgotten. */
const MOST_FAILING = 1_000;
const RENEWALS_PER_LEASE = 3;
/** First and longest rest of a tenant when a delivery of its could not be read or the outcome could not be stored. */
const TENANT_RESTS_MS = { first: 10_000, longest: 60_000 };

/**
 * Claims and sends the deliveries of one kind, with a limited number of places of its own. A destination that failed
 * has one place until it works again, so that a dead receiver holds up no others.
 */
export class DeliveryLoop {
  readonly #attempts = new Set<DeliveryClaim>();
  readonly #failing = new LRUCache<string, true>({ max: MOST_FAILING });
  readonly #backoff = new TenantBackoff(TENANT_RESTS_MS.first, TENANT_RESTS_MS.longest);
  readonly #loop: BackgroundLoop;
  #renewing: NodeJS.Timeout | undefined;
  #after = '';

  constructor(
    private readonly database: Database,
    private readonly options: DeliveryLoopOptions,
  ) {
    const { pollMs, onError } = options;
    this.#loop = new BackgroundLoop({ step: () => this.#sendDue(), pollMs, onError });
  }

  start(): void {
    this.#loop.start();
    const renewMs = (this.options.leaseSeconds * 1_000) / RENEWALS_PER_LEASE;
    this.#renewing ??= setInterval(() => void this.#renew(), renewMs);
  }

  /** Claims nothing more, and waits for attempts under way. @param within maximum wait, in milliseconds */
  async stop(within: number): Promise<void> {
    await this.#loop.stop(within);
    clearInterval(this.#renewing);
  }

  /** Claims as many due deliveries as there is room for, and begins to send them. @returns whether to look for more */
  async #sendDue(): Promise<boolean> {
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
    for (const claim of claims) this.#loop.begin(() => this.#attempt(claim));
    this.#after = claims.at(-1)?.schema ?? this.#after;
    return claims.length > 0 && this.#attempts.size < places.all;
  }

  async #attempt(claim: DeliveryClaim): Promise<void> {
    this.#attempts.add(claim);
    try {
      const isFine = await this.options.deliver(claim);
      if (isFine) this.#failing.delete(keyOf(claim));
      else this.#failing.set(keyOf(claim), true);
      this.#backoff.succeeded(claim.schema);
    } catch (error) {
      if (!isOutage(error)) this.#backoff.failed(claim.schema);
      this.options.onError(error);
    } finally {
      this.#attempts.delete(claim);
      this.#loop.wake();
    }
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
    for (const key of this.#failing.keys()) of(key).places += this.options.places.perDestination - 1;
    for (const claim of this.#attempts) of(keyOf(claim)).places++;
    return [...taken.values()];
  }

  /** Counts the deliveries under way by tenant; a resting tenant counts as having no place left. */
  #runningByTenant(): Map<string, number> {
    const running = new Map<string, number>();
    for (const { schema } of this.#attempts) running.set(schema, (running.get(schema) ?? 0) + 1);
    for (const schema of this.#backoff.resting()) running.set(schema, this.options.places.perTenant);
    return running;
  }

  /** Renews the leases of attempts under way; without that, another process would send those deliveries again. */
  async #renew(): Promise<void> {
    const claims = [...this.#attempts];
    if (claims.length === 0) return;
    await renewClaims(this.database, claims, this.options.leaseSeconds).catch(this.options.onError);
  }
}

const keyOf = ({ schema, destination }: DeliveryClaim) => `${schema} / ${destination}`;
