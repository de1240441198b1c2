import { isIP } from 'node:net';
import type { Cors } from '../http/cors.js';
import { hostName } from '../tenancy/host.js';
import type { Tenant, Tenants } from '../tenancy/tenants.js';

/** The page on which a passkey is made or used. */
export interface PasskeySite {
  /** `https://acme.example` */
  readonly origin: string;
  /** Its host name, which is WebAuthn's RP ID: a passkey works on pages of the host for which it was made. */
  readonly host: string;
}

/**
 * Decides on which pages an agency's passkeys may be used. The RP ID is the page's own host name, not a parent of it: no
 * other agency's page can then ask for the passkey, and no list of public suffixes is needed. An agency with several
 * hosts has passkeys of each.
 */
export class PasskeySites {
  constructor(
    private readonly cors: Cors,
    private readonly tenants: Pick<Tenants, 'byHost'>,
  ) {}

  /**
   * Returns the page that sends a request: one of a front end that may read answers, or of the API's own host, but of no
   * other tenant's.
   * @param origin the header; only browsers send it
   * @param own the origin of the API
   * @returns null for any other page, and for a request without one
   */
  async siteOf(origin: string | undefined, own: string, tenant: Tenant): Promise<PasskeySite | null> {
    if (!origin || !URL.canParse(origin) || !(this.cors.allows(origin) || origin === own)) return null;
    const host = hostName(new URL(origin).hostname);
    if (host === null || host.startsWith('[') || isIP(host) !== 0) return null;
    const owner = await this.tenants.byHost(host);
    return owner === null || owner.id === tenant.id ? { origin, host } : null;
  }
}
