import Fastify from 'fastify';
import { afterAll, describe, expect, test } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { PathTable } from '../../src/routing/path-table.js';
import { requires, signedIn } from '../../src/routing/policy.js';
import { registerRoutes } from '../../src/routing/register-routes.js';
import { type RouteDefinition, route } from '../../src/routing/route.js';
import { type Answer, startTestApp } from '../helpers/app.js';
import {
  createRecord,
  isRecordRoute,
  pathOf,
  routeName,
  validBody,
  withoutSample,
} from '../helpers/routes.js';
import { seedStaff } from '../helpers/staff.js';
import { WriteWatch } from '../helpers/written.js';

// Generated over the served routes, so that later ones are held to the same rules.

/** The base of the other tenant's ids; the tenant that is tested has none so high. */
const FOREIGN = 500_000;
/** An id that no tenant has, as long as the others. */
const NOWHERE = 900_001;
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

const app = await startTestApp();
const watch = await WriteWatch.open(app.databases);
afterAll(async () => {
  await watch.close();
  await app.close();
});
for (const schema of ['tenant_main', 'tenant_demo']) await seedStaff(app, schema);
await withOwner(app.databases.admin, async (client) => {
  await client.query(`
    SELECT setval(format('tenant_demo.%I', relname)::regclass, ${FOREIGN})
    FROM pg_class WHERE relkind = 'S' AND relnamespace = 'tenant_demo'::regnamespace`);
  // Records that bodies may name: these get the id FOREIGN + 1.
  await client.query(`
    SET search_path TO tenant_demo;
    INSERT INTO immigration_branch (name) VALUES ('Elsewhere');
    INSERT INTO immigration_visacategory (name) VALUES ('Elsewhere');
    INSERT INTO immigration_agent (agent_name) VALUES ('Elsewhere');
    INSERT INTO immigration_client (first_name) VALUES ('Elsewhere');
    INSERT INTO immigration_lpe (name) VALUES ('Elsewhere');
    INSERT INTO immigration_user (username, is_active) VALUES ('elsewhere', true)`);
});
const people = ['admin', 'branch1', 'consultant1', 'groupless'];
const tokens = new Map<string, string>();
for (const name of people) tokens.set(name, await app.logIn(name));
const foreignToken = await app.logIn('admin', 'demo');

const { routes } = app.app;
const guarded = routes.filter(({ policy }) => policy.kind !== 'public');
const records = routes.filter(isRecordRoute);
const named = (list: readonly RouteDefinition[]) =>
  list.map((definition) => [routeName(definition), definition] as const);

/** Requests a route of tenant main with a valid body. */
function askRoute(definition: RouteDefinition, id: number, token?: string): Promise<Answer> {
  return app.ask(definition.method, pathOf(definition, id), { token, ...validBody(definition) });
}

/** Returns everything in an answer except its date. */
function visible({ status, headers: { date: _date, 'x-request-id': _name, ...headers }, raw }: Answer) {
  return { status, headers, body: raw.toString('latin1') };
}

/** Returns the problem in an answer; the live stream's is under `error`. */
const problemOf = ({ body }: Answer) => body.detail ?? body.error;

describe.each(named(guarded))('%s', (_name, definition) => {
  const path = pathOf(definition, 1);

  test('without a token: 401', async () => {
    for (const asked of [validBody(definition), { body: '{' }, {}]) {
      const answer = await app.ask(definition.method, path, asked);
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="api"');
      expect(problemOf(answer)).toBe('Authentication credentials were not provided.');
    }
  });

  test('with the valid token of another tenant: 401', async () => {
    const answer = await askRoute(definition, 1, foreignToken);
    expect(answer.status).toBe(401);
    expect(problemOf(answer)).toBe(
      'Token is not valid for this tenant. Please log in at the correct subdomain. (Expected: main, Got: demo)',
    );
  });

  if (definition.policy.kind === 'signedIn') return;
  test('without a permission: 403, whatever is sent', async () => {
    const token = tokens.get('groupless');
    const json = { 'content-type': 'application/json' };
    for (const asked of [
      validBody(definition),
      { body: '{', headers: json },
      { body: '[]', headers: json },
      { body: '<a/>', headers: { 'content-type': 'text/xml' } },
      { body: 'x', headers: { 'content-type': 'multipart/form-data' } },
      {},
    ]) {
      for (const id of [1, NOWHERE, 'x']) {
        const answer = await app.ask(definition.method, pathOf(definition, id), { token, ...asked });
        expect(answer.status).toBe(403);
        expect(answer.body.detail).toBe('You do not have permission to perform this action.');
      }
    }
  });
});

describe.each([...new Set(guarded.map(({ path }) => path))])('%s', (path) => {
  const served = routes.filter((definition) => definition.path === path).map(({ method }) => method);
  const others = METHODS.filter((method) => !served.includes(method));
  const url = path.replace(/:\w+/, '1');

  test.each([...others, 'HEAD', 'OPTIONS'])('%s without a valid token: 401', async (method) => {
    expect((await app.ask(method, url)).status).toBe(401);
    expect((await app.ask(method, url, { token: foreignToken })).status).toBe(401);
  });

  test.each(others)('%s with a token: 405', async (method) => {
    for (const name of people) {
      const answer = await app.ask(method, url, { token: tokens.get(name) });
      expect(answer.status).toBe(405);
      expect(answer.body).toEqual({ detail: `Method "${method}" not allowed.` });
      expect(String(answer.headers.allow).split(', ')).toEqual(expect.arrayContaining(served));
    }
  });
});

test('every route with an id has a sample of its record (test/helpers/samples/)', () => {
  expect(withoutSample(routes)).toEqual([]);
});

describe.each(named(records))('%s', (_name, definition) => {
  test('a record of another tenant is answered like one that never was', async () => {
    const id = await createRecord(app, 'tenant_demo', definition);
    expect(id).toBeGreaterThan(FOREIGN);
    const before = await watch.state();
    for (const name of people) {
      const [there, nowhere] = [
        await askRoute(definition, id, tokens.get(name)),
        await askRoute(definition, NOWHERE, tokens.get(name)),
      ];
      expect(visible(there)).toEqual(visible(nowhere));
      if (name === 'admin') expect(there.status).toBe(404);
    }
    expect(await watch.state()).toEqual(before);
  });
});

const naming = routes.flatMap((definition) =>
  Object.entries(definition.body?.shape ?? {})
    .filter(([field, { schema }]) => /_ids?$/.test(field) && schema.type !== 'string') // a student's number is no id
    .map(([field]) => [routeName(definition), field, definition] as const),
);

test.each(naming)(
  '%s: %s of another tenant is answered like one that never was',
  async (_name, field, definition) => {
    const record = isRecordRoute(definition) ? await createRecord(app, 'tenant_main', definition) : 0;
    const { body } = validBody(definition);
    const before = await watch.state();
    const naming = async (id: number) => {
      const given = { ...(body as object), [field]: field.endsWith('s') ? [id] : id };
      const asked = { token: tokens.get('admin'), body: given };
      const answer = visible(await app.ask(definition.method, pathOf(definition, record), asked));
      return { ...answer, body: answer.body.replaceAll(String(id), 'ID') };
    };
    const there = await naming(FOREIGN + 1);
    expect(there).toEqual(await naming(NOWHERE));
    // Notifications of others are ignored.
    expect(there.status).toBe(field === 'notification_ids' ? 200 : 400);
    expect(await watch.state()).toEqual(before);
  },
);

const GUARDED = {
  method: 'GET',
  path: '/api/v1/open/',
  tag: 'open',
  summary: 'Forgotten.',
  policy: signedIn,
  handler: async () => ({}),
} as const;

test('a policy that names a permission which no kind has stops the start', () => {
  const policy = requires('view_moon' as 'view_client');
  const paths = new PathTable([route(GUARDED)]);
  expect(() => registerRoutes(Fastify(), [route({ ...GUARDED, policy })], paths)).toThrow(
    'the policy of GET /api/v1/open/ names immigration.view_moon, which no kind of records has',
  );
});

test('a route without a policy stops the start', () => {
  const { policy: _policy, ...rest } = route(GUARDED);
  const forgotten = [rest as RouteDefinition];
  const paths = new PathTable([{ ...rest, policy: signedIn }]);
  const message = 'GET /api/v1/open/ has no policy';
  expect(() => registerRoutes(Fastify(), forgotten, paths)).toThrow(message);
  expect(() => new PathTable(forgotten)).toThrow(message);
});
