import { afterAll, beforeAll, expect, test } from 'vitest';
import { assignScope } from '../../src/auth/scope-assignment.js';
import { createSuperuser } from '../../src/auth/superusers.js';
import { withOwner } from '../../src/database/owner.js';
import { createOperator } from '../../src/provisioning/operators.js';
import { PASSWORD } from '../helpers/app.js';
import { idOf } from '../helpers/staff.js';
import { type ImportTest, importTest } from '../imports/setting.js';

// "José" is one text, whether its last letter is one character or "e" and an accent, as macOS writes it.

const COMPOSED = 'José-Émile'.normalize('NFC');
const DECOMPOSED = COMPOSED.normalize('NFD');

let t: ImportTest;
beforeAll(async () => {
  t = await importTest();
});
afterAll(() => t?.close());

test.each([
  ['branches', (name: string) => ({ name }), { detail: `Branch with name '${DECOMPOSED}' already exists` }],
  ['regions', (name: string) => ({ name }), { detail: `Region with name '${DECOMPOSED}' already exists` }],
  [
    'agents',
    (agent_name: string) => ({ agent_name, agent_type: 'SUB_AGENT', country: 'NP' }),
    { detail: `Agent with name '${DECOMPOSED}' already exists` },
  ],
  ['groups', (name: string) => ({ name, permission_ids: [17] }), null],
  ['course-levels', (name: string) => ({ name }), null],
  ['broad-fields', (name: string) => ({ name }), null],
  ['language-exams', (name: string) => ({ name }), null],
  ['visa-categories', (name: string) => ({ name }), null],
])('names of %s are unique in any normal form, and stored as typed', async (path, body, refusal) => {
  const list = `/api/v1/${path}/`;
  const made = await t.ask('POST', list, body(`${DECOMPOSED} 1`), 'admin');
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  expect(JSON.stringify(made.body)).toContain(`${DECOMPOSED} 1`);
  expect((await t.ask('POST', list, body(`${COMPOSED} 1`), 'admin')).status).toBe(400);
  expect((await t.ask('POST', list, body(COMPOSED), 'admin')).status).toBe(201);
  const refused = await t.ask('POST', list, body(DECOMPOSED), 'admin');
  expect(refused.status).toBe(400);
  if (refusal) expect(refused.body).toEqual(refusal);
  // Its own name does not count as taken, in whatever normal form.
  const own = await t.ask('PATCH', `${list}${made.body.id}/`, body(`${COMPOSED} 1`), 'admin');
  expect(own.status, JSON.stringify(own.body)).toBe(200);
  expect(JSON.stringify(own.body)).toContain(`${COMPOSED} 1`);
});

test('usernames and e-mail addresses are unique, and log in, in any normal form', async () => {
  const person = {
    username: 'zoé.müller'.normalize('NFD'),
    email: 'zoe@bücher.example'.normalize('NFD'),
    password: PASSWORD,
    first_name: 'Zoé'.normalize('NFD'),
    last_name: 'M',
    group_name: 'CONSULTANT',
    branch_ids: [1],
  };
  await t.sql(
    `INSERT INTO immigration_user (username, email, first_name, last_name, password, is_active)
     SELECT $1, $2, $3, 'M', password, true FROM immigration_user WHERE username = 'consultant1'`,
    [person.username.normalize('NFKC'), person.email, person.first_name],
  );
  for (const form of ['NFC', 'NFD'] as const) {
    const other = {
      ...person,
      username: person.username.normalize(form),
      email: person.email.normalize(form),
    };
    const refused = await t.ask('POST', '/api/v1/users/', other);
    expect(refused.body).toEqual({
      username: ['A user with this username already exists.'],
      email: ['A user with this email already exists.'],
    });
    const body = { username: other.username, password: PASSWORD };
    expect((await t.app.ask('POST', '/api/token/', { body })).status).toBe(200);
    const account = { ...other, passwordHash: 'x', firstName: '', lastName: '' };
    await expect(createSuperuser(t.app.database, 'tenant_main', account)).rejects.toThrow('already');
    await assignScope(t.app.database, 'tenant_main', other.email, { branches: DECOMPOSED.normalize(form) });
  }
  const [{ name }] = (await t.sql(
    'SELECT first_name AS name FROM immigration_user ORDER BY id DESC LIMIT 1',
  )) as [{ name: string }];
  expect(name).toBe(person.first_name);
});

test('operators are unique in any normal form', async () => {
  const operator = {
    username: 'rené'.normalize('NFC'),
    email: 'rene@x.org',
    passwordHash: 'x',
    firstName: '',
    lastName: '',
  };
  await createOperator(t.app.databases.owner, operator);
  const again = { ...operator, username: operator.username.normalize('NFD'), email: 'other@x.org' };
  await expect(createOperator(t.app.databases.owner, again)).rejects.toThrow('already');
  await withOwner(t.app.databases.admin, (client) => client.query('DELETE FROM public.auth_user'));
});

test('a comment mentions whoever is meant, in any normal form', async () => {
  const [task] = await t.sql(
    `INSERT INTO immigration_task (title, due_date, created_by_id, assigned_by_id, assigned_to_id)
     VALUES ('Call', now(), $1, $1, $1) RETURNING id`,
    [idOf('admin')],
  );
  const comment = `Ask @${'zoé.müller'.normalize('NFD')} please`;
  const answer = await t.ask('POST', `/api/v1/tasks/${task?.id}/add_comment/`, { comment });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  const [{ comments }] = (await t.sql('SELECT comments FROM immigration_task WHERE id = $1', [task?.id])) as [
    { comments: { text: string; mentions: { start_pos: number; end_pos: number }[] }[] },
  ];
  const { mentions } = comments[0] as (typeof comments)[number];
  const characters = [...comment];
  expect(mentions.map((mention) => characters.slice(mention.start_pos, mention.end_pos).join(''))).toEqual([
    `@${'zoé.müller'.normalize('NFD')}`,
  ]);
});

test('an import finds clients and records by names and addresses in any normal form', async () => {
  const header = 'first_name,last_name,email,gender,country,agent,branch';
  const row = (form: 'NFC' | 'NFD') =>
    `Ana,Núñez,ana@bücher.example,FEMALE,NP,${COMPOSED},${COMPOSED}`.normalize(form);
  for (const [form, outcome] of [
    ['NFD', { created: 1, skipped: 0 }],
    ['NFC', { created: 0, skipped: 1 }],
  ] as const) {
    const { id } = await t.upload(`${header}\r\n${row(form)}\r\n`);
    const done = await t.done(id, 'run');
    expect(done, JSON.stringify(done)).toMatchObject({ status: 'COMPLETED', ...outcome });
  }
  const stored = await t.sql(`SELECT email, agent_id IS NOT NULL AS "hasAgent" FROM immigration_client`);
  expect(stored).toEqual([{ email: 'ana@bücher.example'.normalize('NFD'), hasAgent: true }]);
});
