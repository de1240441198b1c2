import { afterAll, beforeAll, expect, it } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { askPlatform, loggedIn } from './operators.js';

let app: TestApp;
let token: string;
const list = async (query = '') => askPlatform(app, 'GET', `audit/?${query}`, { token });
const ids = async (query: string) => {
  const { status, body } = await list(query);
  expect(status).toBe(200);
  return body.results.map(({ id }: { id: number }) => id);
};

beforeAll(async () => {
  app = await startTestApp();
  token = (await loggedIn(app, 'auditor', 'operator')).access;
  await withOwner(app.databases.owner, (client) =>
    client.query(`
      TRUNCATE public.operator_audit;
      INSERT INTO public.operator_audit (id, at, operator, action, target_kind, target_id, parameters, outcome) VALUES
        (1, '2026-01-01T00:00Z', 'ada', 'tenants.suspend', 'tenant', 'acme', '{"reason": "unpaid"}', 'done'),
        (2, '2026-01-02T00:00Z', 'ada', 'tenants.suspend', 'tenant', 'other', '{}', 'refused'),
        (3, '2026-01-03T00:00Z', 'bob', 'operators.change', 'operator', '7', '{}', 'done'),
        (4, '2026-01-04T00:00Z', 'bob', 'tenants.resume', 'tenant', 'acme', '{}', 'failed')`),
  );
});
afterAll(() => app.close());

it('shows what operators have done, page by page, by filters', async () => {
  const first = await list('page_size=3');
  expect(first.body).toMatchObject({ next: 2, results: [{ id: 4 }, { id: 3 }, { id: 2 }] });
  expect((await list('page_size=3&before=2')).body).toMatchObject({
    next: null,
    results: [
      { operator: 'ada', action: 'tenants.suspend', parameters: { reason: 'unpaid' }, operator_id: null },
    ],
  });
  expect(await ids('operator=ada')).toEqual([2, 1]);
  expect(await ids('action=tenants.suspend')).toEqual([2, 1]);
  expect(await ids('target=tenant')).toEqual([4, 2, 1]);
  expect(await ids('target=tenant:acme')).toEqual([4, 1]);
  expect(await ids('since=2026-01-02T00:00Z&until=2026-01-04T00:00Z')).toEqual([3, 2]);
  expect(await ids('operator=nobody')).toEqual([]);
});

it.each(['before', 'page_size', 'since', 'until'])('refuses a bad %s, by name', async (name) => {
  for (const value of ['x', '0', '99999999999999999999']) {
    const { status, body } = await list(`${name}=${value}`);
    expect(status).toBe(400);
    expect(Object.keys(body)).toEqual([name]);
  }
});

it.each(['operator', 'action', 'target'])('refuses what cannot be a %s', async (name) => {
  for (const value of ['%00', 'x'.repeat(300)]) {
    const { status, body } = await list(`${name}=${value}`);
    expect([status, Object.keys(body)]).toEqual([400, [name]]);
  }
});
