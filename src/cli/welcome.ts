import type { Config } from '../config.js';
import type { DatabaseHandle } from '../database/connections.js';
import { withOwner } from '../database/owner.js';
import { DEMO_LOGINS } from '../seed/demo-logins.js';

const SHOWN_DOMAINS = 5;

/**
 * The lines for whoever has just started the program: where it is, who can log in, where the documentation is.
 * @param port where it listens
 */
export async function welcome(config: Config, handle: DatabaseHandle, port: number): Promise<string[]> {
  const { domains, logins } = await readFacts(handle);
  const base = (domain: string) => `http://${domain}:${port}`;
  const lines = [`Leopard is ready on port ${port}.`, ''];
  if (domains.length === 0) {
    lines.push(`  There is no agency yet; create one: leopard tenants create`);
    return lines;
  }
  for (const domain of domains) lines.push(`  ${base(domain)}`);
  if (logins.length > 0) {
    lines.push('', '  Log-ins of the demonstration data (user name / password):');
    for (const { schema, role, username, password } of logins) {
      lines.push(`  ${schema.replace('tenant_', '').padEnd(5)} ${role.padEnd(14)} ${username} / ${password}`);
    }
  }
  lines.push('', `  API documentation: ${base(domains[0]!)}/api/docs/`);
  if (config.useHttps)
    lines.push('', '  USE_HTTPS is on: browsers are sent to https, so put a proxy in front.');
  return lines;
}

async function readFacts(handle: DatabaseHandle) {
  return await withOwner(handle.owner ?? handle.app, async (client) => {
    const { rows } = await client.query<{ domain: string }>(
      `SELECT domain FROM public.tenants_domain JOIN public.tenants_tenant t ON t.id = tenant_id
       WHERE t.is_active AND domain NOT LIKE '*%' ORDER BY is_primary DESC, tenant_id, domain LIMIT $1`,
      [SHOWN_DOMAINS],
    );
    const logins = [];
    for (const login of handle.kind === 'embedded' ? DEMO_LOGINS : []) {
      const { rows: found } = await client.query<{ there: boolean }>(
        'SELECT to_regclass($1) IS NOT NULL AS there',
        [`${login.schema}.immigration_user`],
      );
      if (!found[0]?.there) continue;
      const { rowCount } = await client.query(
        `SELECT FROM ${login.schema}.immigration_user WHERE email = $1 AND is_active`,
        [login.email],
      );
      if (rowCount) logins.push(login);
    }
    return { domains: rows.map(({ domain }) => domain), logins };
  });
}
