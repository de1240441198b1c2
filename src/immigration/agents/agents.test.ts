import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { seedStaff } from '../../../test/helpers/staff.js';

const PATH = '/api/v1/agents/';
let app: TestApp;
let token: string;

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app); // with "Agent A"
  token = await app.logIn('admin');
});
afterAll(() => app?.close());

const ask = (method: string, path: string, body?: object) => app.ask(method, PATH + path, { token, body });
const named = (name: string) => ({ agent_name: name, agent_type: 'SUB_AGENT' });

describe('writing', () => {
  test('creates an agent with what is given, and shows it', async () => {
    const given = {
      ...named('Himal'),
      email: 'h@example.com',
      country: 'NP',
      website: 'https://himal.example',
    };
    const { status, body } = await ask('POST', '', given);
    expect(status).toBe(201);
    expect(body).toMatchObject({
      ...given,
      agent_type_display: 'Sub Agent',
      created_by_name: 'First admin Last admin',
    });
    expect((await ask('GET', `${body.id}/`)).body).toEqual(body);
  });

  test('an agent without e-mail address or country has null there', async () => {
    const { body } = await ask('POST', '', { ...named('Bare'), email: '' });
    expect([body.email, body.country, body.website]).toEqual([null, null, '']);
    const { body: changed } = await ask('PATCH', `${body.id}/`, { email: 'b@example.com' });
    expect(changed.email).toBe('b@example.com');
    expect((await ask('PUT', `${body.id}/`, { email: '' })).body.email).toBe(null);
  });

  test('what is wrong is told by field', async () => {
    const { status, body } = await ask('POST', '', { agent_name: ' ', website: 'nowhere', country: 'XX' });
    expect(status).toBe(400);
    expect(body).toEqual({
      agent_name: ['This field may not be blank.'],
      agent_type: ['This field is required.'],
      website: ['Enter a valid URL.'],
      country: ['"XX" is not a valid choice.'],
    });
  });
});

describe('a name', () => {
  const taken = (name: string) => ({ detail: `Agent with name '${name}' already exists` });

  test('belongs to one agent among those not deleted', async () => {
    const { body: first } = await ask('POST', '', named('Unique'));
    expect(await ask('POST', '', named('Unique'))).toMatchObject({ status: 400, body: taken('Unique') });
    const { body: second } = await ask('POST', '', named('Other'));
    const renamed = await ask('PATCH', `${second.id}/`, { agent_name: 'Unique' });
    expect(renamed).toMatchObject({ status: 400, body: taken('Unique') });
    expect((await ask('PATCH', `${first.id}/`, { agent_name: 'Unique' })).status).toBe(200);

    expect((await ask('DELETE', `${first.id}/`)).status).toBe(204);
    expect((await ask('PATCH', `${second.id}/`, { agent_name: 'Unique' })).status).toBe(200);
    expect(await ask('POST', `${first.id}/restore/`)).toMatchObject({ status: 400, body: taken('Unique') });
  });

  test('goes to one of those who ask for it at the same moment', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask('POST', '', named('Wanted'))));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(7).fill(400)]);
  });
});

test('a deleted agent leaves list and detail until it is restored', async () => {
  const { body: agent } = await ask('POST', '', named('Leaving'));
  await ask('DELETE', `${agent.id}/`);
  expect((await ask('GET', `${agent.id}/`)).body).toEqual({ detail: 'Agent not found' });
  expect((await ask('GET', '?agent_name=leaving')).body.count).toBe(0);
  expect((await ask('GET', '?agent_name=leaving&include_deleted=true')).body.count).toBe(1);
  expect((await ask('POST', `${agent.id}/restore/`)).body).toMatchObject({ id: agent.id });
  const again = await ask('POST', `${agent.id}/restore/`);
  expect(again).toMatchObject({ status: 404, body: { detail: 'Agent not found or not soft-deleted' } });
});

test('the list is filtered, and sorted by name', async () => {
  for (const [name, extra] of [
    ['Zeta 100%', { phone_number: '123', country: 'AU', agent_type: 'SUPER_AGENT' }],
    ['Alpha 100%', { email: 'alpha@example.org', country: 'NZ' }],
    ['Mid 1000', { phone_number: '999' }],
  ] as const) {
    await ask('POST', '', { ...named(name), ...extra });
  }
  const names = async (query: string) =>
    (await ask('GET', `?${query}`)).body.results.map((agent: { agent_name: string }) => agent.agent_name);
  expect(await names('agent_name=100%25')).toEqual(['Alpha 100%', 'Zeta 100%']);
  expect(await names('search=example.ORG')).toEqual(['Alpha 100%']);
  expect(await names('search=999')).toEqual(['Mid 1000']);
  expect(await names('country=AU&country[]=NZ&search=100')).toEqual(['Alpha 100%', 'Zeta 100%']);
  expect(await names('agent_type=SUPER_AGENT')).toEqual(['Zeta 100%']);
  expect(await names('agent_type=NONE')).toEqual([]);
});
