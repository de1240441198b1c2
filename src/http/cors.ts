import type { Config } from '../config/config.js';
import { REQUEST_ID } from './request-id.js';

const PREFLIGHT = {
  'access-control-allow-methods': 'DELETE, GET, OPTIONS, PATCH, POST, PUT',
  'access-control-allow-headers':
    'accept, authorization, cache-control, content-type, expires, if-none-match, last-event-id, pragma, user-agent, x-csrftoken, x-device-token, x-requested-with',
  'access-control-max-age': '86400',
};

/** The headers that pages of other origins may read, beside those that browsers always show. */
export const EXPOSED_HEADERS = `content-disposition, etag, retry-after, ${REQUEST_ID}, x-truncated-fields`;

type Settings = Pick<Config, 'appSubdomain' | 'baseDomain' | 'useHttps' | 'debug' | 'corsOrigins'>;

/** Decides which browser origins may read answers. */
export class Cors {
  readonly #allowed: readonly RegExp[];
  readonly #known = new Map<string, boolean>();

  constructor({ appSubdomain, baseDomain, useHttps, debug, corsOrigins }: Settings) {
    const scheme = useHttps ? 'https' : 'http';
    const port = debug ? '(:\\d+)?' : '';
    const word = '[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?';
    const own = `${word}[.-]${literally(appSubdomain)}\\.${literally(baseDomain)}`;
    const allowed = [`${scheme}://${own}${port}`, ...corsOrigins.map(patternOf)];
    if (debug) allowed.push(`https?://(${word}\\.)*localhost${port}`);
    this.#allowed = allowed.map((pattern) => new RegExp(`^${pattern}$`));
  }

  allows(origin: string): boolean {
    const known = this.#known.get(origin);
    if (known !== undefined) return known;
    const allowed = this.#allowed.some((pattern) => pattern.test(origin.toLowerCase()));
    if (this.#known.size > 1_000) this.#known.clear(); // clients may invent any number of origins
    this.#known.set(origin, allowed);
    return allowed;
  }

  /** Returns the headers for an answer to this origin; none when it is not allowed. */
  headers(origin: string | undefined): Readonly<Record<string, string>> | null {
    if (!origin || !this.allows(origin)) return null;
    return {
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': EXPOSED_HEADERS,
    };
  }

  /** Returns the headers for the answer to a preflight. */
  preflight(origin: string | undefined): Readonly<Record<string, string>> {
    const headers = this.headers(origin);
    return headers ? { ...headers, ...PREFLIGHT } : {};
  }
}

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function patternOf(origin: string): string {
  return literally(origin).replaceAll(':\\*', ':\\d+').replaceAll('\\*', '[a-z0-9.-]+');
}
