import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Type } from '@sinclair/typebox';
import { stringify } from 'yaml';
import { detailError } from '../../http/errors.js';
import { PACKAGE_ROOT } from '../../platform/package-root.js';
import { acceptedTypes } from '../admission.js';
import { anybody } from '../policy.js';
import { publicRoute, type RouteDefinition } from '../route.js';
import { PAGES, STYLE_SHEET } from './pages.js';

const YAML = 'application/vnd.oai.openapi';
const JSON_TYPE = 'application/vnd.oai.openapi+json';

interface Asset {
  readonly type: string;
  readonly read: () => string;
}

const ASSETS: Readonly<Record<string, Asset>> = {
  'leopard.css': { type: 'text/css', read: () => STYLE_SHEET },
  'swagger-ui.css': { type: 'text/css', read: vendored('swagger-ui.css') },
  'swagger-ui-bundle.js': { type: 'text/javascript', read: vendored('swagger-ui-bundle.js') },
  'redoc.standalone.js': { type: 'text/javascript', read: vendored('redoc.standalone.js') },
};

/** The one URL of another site in ReDoc, a logo; it shows none where this fails to load. */
const FOREIGN_LOGO = 'https://cdn.redoc.ly/redoc/logo-mini.svg';
const NO_PICTURE = 'data:,';

/** Files taken out of the packages of ReDoc and Swagger UI: data/api-docs/sources.json says which. */
const VENDORED = join(PACKAGE_ROOT, 'data', 'api-docs');

/**
 * Returns the routes of the API's documentation, without log-in and on the bare hosts too. Its pages load nothing from
 * elsewhere.
 * @param document makes the OpenAPI document, once all routes are known
 */
export function documentationRoutes(document: () => object): RouteDefinition[] {
  const common = { tag: 'schema', policy: anybody, hosts: 'bare', negotiates: false } as const;
  return [
    documentRoute('/api/schema/', 'bare', document),
    ...Object.entries(PAGES).map(([name, page]) =>
      publicRoute({
        ...common,
        method: 'GET',
        path: `/api/${name}/`,
        summary: page.summary,
        produces: ['text/html'],
        handler: async (_request, reply) =>
          reply
            .type('text/html; charset=utf-8')
            .header('content-security-policy', page.policy)
            .send(page.html),
      }),
    ),
    publicRoute({
      ...common,
      method: 'GET',
      path: '/api/docs/assets/*',
      page: true,
      summary: 'A file of the documentation pages.',
      handler: async ({ params, raw }, reply) => {
        const name = params['*'] ?? '';
        const asset = Object.hasOwn(ASSETS, name) ? ASSETS[name] : undefined; // excludes `constructor`
        if (!asset) throw detailError(404, 'Not found.');
        const { content, tag } = load(name, asset);
        reply.header('cache-control', 'public, max-age=86400').header('etag', tag);
        if (raw.headers['if-none-match'] === tag) return reply.code(304).send();
        return reply.type(`${asset.type}; charset=utf-8`).send(content);
      },
    }),
  ];
}

/**
 * Returns the route of an API's document, without log-in.
 * @param document makes it, once all routes are known
 */
export function documentRoute(
  path: string,
  hosts: 'bare' | 'platform',
  document: () => object,
): RouteDefinition {
  // As bytes, which all answers share: a text would be encoded, and kept, for each.
  const yaml = once(() => Buffer.from(stringify(document(), { aliasDuplicateObjects: false })));
  const json = once(() => Buffer.from(JSON.stringify(document())));
  return publicRoute({
    method: 'GET',
    path,
    tag: 'schema',
    summary: 'The OpenAPI document of this API, as YAML or as JSON.',
    policy: anybody,
    hosts,
    negotiates: false,
    query: { format: Type.String({ enum: ['yaml', 'json'] }) },
    produces: [YAML, JSON_TYPE],
    handler: async ({ query, raw }, reply) => {
      const format = query.text('format') ?? preferredFormat(raw.headers.accept);
      if (format === 'json') return reply.type(JSON_TYPE).send(json());
      if (format === 'yaml') return reply.type(YAML).send(yaml());
      throw detailError(404, 'Not found.');
    },
  });
}

/** Returns YAML, unless the Accept header names JSON and not YAML. */
function preferredFormat(accept: string | undefined): string {
  const types = acceptedTypes(accept);
  const yaml = types.some((type) => type === YAML || type.includes('yaml'));
  return !yaml && types.some((type) => type.endsWith('json')) ? 'json' : 'yaml';
}

function once(make: () => Buffer): () => Buffer {
  let made: Buffer | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

const loaded = new Map<string, { content: Buffer; tag: string }>();

function load(name: string, { read }: Asset) {
  let asset = loaded.get(name);
  if (!asset) {
    const content = Buffer.from(read());
    asset = { content, tag: `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"` };
    loaded.set(name, asset);
  }
  return asset;
}

/** Returns a reader for a vendored file that removes the URL of another site in one of them. */
function vendored(file: string): () => string {
  return () => readFileSync(join(VENDORED, file), 'utf8').replaceAll(FOREIGN_LOGO, NO_PICTURE);
}
