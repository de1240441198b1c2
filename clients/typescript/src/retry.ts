import type { ApiError } from './result.js';
import { isError } from './result.js';

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);
const FIRST_WAIT_MS = 200;

/** Returns the seconds that the header Retry-After names, whether as a number or as a date; null without a usable one. */
export function retryAfter(headers: Headers): number | null {
  const text = headers.get('retry-after')?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const at = /^[A-Z][a-z]{2}, /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - Date.now()) / 1000));
}

/**
 * Returns the milliseconds to wait before a request is sent again; null where it must not be. Where the server names a
 * time, it has not done what was asked; otherwise only what changes nothing is repeated.
 */
export function waitBeforeRetry(
  method: string,
  outcome: Response | ApiError,
  attempt: number,
): number | null {
  if (!IDEMPOTENT.has(method)) return null;
  if (!isError(outcome)) {
    const seconds = outcome.status === 429 || outcome.status === 503 ? retryAfter(outcome.headers) : null;
    if (seconds !== null) return seconds * 1000;
    return SAFE.has(method) && [502, 503, 504].includes(outcome.status) ? backOff(attempt) : null;
  }
  return SAFE.has(method) && outcome.kind === 'network' ? backOff(attempt) : null;
}

/** Returns a wait that doubles with each attempt, at random between half of it and the whole. */
export function backOff(attempt: number, firstMs = FIRST_WAIT_MS, mostMs = 30_000): number {
  return Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 30)) * (0.5 + Math.random() / 2);
}
