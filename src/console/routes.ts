import type { FastifyReply } from 'fastify';
import { detailError } from '../http/errors.js';
import { anybody } from '../routing/policy.js';
import { publicRoute, type RouteDefinition, type TenantRequest } from '../routing/route.js';
import { type ConsoleFile, ConsoleFiles, encodingFor } from './files.js';

/** Nothing from elsewhere, nothing inline, and no text that becomes a script. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const PAGE = 'index.html';
/** Names in this folder hold a hash of their content. */
const ASSETS = 'assets/';
const FOR_EVER = 'public, max-age=31536000, immutable';
const RETRY_SECONDS = 5;

/**
 * Returns the routes of the browser application: its page at every path below /admin/, and its files. They need no
 * log-in, since the page holds no data: it asks the API for everything.
 */
export function consoleRoutes(): RouteDefinition[] {
  const files = new ConsoleFiles();
  const common = {
    method: 'GET',
    tag: 'root',
    policy: anybody,
    page: true,
    produces: ['text/html'],
    handler: (request: TenantRequest, reply: FastifyReply) => answer(files, request, reply),
  } as const;
  return [
    publicRoute({
      ...common,
      path: '/admin/',
      summary: "The browser application for the agency's administrators.",
    }),
    publicRoute({
      ...common,
      path: '/admin/*',
      summary: 'Its files, and the same page at every other path.',
    }),
  ];
}

async function answer(files: ConsoleFiles, { params, raw }: TenantRequest, reply: FastifyReply) {
  const listed = await files.list();
  if (!listed) return notBuilt(reply);
  const asked = params['*'] ?? '';
  const name = listed.has(asked) || asked.startsWith(ASSETS) ? asked : PAGE;
  const file = listed.get(name);
  if (!file) throw detailError(404, 'Not found.');
  const isPage = name === PAGE;
  reply
    .header('vary', 'origin, accept-encoding')
    .header('cache-control', name.startsWith(ASSETS) ? FOR_EVER : 'no-cache')
    .header('content-security-policy', POLICY);
  const encoding = encodingFor(file, raw.headers['accept-encoding']);
  const tag = tagOf(file, encoding);
  reply.header('etag', tag);
  if (isSame(raw.headers['if-none-match'], tag)) return reply.code(304).send();
  const content = await files.content(name, encoding);
  if (!content) {
    if (isPage) return notBuilt(reply);
    throw detailError(404, 'Not found.');
  }
  if (encoding) reply.header('content-encoding', encoding);
  return reply.type(file.type).send(content);
}

function notBuilt(reply: FastifyReply) {
  return reply
    .code(503)
    .header('retry-after', String(RETRY_SECONDS))
    .header('cache-control', 'no-store')
    .type('text/plain; charset=utf-8')
    .send('The console is being built; try again in a few seconds. If this stays, run: npm run build\n');
}

const tagOf = ({ etag }: ConsoleFile, encoding: string | null) =>
  `"${etag}${encoding ? `-${encoding}` : ''}"`;

function isSame(given: string | undefined, tag: string): boolean {
  return (given ?? '').split(',').some((each) => each.trim().replace(/^W\//, '') === tag);
}
