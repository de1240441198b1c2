import { createHmac, timingSafeEqual } from 'node:crypto';
import { type KeyRing, PurposeKeys } from '../config/key-ring.js';
import { schemaOf } from '../tenancy/tenant-name.js';
import type { Tenant } from '../tenancy/tenants.js';

const LIFETIME = 3_600;

/**
 * URLs of files that an `<img>` can load without a token: signed, for one file of one tenant, and expiring. Whoever
 * gets one was allowed to see the record at that moment.
 */
export class SignedUrls {
  readonly #keys: PurposeKeys;

  constructor(keys: KeyRing) {
    this.#keys = new PurposeKeys(keys, 'leopard signed file addresses');
  }

  /**
   * Returns path and query of a file, valid for one to two hours: it expires at a full hour, so that browsers can
   * cache.
   */
  sign(tenant: Tenant, path: string): string {
    const expires = (Math.floor(Date.now() / 1000 / LIFETIME) + 2) * LIFETIME;
    return `/media/${path}?expires=${expires}&signature=${signatureOf(this.#keys.signing, tenant, path, expires)}`;
  }

  /** Returns whether a URL with these parts was signed for this tenant and has not expired. */
  verify(tenant: Tenant, path: string, expires: string | undefined, signature: string | undefined): boolean {
    const end = Number(expires);
    if (!Number.isSafeInteger(end) || end <= Date.now() / 1000 || !signature) return false;
    const given = Buffer.from(signature);
    const schemas = [tenant.schema, ...(tenant.formerNames ?? []).map(({ name }) => schemaOf(name))];
    return this.#keys.verifying.some((key) => {
      return schemas.some((schema) => {
        const expected = Buffer.from(signatureOf(key, { ...tenant, schema }, path, end));
        return expected.length === given.length && timingSafeEqual(expected, given);
      });
    });
  }
}

/**
 * Returns the signature. It includes the tenant's time of creation, so that a tenant created later under the same name
 * does not revive old URLs.
 */
function signatureOf(key: Buffer, tenant: Tenant, path: string, expires: number): string {
  const text = JSON.stringify([tenant.schema, tenant.id, tenant.createdAt, path, expires]);
  return createHmac('sha256', key).update(text).digest('base64url');
}
