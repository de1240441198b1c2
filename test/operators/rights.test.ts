import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { allowsOperator, OPERATOR_ROLES } from '../../src/routing/policy.js';
import type { RouteDefinition } from '../../src/routing/route.js';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { routeName } from '../helpers/routes.js';
import { askPlatform, HOST, loggedIn, newOperator } from './operators.js';

// All routes of operators, by every role: those that are added later are asked at once.

/** Stands for an id that no record has. */
const NO_ID = '9007199254740991';
/** Routes that end the session of whoever asks. */
const ENDS_SESSION = /\/logout\/$/;

const app: TestApp = await startTestApp();
const guarded = app.app.operatorRoutes.filter(({ policy }) => policy.kind === 'operator');
const changing = guarded.filter(({ method }) => method !== 'GET');
const byName = (routes: readonly RouteDefinition[]) =>
  routes.map((route): [string, RouteDefinition] => [routeName(route), route]);
const sql = (text: string, values: unknown[] = []) =>
  withOwner(app.databases.owner, async (client) => (await client.query(text, values)).rows);
const tokens = new Map<string, string>();

const ask = (route: RouteDefinition, token?: string, host = HOST) =>
  app.ask(route.method, route.path.replaceAll(/:\w+/g, NO_ID), {
    host,
    ...(token && { token }),
    ...(route.body && { body: {} }),
  });

beforeAll(async () => {
  for (const role of OPERATOR_ROLES) tokens.set(role, (await loggedIn(app, `a-${role}`, role)).access);
});
afterAll(() => app.close());

describe.each(byName(guarded))('%s', (_, route) => {
  it('is for signed-in operators, on bare hosts', async () => {
    expect((await ask(route)).status).toBe(401);
    expect((await ask(route, 'a.b.c')).status).toBe(401);
    expect((await ask(route, tokens.get('owner'), 'main.localhost')).status).toBe(404);
  });

  it.each(OPERATOR_ROLES)('is as its right says for %s', async (role) => {
    const isLeaving = ENDS_SESSION.test(route.path);
    const token = isLeaving ? (await loggedIn(app, `leaving-${role}`, role)).access : tokens.get(role);
    const { status } = await ask(route, token);
    if (allowsOperator(route.policy, role)) expect([401, 403]).not.toContain(status);
    else expect(status).toBe(403);
  });
});

it('every changing route is in the audit log, also when it is refused', async () => {
  for (const route of changing) {
    await sql('TRUNCATE public.operator_audit');
    const token = (await loggedIn(app, `noted-${changing.indexOf(route)}`)).access;
    await sql('TRUNCATE public.operator_audit');
    const { status } = await ask(route, token);
    const entries = await sql('SELECT action, outcome, operator FROM public.operator_audit');
    expect([routeName(route), entries]).toEqual([
      routeName(route),
      [
        {
          action: route.audits,
          outcome: status < 400 ? 'done' : 'refused',
          operator: `noted-${changing.indexOf(route)}`,
        },
      ],
    ]);
  }
});

describe('operators', () => {
  const patch = (token: string | undefined, id: number, body: object) =>
    askPlatform(app, 'PATCH', `operators/${id}/`, { body, ...(token && { token }) });

  it('are given roles, deactivated and reset by owners; never the last owner, nor oneself', async () => {
    const owner = await loggedIn(app, 'the-owner');
    const other = await loggedIn(app, 'the-other');
    const { access, id } = owner;
    const me = (token: string) => askPlatform(app, 'GET', 'me/', { token });
    expect(await patch(access, id, { role: 'reader' })).toMatchObject({
      status: 400,
      body: { role: ['You cannot change your own role.'] },
    });
    expect(await patch(access, id, { is_active: false })).toMatchObject({
      status: 400,
      body: { is_active: ['You cannot deactivate yourself.'] },
    });
    expect(await patch(access, other.id, { role: 'king' })).toMatchObject({ status: 400 });
    expect(await patch(access, other.id, { role: 'support' })).toMatchObject({
      status: 200,
      body: { role: 'support', is_active: true },
    });
    expect((await me(other.access)).body).toMatchObject({ role: 'support' });
    expect(await patch(access, other.id, { is_active: false })).toMatchObject({ status: 200 });
    expect((await me(other.access)).status).toBe(401);
    await patch(access, other.id, { is_active: true });
    const reset = await askPlatform(app, 'POST', `operators/${other.id}/reset-second-factor/`, {
      token: access,
    });
    expect(reset.status).toBe(204);
    const list = await askPlatform(app, 'GET', 'operators/', { token: access });
    expect(list.body.is_cut).toBe(false);
    expect(list.body.results.find(({ username }: { username: string }) => username === 'the-other')).toEqual(
      expect.objectContaining({ has_second_factor: false, open_sessions: 0, role: 'support' }),
    );
    const entries = await sql(
      "SELECT action, target_kind, target_id, parameters, outcome FROM public.operator_audit WHERE operator = 'the-owner' AND action LIKE 'operators.%' ORDER BY id DESC LIMIT 2",
    );
    expect(entries).toEqual([
      {
        action: 'operators.reset-second-factor',
        target_kind: 'operator',
        target_id: String(other.id),
        parameters: {},
        outcome: 'done',
      },
      {
        action: 'operators.change',
        target_kind: 'operator',
        target_id: String(other.id),
        parameters: { is_active: true },
        outcome: 'done',
      },
    ]);
  });

  it('two owners who demote each other at once leave one', async () => {
    await sql("UPDATE public.auth_user SET is_active = false WHERE username <> ALL ('{one,two}')");
    const [one, two] = [await loggedIn(app, 'one'), await loggedIn(app, 'two')];
    await newOperator(app, 'no-owner', 'reader');
    const answers = await Promise.all([
      patch(one.access, two.id, { role: 'reader' }),
      patch(two.access, one.id, { role: 'reader' }),
    ]);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const owners = await sql(
      "SELECT count(*)::integer AS count FROM public.auth_user u LEFT JOIN public.operator_role r ON r.operator_id = u.id WHERE u.is_active AND coalesce(r.role, 'owner') = 'owner'",
    );
    expect(owners).toEqual([{ count: 1 }]);
  });
});
