import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RouteDefinition } from '../../src/routing/route.js';
import { deep, faultsOf } from '../bad-input/json.js';
import { type Answer, startTestApp, type TestApp } from '../helpers/app.js';
import { routeName } from '../helpers/routes.js';
import { HOST, loggedIn, newOperator } from './operators.js';

// All routes of operators, with input that nobody should send: those that are added later are asked at once.

const app: TestApp = await startTestApp();
const byName = (routes: readonly RouteDefinition[]) =>
  routes.map((route): [string, RouteDefinition] => [routeName(route), route]);
const routes = app.app.operatorRoutes;
const withBody = routes.filter(({ body }) => body);
const withQuery = routes.filter(({ query }) => query);
const withId = routes.filter(({ path }) => path.includes(':'));

const IDS = ['0', '-1', '1.5', 'x', '9223372036854775808', '9'.repeat(400), '%00', 'a%2Fb', '%F0%9F%98%80'];
const VALUES = ['%00', 'a%00b', '%ff', '9'.repeat(500), '-1', 'x'.repeat(1_000), '%D9%A3', '0000-00-00'];
const NO_ID = '9007199254740991';
const LARGEST = { public: 16_384, signedIn: 2_621_440 };

let token: string;
let other: number;

beforeAll(async () => {
  token = (await loggedIn(app, 'owner')).access;
  other = await newOperator(app, 'other', 'reader');
});
afterAll(() => app.close());

/** Sends a request of an owner; a 400 names fields that the route has, or says what is wrong. */
async function send(route: RouteDefinition, path: string, body?: string | Buffer): Promise<Answer> {
  const headers = { 'content-type': 'application/json' };
  const answer = await app.ask(route.method, path, {
    ...{ host: HOST, token },
    ...(body !== undefined && { body, headers }),
  });
  expect(answer.status).toBeLessThan(500);
  if (answer.status === 400 && answer.body.detail === undefined) {
    const known = [...Object.keys(route.body?.shape ?? {}), ...Object.keys(route.query ?? {})];
    expect([...known, 'non_field_errors']).toEqual(expect.arrayContaining(Object.keys(answer.body)));
  }
  return answer;
}

const pathOf = ({ path }: RouteDefinition) =>
  path.replace(/operators\/:id/, `operators/${other}`).replaceAll(/:\w+/g, NO_ID);
/** Returns whether its record exists, so that the body is read. */
const isFound = (route: RouteDefinition) => !pathOf(route).includes(NO_ID);

describe.each(byName(withBody))('%s', (_, route) => {
  it('names the field that is wrong', async () => {
    for (const [name, field] of Object.entries(route.body?.shape ?? {})) {
      for (const fault of faultsOf(field)) {
        if (fault === undefined && route.method === 'PATCH') continue;
        const given = fault === undefined ? '{}' : `{${JSON.stringify(name)}:${fault}}`;
        const answer = await send(route, pathOf(route), given);
        if (!isFound(route) && answer.status === 404) continue;
        expect([name, fault?.slice(0, 40), answer.status]).toEqual([name, fault?.slice(0, 40), 400]);
        expect(Object.keys(answer.body)).toContain(name);
      }
    }
  });

  it('refuses what is no object, no JSON, or too large', async () => {
    const isPublic = route.policy.kind === 'public';
    for (const text of ['[]', '1', 'null', '"x"', deep(isPublic ? 8_000 : 20_000), '{', '{"a":}']) {
      const { status } = await send(route, pathOf(route), text);
      expect([400, 404]).toContain(status);
    }
    const large = JSON.stringify({ a: 'x'.repeat(isPublic ? LARGEST.public : LARGEST.signedIn) });
    expect((await send(route, pathOf(route), large)).status).toBe(413);
  });
});

describe.each(byName(withQuery))('%s', (_, route) => {
  it('is not harmed by any query, and names what it refuses', async () => {
    for (const name of Object.keys(route.query ?? {})) {
      for (const value of VALUES) {
        const search = [`${name}=${value}`, `${name}[]=${value}`, `${name}=1&${name}=${value}`];
        for (const query of search) await send(route, `${pathOf(route)}?${query}`);
      }
    }
  });
});

describe.each(byName(withId))('%s', (_, route) => {
  it('finds nothing under an id that cannot be', async () => {
    for (const id of IDS) {
      const answer = await send(route, route.path.replaceAll(/:\w+/g, id), route.body ? '{}' : undefined);
      expect([id, [400, 404].includes(answer.status)]).toEqual([id, true]);
    }
  });
});
