import { Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
import { detailError } from '../../http/errors.js';
import { anybody } from '../../routing/policy.js';
import { publicRoute, type RouteDefinition } from '../../routing/route.js';

const TenantInfo = component(
  'TenantInfo',
  Type.Object({ tenant_name: Type.String(), tenant_id: Type.Integer() }),
);

/** Returns the routes of what anybody may know about a tenant: whose host this is. */
export function tenantRoutes(): RouteDefinition[] {
  return [
    publicRoute({
      method: 'GET',
      path: '/api/public/tenant-info/',
      tag: 'public',
      summary: 'The tenant of this host.',
      policy: anybody,
      hosts: 'any',
      head: false,
      response: TenantInfo,
      errors: [404],
      handler: async ({ tenant }, reply) => {
        reply.header('cache-control', 'no-cache, no-store, must-revalidate');
        if (!tenant) throw detailError(404, 'Tenant not found for this domain');
        return { tenant_name: tenant.name, tenant_id: tenant.id };
      },
    }),
  ];
}
