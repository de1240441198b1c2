import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { Tenant } from '../tenancy/tenants.js';

const LIFETIME = 3_600;

/**
 * Addresses of files that an `<img>` can load without a token: signed, for one tenant's file, and lapsing. Whoever
 * gets one was allowed to see the record at that moment.
 */
export class SignedUrls {
  readonly #key: Buffer;

  constructor(secretKey: string) {
    this.#key = Buffer.from(hkdfSync('sha256', secretKey, '', 'leopard signed file addresses', 32));
  }

  /**
   * Path and query of a file, good for one to two hours: the end is a full hour, so that a browser can keep what it
   * loaded.
   */
  sign(tenant: Tenant, path: string): string {
    const expires = (Math.floor(Date.now() / 1000 / LIFETIME) + 2) * LIFETIME;
    return `/media/${path}?expires=${expires}&signature=${this.#signature(tenant, path, expires)}`;
  }

  /** Returns whether an address with these parts was signed for this tenant, and has not lapsed. */
  verify(tenant: Tenant, path: string, expires: string | undefined, signature: string | undefined): boolean {
    const end = Number(expires);
    if (!Number.isSafeInteger(end) || end <= Date.now() / 1000 || !signature) return false;
    const expected = Buffer.from(this.#signature(tenant, path, end));
    const given = Buffer.from(signature);
    return expected.length === given.length && timingSafeEqual(expected, given);
  }

  /** Returns the tenant's birth is in it: a name that is registered again does not revive old addresses. */
  #signature(tenant: Tenant, path: string, expires: number): string {
    const text = JSON.stringify([tenant.schema, tenant.id, tenant.createdAt, path, expires]);
    return createHmac('sha256', this.#key).update(text).digest('base64url');
  }
}
