import { afterAll, describe, expect, test } from 'vitest';
import type { RouteDefinition } from '../../src/routing/route.js';
import { startTestApp } from '../helpers/app.js';
import { isRecordRoute, pathOf, resourceOf, routeName } from '../helpers/routes.js';
import { ASKING, bodyFor, buildWorld, concernsPlaces, PLACES, type Place } from './role-world.js';
import { type Deed, FURTHER_RULES, GRANTS, NEEDS, needsOf, POSTS, ROLES, type Role } from './roles-table.js';

// Every route, requested by each role for records in its scope and out of it, answers what the table says.

const app = await startTestApp();
afterAll(() => app.close());
const recordOf = await buildWorld(app);
const tokens = new Map<Role, string>();
for (const role of ROLES) tokens.set(role, await app.logIn(ASKING[role]));

const QUERIES: Readonly<Record<string, string>> = { search: '?q=Sample' };
/** Returns whether a route is tested apart: a stream does not end; and tokens end with a log-out. */
const isApart = ({ path }: RouteDefinition) => /\/(stream|end-all)\/$/.test(path);
const guarded = app.app.routes.filter((route) => route.policy.kind !== 'public' && !isApart(route));

function deedOf(route: RouteDefinition): Deed {
  if (route.method === 'GET') return 'see';
  if (route.method === 'DELETE' || route.path.endsWith('/restore/')) return 'remove';
  if (route.method !== 'POST') return 'change';
  const isCreation = !isRecordRoute(route) || route.path.endsWith('/profile-picture/');
  return POSTS[resourceOf(route)] ?? (isCreation ? 'create' : 'change');
}

/** Returns the status according to the table. */
function expectedStatus(route: RouteDefinition, role: Role, place: Place): number {
  const name = resourceOf(route);
  const { elsewhere, reach, late = false, ...needs } = needsOf(name);
  const permissions = needs[deedOf(route)];
  const isGranted = permissions.length === 0 || permissions.some(GRANTS[role]);
  if (!isGranted && !late) return 403;
  const seesAll = role === 'SUPER_ADMIN' && reach !== 'private';
  const isIn = place === 'in' && (role !== 'none' || reach !== undefined);
  const isRecords = concernsPlaces(route);
  if (isRecords && elsewhere && !seesAll && !isIn) return elsewhere;
  if (!isGranted) return 403;
  return FURTHER_RULES[`${route.method} ${name}`]?.[place]?.[role] ?? route.status ?? 200;
}

test('the table has a row for every resource, and no other', () => {
  const names = guarded.map(resourceOf);
  expect(() => names.map(needsOf)).not.toThrow();
  const unused = Object.keys(NEEDS).filter((key) => !names.some((name) => `${name}/`.startsWith(`${key}/`)));
  expect(unused).toEqual([]);
});

describe.each(guarded.map((route) => [routeName(route), route] as const))('%s', (_name, route) => {
  test.each(concernsPlaces(route) ? PLACES : (['in'] as const))('%s scope', async (place) => {
    const statuses: Partial<Record<Role, number>> = {};
    const expected: Partial<Record<Role, number>> = {};
    const said: string[] = [];
    for (const role of ROLES) {
      const record = recordOf(route, place, role);
      const path = pathOf(route, record) + (QUERIES[resourceOf(route)] ?? '');
      const asked = { token: tokens.get(role), ...bodyFor(route, place, record) };
      const answer = await app.ask(route.method, path, asked);
      statuses[role] = answer.status;
      expected[role] = expectedStatus(route, role, place);
      if (answer.status !== expected[role]) said.push(`${role}: ${answer.raw}`);
    }
    expect(statuses, said.join('\n')).toEqual(expected);
  });
});
