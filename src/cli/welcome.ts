import type { Config } from '../config/config.js';
import { isExposed, PUBLISHED_LOGINS } from '../config/exposure.js';
import type { DatabaseHandle } from '../database/connections.js';
import { type OwnerClient, withOwner } from '../database/owner.js';
import { quoteIdentifier } from '../database/schema-name.js';
import { TENANT_IS_ACTIVE } from '../database/served-tenants.js';
import { DEMO_LOGINS, type DemoLogin } from '../seed/demo-logins.js';
import { isAllowedHost } from '../tenancy/host.js';

const SHOWN_DOMAINS = 5;
/** Maximum number of domains read; some of them may not be shown. */
const MOST_DOMAINS = 100;

/** The running program, as the welcome text describes it. */
export interface Welcomed {
  readonly config: Config;
  readonly handle: DatabaseHandle;
  /** The words to type before a command's name. */
  readonly invocation: string;
}

/**
 * Returns the lines shown after a start: addresses, log-ins, and where to read on. Every address in them answers, as
 * far as this machine decides.
 * @param address where it listens, such as `http://127.0.0.1:8000` or `unix:/run/leopard/api.sock`
 */
export async function welcome({ config, handle, invocation }: Welcomed, address: string): Promise<string[]> {
  const { domains, logins } = await readFacts(handle, config.allowedHosts);
  const port = address.startsWith('http:') ? new URL(address).port || '80' : null;
  // Behind a socket file, a proxy has the port.
  const base = (domain: string) =>
    port ? `http://${domain}:${port}` : `${config.useHttps ? 'https' : 'http'}://${domain}`;
  const first = domains[0] ?? 'localhost';
  const lines = [`Leopard is ready on ${port ? `port ${port}` : address}.`, ''];
  for (const domain of domains) lines.push(`  ${base(domain)}/`);
  if (domains.length === 0) {
    lines.push(
      '  There is no agency yet. Create one, with somebody who can log in:',
      `  ${invocation} register_tenant --name "Everest Education" --tenant everest --admin-email you@example.com`,
    );
  }
  if (logins.length > 0) {
    lines.push('', '  Log-ins of the demonstration data (user name / password):');
    for (const { schema, role, username, password } of logins) {
      lines.push(`  ${schema.replace('tenant_', '').padEnd(5)} ${role.padEnd(14)} ${username} / ${password}`);
    }
  }
  if (logins.length > 0 && isExposed(config)) lines.push(`  Warning: ${PUBLISHED_LOGINS}.`);
  if (isAllowedHost(first, config.allowedHosts))
    lines.push('', `  API documentation: ${base(first)}/api/docs/`);
  lines.push(`  Something is wrong? ${invocation} doctor`);
  if (config.useHttps)
    lines.push('', '  USE_HTTPS is on: browsers are sent to https, so put a proxy in front.');
  return lines;
}

async function readFacts(handle: DatabaseHandle, allowedHosts: readonly string[]) {
  return await withOwner(handle.owner ?? handle.app, async (client) => {
    const { rows } = await client.query<{ domain: string }>(
      `SELECT domain FROM public.tenants_domain JOIN public.tenants_tenant t ON t.id = tenant_id
       WHERE ${TENANT_IS_ACTIVE.sql} AND domain NOT LIKE '*%'
       ORDER BY is_primary DESC, tenant_id, domain LIMIT $1`,
      [MOST_DOMAINS],
    );
    const allowed = rows.map(({ domain }) => domain).filter((domain) => isAllowedHost(domain, allowedHosts));
    const logins = [];
    for (const login of handle.kind === 'embedded' ? DEMO_LOGINS : [])
      if (await isThere(client, login)) logins.push(login);
    return { domains: allowed.slice(0, SHOWN_DOMAINS), logins };
  });
}

/** Returns whether this log-in works. A tenant whose tables are broken does not keep the program from starting. */
async function isThere(client: OwnerClient, { schema, email }: DemoLogin): Promise<boolean> {
  const user = `SELECT FROM ${quoteIdentifier(schema)}.immigration_user WHERE email = $1 AND is_active`;
  return await client.query(user, [email]).then(
    ({ rowCount }) => rowCount === 1,
    () => false,
  );
}
