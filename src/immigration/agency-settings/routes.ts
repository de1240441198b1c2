import type { Config } from '../../config/config.js';
import type { Database } from '../../database/database.js';
import { sql } from '../../database/sql.js';
import type { Cors } from '../../http/cors.js';
import { detailError } from '../../http/errors.js';
import { anybody, superAdmin } from '../../routing/policy.js';
import { publicRoute, type RouteDefinition, route } from '../../routing/route.js';
import type { Tenants } from '../../tenancy/tenants.js';
import { AgencySettingsOutput, AgencySettingsPatch, BrandingOutput } from './schemas.js';
import { brandingOf, readSettings } from './selectors.js';
import { changeSettings } from './services.js';

const PATH = '/api/v1/agency-settings/';
const tag = 'agency-settings';

/** Returns the routes of an agency's own settings, for SUPER_ADMIN only, and of its branding, for anybody. */
export function agencySettingsRoutes(
  database: Database,
  { baseDomain, deliveries }: Pick<Config, 'baseDomain' | 'deliveries'>,
  tenants: Tenants,
  cors: Cors,
): RouteDefinition[] {
  const allows = (origin: string) => cors.allows(origin);
  const platform = { baseDomain, from: deliveries.email.from, allows };
  return [
    route({
      method: 'GET',
      path: PATH,
      tag,
      summary: "The agency's settings; only for SUPER_ADMIN.",
      policy: superAdmin,
      response: AgencySettingsOutput,
      handler: async ({ context }) => await database.tenantTransaction(context, readSettings),
    }),
    route({
      method: 'PATCH',
      path: PATH,
      tag,
      summary: 'Changes the given settings of the agency, at once; only for SUPER_ADMIN.',
      policy: superAdmin,
      body: AgencySettingsPatch,
      response: AgencySettingsOutput,
      errors: [400],
      handler: async ({ context, body }) => {
        const settings = await database.tenantTransaction(context, (transaction) =>
          changeSettings(transaction, body, platform),
        );
        tenants.drop();
        return settings;
      },
    }),
    publicRoute({
      method: 'GET',
      path: '/api/public/branding/',
      tag: 'public',
      summary: 'Branding of the agency of this host.',
      policy: anybody,
      response: BrandingOutput,
      errors: [404],
      handler: async ({ tenant }) => {
        if (!tenant) throw detailError(404, 'Tenant not found for this domain');
        const [row] = await database.publicQueryAt(
          tenant.schema,
          sql<{ branding: unknown }>`
          SELECT settings -> 'branding' AS branding FROM public.tenants_tenant WHERE id = ${tenant.id}`,
        );
        return brandingOf(row?.branding, tenant.name);
      },
    }),
  ];
}
