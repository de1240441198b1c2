import { extname } from 'node:path';
import { Type } from '@sinclair/typebox';
import { detailError } from '../http/errors.js';
import { anybody } from '../routing/policy.js';
import { publicRoute, type RouteDefinition } from '../routing/route.js';
import type { Tenant } from '../tenancy/tenants.js';
import type { MediaStore } from './media-store.js';
import type { SignedUrls } from './signed-urls.js';

const TYPES: Readonly<Record<string, string>> = {
  '.jpg': 'image/jpeg',
  '.png': 'image/png',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
};

/** Returns the routes of stored files, for holders of a signed URL of the tenant's. */
export function mediaRoutes(media: MediaStore, urls: SignedUrls): RouteDefinition[] {
  return [
    publicRoute({
      method: 'GET',
      path: '/media/*',
      page: true,
      tag: 'media',
      summary: 'A stored file, by its signed address.',
      policy: anybody,
      query: { expires: Type.String(), signature: Type.String() },
      handler: async (request, reply) => {
        const tenant = request.tenant as Tenant;
        const path = request.params['*'] ?? '';
        const expires = request.query.text('expires');
        const signed = urls.verify(tenant, path, expires, request.query.text('signature'));
        const file = signed ? await media.open(tenant.schema, path) : null;
        if (!file) throw detailError(404, 'Not found.');
        reply.type(TYPES[extname(path)] ?? 'application/octet-stream').header('content-length', file.size);
        // No longer than the address itself: until then, its holder may see the file anyway.
        const seconds = Math.max(0, Math.floor(Number(expires) - Date.now() / 1000));
        reply.header('cache-control', `private, max-age=${seconds}, immutable`);
        // A front end on another host shows the pictures; they are never documents of their own.
        reply.header('cross-origin-resource-policy', 'cross-origin');
        reply.header('content-security-policy', "default-src 'none'; sandbox");
        return reply.send(file.stream);
      },
    }),
  ];
}
