import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { idOf } from '../helpers/staff.js';
import { IMPORTS, type ImportTest, importTest } from './setting.js';

let t: ImportTest;
beforeAll(async () => {
  t = await importTest();
});
afterAll(() => t?.close());
beforeEach(async () => {
  await t.sql(
    'DELETE FROM immigration_note; DELETE FROM immigration_clientactivity; DELETE FROM immigration_client; DELETE FROM immigration_event; DELETE FROM public.event_queue',
  );
});

const clients = () =>
  t.sql(`SELECT id::integer, first_name, middle_name, last_name, email, phone_number, gender, dob::text, country, stage,
      active, branch_id::integer AS branch, agent_id::integer AS agent, assigned_to_id::integer AS assigned_to,
      visa_category_id::integer AS visa_category, created_by_id::integer AS created_by, deleted_at IS NOT NULL AS archived
    FROM immigration_client ORDER BY id`);
const patch = (id: number, body: object, by?: string) => t.ask('PATCH', `${IMPORTS}${id}/`, body, by);
const counts = ({ processed, created, updated, skipped, failed }: Record<string, number>) => [
  processed,
  created,
  updated,
  skipped,
  failed,
];

const FILE = `First name,Surname,E-mail,Mobile,Sex,Date of birth,Country,Visa category,Agent,Owner,Office,Stage
Maya,Rai,maya@example.com,+977 98-1234567,female,28/02/1990,Nepal,student,agent a,consultant1,One,Follow up
Ram,Thapa,ram@example.com,,M,1991-03-04,NP,2,,,,
`;

describe('a run', () => {
  test('brings in what the file says, in the words people use', async () => {
    const draft = await t.upload(FILE);
    expect(draft.columns.map(({ field }: { field: string }) => field)).toEqual([
      ...['first_name', 'last_name', 'email', 'phone_number', 'gender', 'dob', 'country', 'visa_category_id'],
      ...['agent_id', 'assigned_to_id', 'branch_id', 'stage'],
    ]);
    expect(draft.columns[0]).toEqual({ header: 'First name', field: 'first_name', samples: ['Maya', 'Ram'] });
    expect(draft).toMatchObject({
      status: 'DRAFT',
      row_count: 2,
      date_format: 'DD/MM/YYYY',
      duplicates: 'skip',
    });
    const done = await t.done(draft.id, 'run');
    expect([done.status, ...counts(done as never)]).toEqual(['COMPLETED', 2, 2, 0, 0, 0]);
    expect(await clients()).toMatchObject([
      {
        first_name: 'Maya',
        gender: 'FEMALE',
        dob: '1990-02-28',
        country: 'NP',
        visa_category: 1,
        agent: 1,
        assigned_to: idOf('consultant1'),
        branch: 1,
        stage: 'FOLLOW_UP',
        created_by: idOf('admin'),
      },
      { first_name: 'Ram', gender: 'MALE', dob: '1991-03-04', visa_category: 2, branch: null, stage: 'LEAD' },
    ]);
  });

  test('finds records by their names however these are spelt, the exact one first', async () => {
    await t.sql(
      `INSERT INTO immigration_agent (id, agent_name) VALUES (901, 'Jose\u0301 Łódź'), (902, 'Müller'), (903, 'Muller')`,
    );
    const { id } = await t.upload(
      'first_name,gender,country,agent\nA,F,NP,José Łódź\nB,F,NP,jose lodz\nC,F,NP,MÜLLER\nD,F,NP,muller\n',
    );
    await t
      .done(id, 'run')
      .finally(() => t.sql('UPDATE immigration_agent SET deleted_at = now() WHERE id > 900'));
    expect((await clients()).map(({ agent }) => agent)).toEqual([901, 901, 902, 903]);
  });

  test('refuses rows in the words of the API, and gives them back to be put right', async () => {
    const file = `name,gender,country,email,dob,active,visa,owner,branch,stage
 ,Q,Atlantis,a@b,2023-02-30,maybe,Nothing,nobody,99,WON
Good One,F,NP,,,,,,,
Long,F,NP,,,,,,,,extra
`;
    const { id } = await t.upload(file);
    const checked = await t.done(id, 'dry-run');
    expect(await clients()).toEqual([]);
    expect(checked.status).toBe('DRAFT');
    expect(counts(checked as never)).toEqual([3, 1, 0, 0, 2]);
    expect(checked.failures).toEqual([
      {
        row: 2,
        errors: {
          first_name: ['This field is required.'],
          gender: ['"Q" is not a valid choice.'],
          country: [
            '"Atlantis" is no country that is known here: give its two-letter code (ISO 3166-1), such as "NP".',
          ],
          email: ['Enter a valid email address.'],
          dob: ['Date has wrong format. Use one of these formats instead: YYYY-MM-DD.'],
          active: ['Must be a valid boolean.'],
          visa_category_id: ['Invalid name "Nothing" - object does not exist.'],
          assigned_to_id: ['Invalid name "nobody" - object does not exist.'],
          branch_id: ['Invalid pk "99" - object does not exist.'],
          stage: ['"WON" is not a valid choice.'],
        },
      },
      { row: 4, errors: { non_field_errors: ["The row has more cells than the header's 10."] } },
    ]);
    await t.done(id, 'run');
    expect(await clients()).toMatchObject([{ first_name: 'Good', last_name: 'One' }]);
    const report = (await t.ask('GET', `${IMPORTS}${id}/failures/`)).body as string;
    const lines = report.split('\r\n');
    expect(lines[0]).toBe(
      'name,gender,country,email,dob,active,visa,owner,branch,stage,import_row,import_problems',
    );
    expect(lines[1]).toContain('Atlantis,a@b,2023-02-30,maybe,Nothing,nobody,99,WON,2,');
    expect(lines[1]).toContain('email: Enter a valid email address.');
    expect(lines).toHaveLength(4);
  });

  test('makes events like any change, and tells who did it', async () => {
    await t
      .upload('first_name,gender,country,email\nMaya,F,NP,m@x.org\n')
      .then(({ id }) => t.done(id, 'run'));
    const { id } = await t.upload('e-mail,stage,assigned to\nM@X.ORG,CLIENT,consultant1\n');
    await patch(id, { duplicates: 'update' });
    await t.done(id, 'run');
    expect(
      await t.sql(
        'SELECT event_type, performed_by_id::integer AS by FROM immigration_event ORDER BY event_type',
      ),
    ).toEqual([
      { event_type: 'Client.assigned_to.UPDATE', by: idOf('admin') },
      { event_type: 'Client.stage.UPDATE', by: idOf('admin') },
    ]);
  });

  test('of branch staff stays in their branches', async () => {
    const { id } = await t.upload(
      'first_name,gender,country,branch,owner\nA,F,NP,,\nB,F,NP,Three,\nC,F,NP,2,\nD,F,NP,,branch3\n',
      'branch1',
    );
    const done = await t.done(id, 'run', 'branch1');
    expect(await clients()).toMatchObject([{ first_name: 'A', branch: 1, created_by: idOf('branch1') }]);
    const { body } = await t.ask('GET', `${IMPORTS}${id}/`, undefined, 'branch1');
    expect(body.failures.map(({ errors }: { errors: object }) => errors)).toEqual([
      { branch_id: ['User branch1 does not have permission to access branch 3'] },
      { branch_id: ['User branch1 does not have permission to access branch 2'] },
      { assigned_to_id: ['Branch Admin cannot assign clients to users outside their branches'] },
    ]);
    expect(done.status).toBe('COMPLETED');
    const homeless = await t.upload('first_name,gender,country\nA,F,NP\n', 'homeless');
    expect((await t.done(homeless.id, 'dry-run', 'homeless')).failures[0].errors).toEqual({
      branch_id: ['User homeless belongs to no branch'],
    });
  });

  test('fills in what the file lacks', async () => {
    const { id } = await t.upload('Full name\n"Rai, Maya Devi"\nRam Bahadur Thapa\nSita\n');
    expect((await t.done(id, 'dry-run')).failed).toBe(3);
    expect(
      (await patch(id, { default_gender: 'OTHER', default_country: 'NP', default_branch_id: 2 })).status,
    ).toBe(200);
    await t.done(id, 'run');
    const names = (await clients()).map((c) => [c.first_name, c.middle_name, c.last_name, c.branch]);
    expect(names).toEqual([
      ['Maya', 'Devi', 'Rai', 2],
      ['Ram', 'Bahadur', 'Thapa', 2],
      ['Sita', '', '', 2],
    ]);
  });

  test('fills in no branch that was archived since', async () => {
    const { id } = await t.upload('first_name,gender,country,branch\nA,F,NP,\nB,F,NP,1\n');
    await patch(id, { default_branch_id: 2 });
    await t.sql('UPDATE immigration_branch SET deleted_at = now() WHERE id = 2');
    const done = await t
      .done(id, 'run')
      .finally(() => t.sql('UPDATE immigration_branch SET deleted_at = NULL WHERE id = 2'));
    expect(done.failures).toEqual([
      { row: 2, errors: { branch_id: ['Invalid pk "2" - object does not exist.'] } },
    ]);
    expect(await clients()).toMatchObject([{ first_name: 'B', branch: 1 }]);
  });

  test('has begun when it was begun, whatever was tried before', async () => {
    const rows = Array.from({ length: 1_100 }, (_, n) => `R${n},F,NP\n`).join('');
    const { id } = await t.upload(`first_name,gender,country\n${rows}`);
    const checked = await t.done(id, 'dry-run');
    expect([checked.status, checked.started_at, checked.checked_at]).toEqual([
      'DRAFT',
      null,
      expect.any(String),
    ]);
    await t.ask('POST', `${IMPORTS}${id}/run/`);
    const [running] = await t.sql(`SELECT started_at > $2 AS later FROM client_import WHERE id = $1`, [
      id,
      checked.checked_at,
    ]);
    await t.ask('POST', `${IMPORTS}${id}/cancel/`);
    expect(running).toEqual({ later: true });
  });

  test('is not kept waiting by another tenant whose work fails', async () => {
    const elsewhere = await t.upload('first_name,gender,country\nA,F,NP\n', 'elsewhere');
    await t.ask('POST', `${IMPORTS}${elsewhere.id}/run/`, undefined, 'elsewhere');
    const { id } = await t.upload('first_name,gender,country\nA,F,NP\n');
    await t.sql('ALTER TABLE tenant_demo.client_import RENAME COLUMN claims TO broken');
    const done = await t
      .done(id, 'run')
      .finally(() => t.sql('ALTER TABLE tenant_demo.client_import RENAME COLUMN broken TO claims'));
    expect(done).toMatchObject({ status: 'COMPLETED', created: 1 });
    await t.ask('POST', `${IMPORTS}${elsewhere.id}/cancel/`, undefined, 'elsewhere');
  });
});

describe('duplicates', () => {
  const create = async (given: object) =>
    (
      await t.ask('POST', '/api/v1/clients/', {
        first_name: 'There',
        gender: 'OTHER',
        country: 'AU',
        ...given,
      })
    ).body.id;
  const FIELDS = 'first_name,gender,country,email,phone\n';
  const bring = async (rows: string, duplicates: string, by = 'admin') => {
    const { id } = await t.upload(FIELDS + rows, by);
    await patch(id, { duplicates, other_name: 'match' }, by);
    const dry = counts((await t.done(id, 'dry-run', by)) as never);
    const done = await t.done(id, 'run', by);
    expect(counts(done as never)).toEqual(dry);
    return { id, done, counts: dry };
  };

  test('are found by e-mail, then by phone, and never by nothing', async () => {
    await create({ email: 'One@Example.com', phone_number: '+61 400-111-222' });
    await create({ email: '', phone_number: '' });
    await create({ email: '', phone_number: 'n/a' });
    const rows =
      'A,F,NP,one@example.COM,\nB,F,NP,other@x.org,61 (400) 111222\nC,F,NP,,\nD,F,NP,,N/A\nE,F,NP,, 12 \n';
    expect((await bring(rows, 'skip')).counts).toEqual([5, 1, 0, 2, 2]);
    expect((await bring(rows, 'create')).counts).toEqual([5, 3, 0, 0, 2]);
  });

  test('are updated with what the row gives, and nothing else', async () => {
    const id = await create({ email: 'one@x.org', last_name: 'Stays', state: 'NSW', dob: '1990-01-01' });
    const { counts: all, done } = await bring('New,F,NP,one@x.org,12345678\n', 'update');
    expect(all).toEqual([1, 0, 1, 0, 0]);
    expect(await clients()).toMatchObject([
      {
        id,
        first_name: 'New',
        last_name: 'Stays',
        gender: 'FEMALE',
        phone_number: '12345678',
        dob: '1990-01-01',
      },
    ]);
    expect((await bring('New,F,NP,one@x.org,12345678\n', 'update')).counts).toEqual([1, 0, 0, 1, 0]);
    expect(done.status).toBe('COMPLETED');
  });

  test('within the file count as well, also across its parts', async () => {
    const filler = Array.from({ length: 600 }, (_, n) => `F${n},F,NP,f${n}@x.org,\n`).join('');
    const rows = `A,F,NP,a@x.org,\nB,F,NP,A@X.ORG,\n${filler}C,F,NP,a@x.org,\n`;
    const skipped = await bring(rows, 'skip');
    expect(skipped.counts).toEqual([603, 601, 0, 2, 0]);
    await t.sql('DELETE FROM immigration_client');
    const updated = await bring(rows, 'update');
    expect(updated.counts).toEqual([603, 601, 2, 0, 0]);
    expect((await clients()).filter(({ email }) => /^a@/i.test(email))).toMatchObject([{ first_name: 'C' }]);
  });

  test('that fit several clients are left to people', async () => {
    await create({ email: 'two@x.org' });
    await create({ email: 'TWO@x.org' });
    const { id, counts: all } = await bring('A,F,NP,two@x.org,\n', 'update');
    expect(all).toEqual([1, 0, 0, 0, 1]);
    const { body } = await t.ask('GET', `${IMPORTS}${id}/`);
    expect(body.failures).toEqual([{ row: 2, errors: { email: ['Several clients have this.'] } }]);
  });

  test('are looked for only among the clients that one may change', async () => {
    await create({ email: 'one@x.org', branch_id: 3 });
    const { counts: all } = await bring('A,F,NP,one@x.org,\n', 'update', 'branch1');
    expect(all).toEqual([1, 1, 0, 0, 0]);
    expect(await clients()).toMatchObject([
      { first_name: 'There', branch: 3 },
      { first_name: 'A', branch: 1 },
    ]);
  });
});

describe('undoing', () => {
  test('archives what was created and gives back what was there, where nobody changed it since', async () => {
    const [one] = (
      await t.ask('POST', '/api/v1/clients/', {
        first_name: 'One',
        gender: 'OTHER',
        country: 'AU',
        email: 'one@x.org',
        dob: '1990-01-01',
        agent_id: 1,
      })
    ).body.id
      ? await clients()
      : [];
    const rows = [
      'Uno,F,NP,one@x.org,2000-02-03,',
      'Two,F,NP,two@x.org,,',
      'Three,F,NP,three@x.org,,',
      'Four,F,NP,four@x.org,,',
      'Zwei,F,NP,two@x.org,,',
    ];
    const { id } = await t.upload(`first_name,gender,country,email,dob,suburb\n${rows.join('\n')}\n`);
    await patch(id, { duplicates: 'update', other_name: 'match' });
    const done = await t.done(id, 'run');
    expect(counts(done as never)).toEqual([5, 3, 2, 0, 0]);
    const now = await clients();
    const idOfName = (name: string) => now.find(({ first_name }) => first_name === name)?.id;
    await t.ask('PATCH', `/api/v1/clients/${one?.id}/`, { country: 'DE' });
    await t.ask('PATCH', `/api/v1/clients/${idOfName('Three')}/`, { suburb: 'Elsewhere' });
    await t.sql(`INSERT INTO immigration_note (content, client_id) VALUES ('x', ${idOfName('Four')})`);
    const undone = await t.done(id, 'undo');
    expect([undone.status, undone.undone, undone.kept]).toEqual(['UNDONE', 2, 3]);
    expect(await clients()).toMatchObject([
      { first_name: 'One', gender: 'OTHER', country: 'DE', dob: '1990-01-01', agent: 1, archived: false },
      { first_name: 'Two', archived: true },
      { first_name: 'Three', archived: false },
      { first_name: 'Four', archived: false },
    ]);
    const report = (await t.ask('GET', `${IMPORTS}${id}/not-undone/`)).body as string;
    expect(report.split('\r\n')).toEqual([
      'import_row,client,outcome,reason',
      `2,${one?.id},UPDATED,changed since: country`,
      `4,${idOfName('Three')},CREATED,the client was changed since`,
      `5,${idOfName('Four')},CREATED,something was added to the client since`,
      '',
    ]);
  });
});

describe('who may', () => {
  test('see an import: whoever made it, and those who see the whole tenant', async () => {
    const { id } = await t.upload('first_name,gender,country\nA,F,NP\n', 'consultant1');
    for (const [by, status] of [
      ['consultant1', 200],
      ['admin', 200],
      ['branch1', 404],
      ['elsewhere', 404],
      ['groupless', 403],
    ] as const) {
      expect([by, (await t.ask('GET', `${IMPORTS}${id}/`, undefined, by)).status]).toEqual([by, status]);
      expect([by, (await t.ask('GET', `${IMPORTS}${id}/failures/`, undefined, by)).status]).toEqual([
        by,
        status,
      ]);
    }
    const list = await t.ask('GET', IMPORTS, undefined, 'branch1');
    expect(list.body.results.map((one: { id: number }) => one.id)).not.toContain(id);
  });

  test('update clients: who holds change_client', async () => {
    await t.sql(`DELETE FROM auth_group_permissions gp USING auth_permission p, auth_group g
      WHERE p.id = gp.permission_id AND g.id = gp.group_id AND p.codename = 'change_client' AND g.name = 'CONSULTANT'`);
    const { id } = await t.upload('first_name,gender,country\nA,F,NP\n', 'consultant3');
    expect((await t.ask('POST', `${IMPORTS}${id}/dry-run/`, undefined, 'consultant3')).status).toBe(200);
    await patch(id, { duplicates: 'update' }, 'consultant3');
    for (const action of ['dry-run', 'run']) {
      expect((await t.ask('POST', `${IMPORTS}${id}/${action}/`, undefined, 'consultant3')).status).toBe(403);
    }
  });
});

test.each([
  [{ fields: ['first_name'] }, { fields: ['There must be one entry for each of the 2 columns.'] }],
  [{ fields: ['email', 'email'] }, { fields: ['"email" is given to two columns.'] }],
  [
    { fields: ['full_name', 'first_name'] },
    { fields: ['"full_name" cannot stand beside "first_name" or "last_name".'] },
  ],
  [{ fields: ['', 'x'] }, { fields: { 1: ['"x" is not a valid choice.'] } }],
  [{ duplicates: 'merge' }, { duplicates: ['"merge" is not a valid choice.'] }],
  [{ other_name: 'merge' }, { other_name: ['"merge" is not a valid choice.'] }],
  [
    { default_country: 'UK' },
    { default_country: ['"UK" is no two-letter code: use "GB" (United Kingdom).'] },
  ],
  [{ default_branch_id: 99 }, { default_branch_id: ['Invalid pk "99" - object does not exist.'] }],
])('PATCH refuses %j', async (given, problem) => {
  const { id } = await t.upload('first_name,country\nA,NP\n');
  const answer = await patch(id, given);
  expect([answer.status, answer.body]).toEqual([400, problem]);
});
