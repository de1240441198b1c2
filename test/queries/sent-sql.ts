import { setImmediate } from 'node:timers/promises';
import { Tokens } from '../../src/auth/tokens.js';
import type { OwnerClient } from '../../src/database/owner.js';
import type { RouteDefinition } from '../../src/routing/route.js';
import { PASSWORD, type TestApp } from '../helpers/app.js';
import { createRecord, isRecordRoute, pathOf, routeName, validBody } from '../helpers/routes.js';
import { collegeChoice } from '../helpers/samples/applications.js';
import type { SentBatch } from '../helpers/sent-batches.js';
import { idOf } from '../helpers/staff.js';
import { formatSql } from './format-sql.js';

/** Who asks: somebody who sees everything and, where records are read, somebody who sees less. */
const EVERYTHING = 'admin';
const ONE_BRANCH = 'branch1';

/** What a request reads only where it is not in memory: the tenant of its host, and the user of its token. */
const KEPT = [/FROM public\.tenants_domain d JOIN/, /AS "regionBranchIds"/];
/** What depends on the connection alone, what the listener sends, and what shows that a connection works. */
const OF_CONNECTIONS = /pg_backend_pid\(\)|plan_cache_mode|^LISTEN|^SELECT pg_catalog\.pg_notify|^SELECT 1$/;
const OPENING = /set_config\('search_path'/;
/** What differs: the part of the opening that only newer servers get, and the number of migrations. */
const FROM_17 = /pg_catalog\.set_config\('transaction_timeout', [^)]*\),\s*/g;
const MIGRATIONS = /(l\.number >=) \d+/;

/** Routes that read at their own times. */
const STREAM = /\/stream\/$/;
/** Queries and bodies that the samples of records do not have. */
const QUERIES: Readonly<Record<string, string>> = { 'GET /api/v1/search/': '?q=Sample' };
const BODIES: Readonly<Record<string, (token: string) => object>> = {
  'POST /api/token/': () => ({ username: EVERYTHING, password: PASSWORD }),
  'POST /api/token/refresh/': (refresh) => ({ refresh }),
  'POST /api/token/blacklist/': (refresh) => ({ refresh }),
  'POST /api/token/verify/': (token) => ({ token }),
  'POST /api/v1/users/change-password/': () => ({ current_password: PASSWORD, new_password: 'An0ther-one!' }),
  'POST /api/v1/client-imports/:id/encoding/': () => ({ encoding: 'utf-8' }),
  'POST /api/v1/starter-catalogues/load/': () => ({ country: 'au' }),
};
/** Fields whose values may be there only once. */
const UNIQUE = /^(name|title|agent_name|username|email)$/;

const NEXT = '\n-- next round trip\n\n';

/** Sends a request to every route, and returns what it makes the program send to the database, by file. */
export async function sentSql(
  app: TestApp,
  owner: OwnerClient,
  batches: SentBatch[],
): Promise<ReadonlyMap<string, string>> {
  const routes = app.app.routes.filter(({ path }) => !STREAM.test(path));
  // All records first, so that those which bodies name are there; these belong together, and have the id 1.
  await app.database.tenantTransaction({ schema: 'tenant_main', userId: null }, collegeChoice);
  const ids = new Map<RouteDefinition, number>();
  for (const route of routes.filter(isRecordRoute))
    ids.set(route, await createRecord(app, 'tenant_main', route));

  const once = new Map<RegExp, string>();
  const tokens = new Tokens(app.config);
  let count = 0;

  async function sentFor(route: RouteDefinition, username: string) {
    const name = routeName(route);
    const id = ids.get(route) ?? 1;
    const holder = { user_id: String(idOf(username)), tid: 'main', email: '', username, groups: [] };
    // Dated later than the end of the user's sessions, which some routes bring about.
    const issue = (type: 'access' | 'refresh') =>
      tokens.issue(type, holder, { from: Math.floor(Date.now() / 1000) + 2 }).token;
    const { headers, body } = validBody(route);
    const given = BODIES[name]?.(issue('refresh')) ?? (headers ? body : bodyOf(route, body, id));
    // Names of other records that are in memory count as changed: lists read them again.
    await owner.query(`UPDATE tenant_main.name_version SET version = ${++count}`);
    batches.length = 0;
    const { status } = await app.ask(route.method, pathOf(route, id) + (QUERIES[name] ?? ''), {
      ...(route.policy.kind !== 'public' && { token: issue('access') }),
      ...(headers && { headers }),
      ...(given !== undefined && { body: given }),
    });
    while (app.database.load.open > app.database.load.idle) await setImmediate();
    const trips = batches.map((batch) => shown(batch, once)).filter((trip) => trip !== '');
    return { status, text: trips.join(NEXT) };
  }

  /** Returns the fields of a sample that a route takes, with values that no other request has where need be. */
  function bodyOf({ path, body }: RouteDefinition, sample: unknown, id: number): object | undefined {
    if (!body) return undefined;
    const fields = Object.entries(sample as object).filter(([name]) => name in body.shape);
    return Object.fromEntries(
      fields.map(([name, value]) => {
        if (path.includes(`:${name}`)) return [name, id];
        return [name, UNIQUE.test(name) && typeof value === 'string' ? `${++count}${value}` : value];
      }),
    );
  }

  const files = new Map<string, string[]>();
  for (const route of routes) {
    const name = routeName(route);
    const everything = await sentFor(route, EVERYTHING);
    if (everything.text === '') continue;
    const texts = [`-- ${name}: ${everything.status}\n\n${everything.text}`];
    if (route.method === 'GET' && route.policy.kind !== 'public') {
      const less = await sentFor(route, ONE_BRANCH);
      if (less.status === 200 && less.text !== everything.text)
        texts.push(`-- ${name}, for one branch\n\n${less.text}`);
    }
    const [folder] = route.path
      .replace(/^\/api\/(v1\/)?/, '')
      .split('/')
      .filter(Boolean);
    files.set(`${folder}.sql`, [...(files.get(`${folder}.sql`) ?? []), ...texts]);
  }
  const texts = [OPENING, ...KEPT].map((part) => `${once.get(part)};\n`);
  files.set('every-request.sql', [
    '-- after each BEGIN, then where they are not in memory: tenant, user\n',
    ...texts,
  ]);
  return new Map([...files].map(([file, texts]) => [file, texts.join('\n')]));
}

/**
 * Returns the statements of a round trip, without the opening; none for what is usually in memory.
 * @param once takes what is left out
 */
function shown({ statements }: SentBatch, once: Map<RegExp, string>): string {
  const texts = statements.map(({ sql }) => sql).filter((text) => !OF_CONNECTIONS.test(text));
  for (const part of [OPENING, ...KEPT]) {
    const text = texts.find((one) => part.test(one));
    if (text !== undefined)
      once.set(part, formatted(text.replaceAll(FROM_17, '').replace(MIGRATIONS, '$1 …')));
    if (text !== undefined && part !== OPENING) return '';
  }
  return texts
    .filter((text) => !OPENING.test(text))
    .map((text) => `${text.startsWith('BEGIN ') ? 'BEGIN' : formatted(text)};\n`)
    .join('\n');
}

const formats = new Map<string, string>();

function formatted(text: string): string {
  const known = formats.get(text) ?? formatSql(text);
  formats.set(text, known);
  return known;
}
