import { throttled } from '../http/errors.js';
import { RecentCount } from './recent-count.js';

/** The limits of one user or of one tenant; 0: no limit. */
export interface Quota {
  /** Maximum number of requests under way that are heavy work. */
  readonly heavyAtOnce: number;
  /**
   * Requests per second in the long run; five seconds' worth may come at once. It holds while others want to be served,
   * too, for whoever makes more than half of all requests.
   */
  readonly perSecond: number;
  /** Maximum number of requests under way. */
  readonly atOnce: number;
  /** Maximum number of bytes of bodies and unread answers in memory. */
  readonly bytes: number;
}

export interface QuotaLimits {
  readonly user: Quota;
  readonly tenant: Quota;
}

/** The kinds of requests under way, which have different limits. */
export type RequestKind = 'usual' | 'open' | 'heavy';

/** The present use that one user or tenant makes of this process. */
interface Use {
  readonly quota: Quota;
  /** Number of requests that may come at once. */
  tokens: number;
  heavy: number;
  /** The time of which `tokens` tells, on the clock of performance.now(). */
  at: number;
  underWay: number;
  bytes: number;
  readonly recent: RecentCount;
}

/** Seconds' worth of requests that may come at once. */
const BURST_SECONDS = 5;
/** The part of recent requests beyond which others are held up. */
const MOST_OF_ALL = 0.5;
/** Seconds after which a user may try again who has too much under way. */
const TRY_AGAIN_IN = 1;
/** Bytes of a body that count as one request more, since they take as long: where it is parsed, and of a file. */
const PARSED_PER_REQUEST = 10_000;
const KEPT_PER_REQUEST = 100_000;
/** Bytes from which the parsing of a body is heavy work. */
const HEAVY_FROM = 250_000;
/** Number of users and tenants from which those are looked for that use nothing. */
const SWEPT_FROM = 1_000;

/**
 * Bounds what one user and one tenant use of this process: requests per second, requests under way, and bytes in
 * memory. Only those are remembered that have used something within the last seconds.
 */
export class Quotas {
  readonly #uses = new Map<string, Use>();
  readonly #recent = new RecentCount();
  #sweepAt = SWEPT_FROM;
  readonly #isOff: boolean;

  constructor(private readonly limits: QuotaLimits) {
    this.#isOff = [limits.user, limits.tenant].every((quota) => Object.values(quota).every((n) => n === 0));
  }

  /** The number of users and tenants that are remembered. */
  get size(): number {
    return this.#uses.size;
  }

  /**
   * Counts a request of a signed-in user.
   * @param kind `open` for one that stays open, which does not count among those under way; `heavy` for heavy work
   * @returns its share, to which bytes are added and which is released when it is answered; null when nothing is limited
   * @throws HttpError 429 when the user or the tenant is over a limit
   */
  enter(schema: string, userId: number, kind: RequestKind = 'usual'): RequestShare | null {
    if (this.#isOff) return null;
    const now = performance.now();
    const tenant = this.#useOf(schema, this.limits.tenant, now);
    const user = this.#useOf(`${schema} ${userId}`, this.limits.user, now);
    const all = this.#recent;
    for (const { recent } of [user, tenant, { recent: all }]) recent.add(1, now);
    check(user, { now, kind, all: all.at(now) });
    check(tenant, { now, kind, all: all.at(now) });
    charge(user, 1);
    charge(tenant, 1);
    return new RequestShare(user, tenant, all, kind);
  }

  #useOf(key: string, quota: Quota, now: number): Use {
    let use = this.#uses.get(key);
    if (use) return use;
    if (this.#uses.size >= this.#sweepAt) this.#sweep(now);
    use = {
      quota,
      tokens: burst(quota),
      at: now,
      underWay: 0,
      heavy: 0,
      bytes: 0,
      recent: new RecentCount(),
    };
    this.#uses.set(key, use);
    return use;
  }

  /** Forgets those that use nothing, of which nothing is known that a new one would not have. */
  #sweep(now: number): void {
    for (const [key, use] of this.#uses) {
      refill(use, now);
      if (use.underWay === 0 && use.bytes === 0 && use.tokens >= burst(use.quota)) this.#uses.delete(key);
    }
    this.#sweepAt = Math.max(SWEPT_FROM, 2 * this.#uses.size);
  }
}

/** The part of one request in what its user and tenant use. */
export class RequestShare {
  #bytes = 0;
  #isReleased = false;
  #kind: RequestKind;

  constructor(
    private readonly user: Use,
    private readonly tenant: Use,
    /** The requests of everybody. */
    private readonly all: RecentCount,
    kind: RequestKind,
  ) {
    this.#kind = kind;
    this.#count(1);
  }

  /** Adds bytes of the answer, which are there already. */
  add(bytes: number): void {
    if (this.#isReleased) return;
    this.#bytes += bytes;
    this.user.bytes += bytes;
    this.tenant.bytes += bytes;
  }

  /**
   * Adds bytes of the body, which count among requests per second too.
   * @param isParsed whether they will be parsed, rather than kept as a file
   * @throws HttpError 429 when the user or the tenant has too many in memory, or too much heavy work under way
   */
  take(bytes: number, isParsed: boolean): void {
    this.add(bytes);
    if (isParsed && this.#kind === 'usual' && this.#bytes > HEAVY_FROM) this.#becomeHeavy();
    const requests = bytes / (isParsed ? PARSED_PER_REQUEST : KEPT_PER_REQUEST);
    const now = performance.now();
    this.all.add(requests, now);
    for (const use of [this.user, this.tenant]) {
      use.recent.add(requests, now);
      charge(use, requests);
    }
    if (isOver(this.user) || isOver(this.tenant)) throw throttled(TRY_AGAIN_IN);
  }

  release(): void {
    if (this.#isReleased) return;
    this.add(-this.#bytes);
    this.#isReleased = true;
    this.#count(-1);
  }

  #becomeHeavy(): void {
    const uses = [this.user, this.tenant];
    if (this.#isReleased || uses.some(isTooHeavy)) throw throttled(TRY_AGAIN_IN);
    this.#kind = 'heavy';
    for (const use of uses) use.heavy++;
  }

  #count(change: 1 | -1): void {
    if (this.#kind === 'open') return;
    for (const use of [this.user, this.tenant]) {
      use.underWay += change;
      if (this.#kind === 'heavy') use.heavy += change;
    }
  }
}

const burst = ({ perSecond }: Quota) => BURST_SECONDS * perSecond;

function refill(use: Use, now: number): void {
  const { perSecond } = use.quota;
  use.tokens = Math.min(burst(use.quota), use.tokens + ((now - use.at) / 1_000) * perSecond);
  use.at = now;
}

/** Charges this many requests, if those per second are limited. */
function charge(use: Use, requests: number): void {
  if (use.quota.perSecond > 0) use.tokens -= requests;
}

function isOver({ quota, bytes }: Use): boolean {
  return quota.bytes > 0 && bytes > quota.bytes;
}

function isTooHeavy({ quota, heavy }: Use): boolean {
  return quota.heavyAtOnce > 0 && heavy >= quota.heavyAtOnce;
}

/** Returns whether others ask too, and this one takes more than half: a single user may have the whole process. */
function holdsUpOthers(use: Use, now: number, all: number): boolean {
  const own = use.recent.at(now);
  return own < all && own > MOST_OF_ALL * all;
}

/**
 * Checks the limits for one more request.
 * @param all the number of recent requests of everybody
 * @throws HttpError 429
 */
function check(
  use: Use,
  { now, kind, all }: { readonly now: number; readonly kind: RequestKind; readonly all: number },
): void {
  const { perSecond, atOnce } = use.quota;
  refill(use, now);
  if (perSecond > 0 && use.tokens < 1) {
    if (holdsUpOthers(use, now, all)) throw throttled((1 - use.tokens) / perSecond);
    use.tokens = 1; // what nobody else wants is no debt
  }
  const isFull = atOnce > 0 && use.underWay >= atOnce;
  if (isFull || (kind === 'heavy' && isTooHeavy(use)) || isOver(use)) throw throttled(TRY_AGAIN_IN);
}
