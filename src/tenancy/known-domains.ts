import type { Notices } from '../database/cell-listeners.js';
import { CHANNELS } from '../database/channels.js';
import type { Database } from '../database/database.js';
import { NoticeCache } from '../database/notice-cache.js';
import { sql } from '../database/sql.js';

const KEPT_FOR_MS = 5_000;
const KEPT_DOMAINS = 10_000;
/** Maximum number of look-ups at once: whoever opens TLS connections under made-up names must not occupy the pool. */
const MOST_AT_ONCE = 2;

interface Registered {
  readonly domain: string;
}

/** Thrown instead of a look-up, so that nothing is cached. */
class Busy extends Error {}

/** The registered domains, cached like tenants are. A wildcard domain does not stand for the names below it. */
export class KnownDomains {
  readonly #cache: NoticeCache<Registered>;
  #underway = 0;

  constructor(
    private readonly database: Pick<Database, 'publicQuery'>,
    listener: Notices,
  ) {
    this.#cache = new NoticeCache(listener, { ttl: KEPT_FOR_MS, max: KEPT_DOMAINS });
    listener.on(CHANNELS.tenants, () => this.#cache.drop(''));
  }

  /**
   * Returns whether this very name is registered; `busy` when too many others are being looked up.
   * @param domain lower case, without port (see hostName)
   */
  async find(domain: string): Promise<'known' | 'unknown' | 'busy'> {
    try {
      const found = await this.#cache.get('', domain, () => this.#read(domain));
      return found ? 'known' : 'unknown';
    } catch (error) {
      if (error instanceof Busy) return 'busy';
      throw error;
    }
  }

  async #read(domain: string): Promise<Registered | null> {
    if (this.#underway >= MOST_AT_ONCE) throw new Busy();
    this.#underway++;
    try {
      const [row] = await this.database.publicQuery(
        sql<Registered>`SELECT domain FROM public.tenants_domain WHERE domain = ${domain}`,
      );
      return row ?? null;
    } finally {
      this.#underway--;
    }
  }
}
