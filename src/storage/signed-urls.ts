import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { Tenant } from '../tenancy/tenants.js';

const LIFETIME = 3_600;

/**
 * URLs of files that an `<img>` can load without a token: signed, for one file of one tenant, and expiring. Whoever
 * gets one was allowed to see the record at that moment.
 */
export class SignedUrls {
  readonly #key: Buffer;

  constructor(secretKey: string) {
    this.#key = Buffer.from(hkdfSync('sha256', secretKey, '', 'leopard signed file addresses', 32));
  }

  /**
   * Returns path and query of a file, valid for one to two hours: it expires at a full hour, so that browsers can
   * cache.
   */
  sign(tenant: Tenant, path: string): string {
    const expires = (Math.floor(Date.now() / 1000 / LIFETIME) + 2) * LIFETIME;
    return `/media/${path}?expires=${expires}&signature=${this.#signature(tenant, path, expires)}`;
  }

  /** Returns whether a URL with these parts was signed for this tenant and has not expired. */
  verify(tenant: Tenant, path: string, expires: string | undefined, signature: string | undefined): boolean {
    const end = Number(expires);
    if (!Number.isSafeInteger(end) || end <= Date.now() / 1000 || !signature) return false;
    const expected = Buffer.from(this.#signature(tenant, path, end));
    const given = Buffer.from(signature);
    return expected.length === given.length && timingSafeEqual(expected, given);
  }

  /**
   * Returns the signature. It includes the tenant's time of creation, so that a tenant created later under the same
   * name does not revive old URLs.
   */
  #signature(tenant: Tenant, path: string, expires: number): string {
    const text = JSON.stringify([tenant.schema, tenant.id, tenant.createdAt, path, expires]);
    return createHmac('sha256', this.#key).update(text).digest('base64url');
  }
}
