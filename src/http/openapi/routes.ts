import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Type } from '@sinclair/typebox';
import { stringify } from 'yaml';
import { detailError } from '../errors.js';
import { acceptedTypes } from '../negotiation.js';
import { anybody } from '../policy.js';
import { publicRoute, type RouteDefinition } from '../route.js';
import { PAGES } from './pages.js';

const YAML = 'application/vnd.oai.openapi';
const JSON_TYPE = 'application/vnd.oai.openapi+json';
const ASSETS: Readonly<Record<string, readonly [module: string, file: string, type: string]>> = {
  'swagger-ui.css': ['swagger-ui-dist', 'swagger-ui.css', 'text/css'],
  'swagger-ui-bundle.js': ['swagger-ui-dist', 'swagger-ui-bundle.js', 'text/javascript'],
  'redoc.standalone.js': ['redoc', 'bundles/redoc.standalone.js', 'text/javascript'],
};

/** ReDoc's one address of another site, a logo; it shows none where this fails to load. */
const FOREIGN_LOGO = 'https://cdn.redoc.ly/redoc/logo-mini.svg';
const NO_PICTURE = 'data:,';

const require = createRequire(import.meta.url);

/**
 * The documentation of the API, without log-in and on the bare hosts too. Its pages load nothing from elsewhere.
 * @param document makes the OpenAPI document, once all routes are known
 */
export function documentationRoutes(document: () => object): RouteDefinition[] {
  const yaml = once(() => stringify(document(), { aliasDuplicateObjects: false }));
  const json = once(() => JSON.stringify(document()));
  const common = { tag: 'schema', policy: anybody, hosts: 'bare', negotiates: false } as const;
  return [
    publicRoute({
      ...common,
      method: 'GET',
      path: '/api/schema/',
      summary: 'The OpenAPI document of this API, as YAML or as JSON.',
      query: { format: Type.String({ enum: ['yaml', 'json'] }) },
      produces: [YAML, JSON_TYPE],
      handler: async ({ query, raw }, reply) => {
        const format = query.text('format') ?? preferredFormat(raw.headers.accept);
        if (format === 'json') return reply.type(JSON_TYPE).send(json());
        if (format === 'yaml') return reply.type(YAML).send(yaml());
        throw detailError(404, 'Not found.');
      },
    }),
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
        const asset = Object.hasOwn(ASSETS, name) ? ASSETS[name] : undefined; // not so `constructor`
        if (!asset) throw detailError(404, 'Not found.');
        const { content, tag } = load(asset[0], asset[1]);
        reply.header('cache-control', 'public, max-age=86400').header('etag', tag);
        if (raw.headers['if-none-match'] === tag) return reply.code(304).send();
        return reply.type(`${asset[2]}; charset=utf-8`).send(content);
      },
    }),
  ];
}

/** YAML, unless the Accept header names JSON and not YAML. */
function preferredFormat(accept: string | undefined): string {
  const types = acceptedTypes(accept);
  const yaml = types.some((type) => type === YAML || type.includes('yaml'));
  return !yaml && types.some((type) => type.endsWith('json')) ? 'json' : 'yaml';
}

function once(make: () => string): () => string {
  let made: string | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

const loaded = new Map<string, { content: Buffer; tag: string }>();

function load(module: string, file: string) {
  const path = join(dirname(require.resolve(`${module}/package.json`)), file);
  let asset = loaded.get(path);
  if (!asset) {
    const text = readFileSync(path, 'utf8').replaceAll(FOREIGN_LOGO, NO_PICTURE);
    const content = Buffer.from(text);
    asset = { content, tag: `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"` };
    loaded.set(path, asset);
  }
  return asset;
}
