import type { FastifyReply, FastifyRequest } from 'fastify';
import { bodyLimitsOf } from '../http/body-limits.js';
import { HttpError } from '../http/errors.js';
import type { RouteDefinition } from './route.js';

/** Maximum numbers of bytes received at a time; 0: no limit. */
export interface UploadLimits {
  readonly perUser: number;
  readonly perTenant: number;
}

interface Sender {
  readonly schema: string;
  readonly userId: number | null;
}

/** Seconds after which a refused upload may be tried again. */
const TRY_AGAIN_IN = 5;

/**
 * Bounds the forms with files that are being received and worked on, since these are in memory as a whole: by their
 * announced size, or by the largest possible one where it is not announced.
 */
export class UploadBounds {
  readonly #held = new Map<string, number>();

  constructor(private readonly limits: UploadLimits) {}

  /**
   * Counts an upload until it is answered. One that is larger than a limit may come while no other is under way.
   * @throws HttpError 429 while the sender, or the tenant, has too much under way
   */
  take(request: FastifyRequest, reply: FastifyReply, route: RouteDefinition, sender: Sender): void {
    const { file, field } = bodyLimitsOf(route);
    const announced = Number(request.headers['content-length'] ?? Number.POSITIVE_INFINITY);
    const size = Math.min(announced, file + field);
    const shares = [
      { key: `${sender.schema} ${sender.userId}`, limit: this.limits.perUser },
      { key: sender.schema, limit: this.limits.perTenant },
    ].filter(({ limit }) => limit > 0);
    for (const { key, limit } of shares) {
      const held = this.#held.get(key) ?? 0;
      if (held > 0 && held + size > limit) {
        throw new HttpError(
          429,
          { detail: 'Too many files are being sent at the same time. Try again.' },
          { 'retry-after': String(TRY_AGAIN_IN) },
        );
      }
    }
    for (const { key } of shares) this.#held.set(key, (this.#held.get(key) ?? 0) + size);
    reply.raw.once('close', () => {
      for (const { key } of shares) this.#release(key, size);
    });
  }

  #release(key: string, size: number): void {
    const left = (this.#held.get(key) ?? size) - size;
    if (left > 0) this.#held.set(key, left);
    else this.#held.delete(key);
  }
}
