import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { IMPORTS, type ImportTest, importTest } from './setting.js';

let t: ImportTest;
beforeAll(async () => {
  t = await importTest();
});
afterAll(() => t?.close());
beforeEach(() => t.sql('DELETE FROM client_import; DELETE FROM immigration_client'));

const HEADER = 'name,gender,country,phone,email\n';
const names = async () =>
  (
    await t.sql(
      'SELECT first_name, last_name FROM immigration_client ORDER BY created_at, immigration_client.id',
    )
  ).map(({ first_name, last_name }) => `${first_name} ${last_name}`);
const patch = (id: number, body: object) => t.ask('PATCH', `${IMPORTS}${id}/`, body);
/** Checks and imports a file; returns the plan, which the run must confirm. */
const bring = async (rows: string, rules: object) => {
  const { id } = await t.upload(HEADER + rows);
  await patch(id, rules);
  const plan = await t.done(id, 'dry-run');
  const done = await t.done(id, 'run');
  const told = ({ created, updated, skipped, failed, other_named, failures }: typeof plan) => ({
    counts: [created, updated, skipped, failed],
    other_named,
    failures,
  });
  expect(told(done)).toEqual(told(plan));
  return { id, ...told(plan), others: plan.other_named_rows };
};

describe('what is no phone number', () => {
  test.each(['update', 'skip', 'create'])(
    'is an error of its row and makes nobody one (%s)',
    async (duplicates) => {
      const rows = ['9.77984E+11', '000000', '9779841234567.0', '#N/A'].flatMap((phone, place) =>
        ['Maya Rai', 'Ram Thapa', 'Sita Gurung'].map((name) => `${name} ${place},F,NP,${phone},`),
      );
      const { counts, failures } = await bring(`${rows.join('\n')}\nGood One,F,NP,+977 98-4123456,\n`, {
        duplicates,
      });
      expect(counts).toEqual([1, 0, 0, 12]);
      expect(await names()).toEqual(['Good One']);
      expect(failures[0].errors).toEqual({
        phone_number: [
          '"9.77984E+11" is a phone number changed by a spreadsheet: format the column as text, enter the numbers again and save the file.',
        ],
      });
      expect(failures[3].errors.phone_number[0]).toContain('all of its digits are the same');
    },
  );

  test('is so of a postcode, too, that a spreadsheet has taken for a number', async () => {
    const { id } = await t.upload('name,gender,country,postcode\nMaya Rai,F,NP,4.46E+04\n');
    expect((await t.done(id, 'dry-run')).failures[0].errors.postcode[0]).toContain(
      'format the column as text',
    );
  });

  test('is no key of a client that has it already', async () => {
    await t.sql(`INSERT INTO immigration_client (first_name, phone_number, branch_id) VALUES
      ('A', '9.77984E+11', 1), ('B', '000000', 1)`);
    const { counts } = await bring('A,F,NP,97798411,\n', { duplicates: 'update', other_name: 'match' });
    expect(counts).toEqual([1, 0, 0, 0]);
  });
});

describe('a phone number or e-mail address that clients of other names share', () => {
  beforeEach(() =>
    t.sql(`INSERT INTO immigration_client (id, first_name, last_name, gender, country, phone_number, email, branch_id)
      VALUES (901, 'Maya', 'Rai', 'FEMALE', 'NP', '+977 9841234567', 'family@example.com', 1)`),
  );
  const PHONE = 'Ram Rai,M,NP,977-984-1234567,\n';
  const EMAIL = 'Ram Rai,M,NP,,Family@example.com\n';

  test.each([
    ['phone_number', PHONE, 'update'],
    ['phone_number', PHONE, 'skip'],
    ['email', EMAIL, 'update'],
    ['email', EMAIL, 'skip'],
  ])('does not make them one (%s): %# the plan tells', async (by, row, duplicates) => {
    const { counts, other_named, others } = await bring(row, { duplicates });
    expect([counts, other_named]).toEqual([[1, 0, 0, 0], 1]);
    expect(others).toEqual([
      { row: 2, outcome: 'CREATED', by, client: 901, client_row: null, client_name: 'Maya Rai' },
    ]);
    expect(await names()).toEqual(['Maya Rai', 'Ram Rai']);
  });

  test('does so where whoever imports says it', async () => {
    const matched = await bring(PHONE, { duplicates: 'update', other_name: 'match' });
    expect([matched.counts, matched.other_named, matched.others[0].outcome]).toEqual([
      [0, 1, 0, 0],
      1,
      'UPDATED',
    ]);
    expect(await names()).toEqual(['Ram Rai']);
  });

  test('leaves such rows out where whoever imports says that', async () => {
    const { counts, others } = await bring(EMAIL, { duplicates: 'update', other_name: 'skip' });
    expect([counts, others[0].outcome]).toEqual([[0, 0, 1, 0], 'SKIPPED']);
    expect(await names()).toEqual(['Maya Rai']);
  });

  test.each(['Rai, Maya', 'Maya Devi Rai'])('and one of the same name are one: %s', async (name) => {
    const { counts, other_named } = await bring(`"${name}",F,AU,9779841234567,\n`, {
      duplicates: 'update',
    });
    expect([counts, other_named]).toEqual([[0, 1, 0, 0], 0]);
  });

  test('finds the one of its name among many, as when an agent gives one address for all clients', async () => {
    await t.sql(`INSERT INTO immigration_client (first_name, last_name, gender, country, email, branch_id)
      SELECT 'Person' || n, 'Of Agent', 'OTHER', 'NP', 'agent@example.com', 1 FROM generate_series(1, 300) n`);
    const rows =
      'Person7 Of Agent,F,AU,,agent@example.com\nPerson299 Of Agent,F,AU,,AGENT@example.com\nNew One,F,AU,,agent@example.com\n';
    const { counts, others } = await bring(rows, { duplicates: 'update' });
    expect(counts).toEqual([1, 2, 0, 0]);
    expect(others.map(({ row }: { row: number }) => row)).toEqual([4]);
    const [{ n }] = (await t.sql(
      `SELECT count(*)::integer AS n FROM immigration_client WHERE country = 'AU'`,
    )) as [{ n: number }];
    expect(n).toBe(3);
  });

  test('is seen within a file as well, across its parts', async () => {
    const filler = Array.from({ length: 600 }, (_, n) => `Filler ${n}x,F,NP,,f${n}@x.org\n`).join('');
    const { counts, others } = await bring(
      `Asha Lama,F,NP,9800000001,\n${filler}Bina Lama,F,NP,9800000001,\nAsha Lama,F,AU,9800000001,\n`,
      { duplicates: 'update' },
    );
    expect(counts).toEqual([602, 1, 0, 0]);
    expect(others).toMatchObject([{ row: 603, outcome: 'CREATED', client_row: 2, client_name: 'Asha Lama' }]);
  });

  test('is nothing where it stands for none', async () => {
    const { counts, other_named } = await bring(
      'Asha Lama,F,NP,,none@none.com\nAsha Lama,F,NP,,none@none.com\nBina Lama,F,NP,,none@none.com\n',
      { duplicates: 'update' },
    );
    expect([counts, other_named]).toEqual([[3, 0, 0, 0], 0]);
  });
});
