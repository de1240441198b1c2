import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { TABLES_OF_ANY_KIND } from '../../src/immigration/client-imports/used-clients.js';
import { IMPORTS, type ImportTest, importTest } from './setting.js';

let t: ImportTest;
beforeAll(async () => {
  t = await importTest();
});
afterAll(() => t?.close());

const EMAIL = 'one@example.com';
const shown = async () =>
  (
    await t.sql(
      `SELECT suburb, state, postcode, agent_id::integer AS agent, deleted_at IS NOT NULL AS archived FROM immigration_client WHERE email = '${EMAIL}'`,
    )
  )[0];
const BEFORE = { suburb: 'before', state: 'before', postcode: 'before', agent: null, archived: false };
const byHand = (fields: string) => t.sql(`UPDATE immigration_client SET ${fields} WHERE email = '${EMAIL}'`);

/** Imports a row about the client, with these cells. */
async function bring(cells: Readonly<Record<string, string>>): Promise<number> {
  const names = Object.keys(cells);
  const { id } = await t.upload(`email,${names.join(',')}\n${EMAIL},${Object.values(cells).join(',')}\n`);
  await t.ask('PATCH', `${IMPORTS}${id}/`, { duplicates: 'update' });
  const done = await t.done(id, 'run');
  expect([done.status, done.failed, done.skipped]).toEqual(['COMPLETED', 0, 0]);
  return id;
}
const suburb = (value: string) => bring({ suburb: value });
/** Undoes an import. @returns the numbers of undone and of kept rows */
async function undo(id: number): Promise<[number, number]> {
  const { undone, kept } = await t.done(id, 'undo');
  return [undone, kept];
}
const keptBecause = async (id: number) =>
  ((await t.ask('GET', `${IMPORTS}${id}/not-undone/`)).body as string).split('\r\n').slice(1, -1).join();

beforeEach(async () => {
  await t.sql(`DELETE FROM client_import; DELETE FROM immigration_note; DELETE FROM immigration_client;
    INSERT INTO immigration_client (first_name, gender, country, email, suburb, state, postcode, branch_id)
    VALUES ('One', 'OTHER', 'AU', '${EMAIL}', 'before', 'before', 'before', 1)`);
});

describe('imports that changed the same client', () => {
  test.each([[[0, 1, 2]], [[1, 0, 2]], [[0, 2, 1]], [[2, 1, 0]]])(
    'end with what was there before all of them, undone in the order %j',
    async (order) => {
      const made = [
        await bring({ suburb: 'a', state: 'a' }),
        await bring({ suburb: 'b', postcode: 'b', agent: 'agent a' }),
        await bring({ suburb: 'c', state: 'c', postcode: 'c' }),
      ];
      for (const which of order) expect(await undo(made[which] as number)).toEqual([1, 0]);
      expect(await shown()).toEqual(BEFORE);
    },
  );

  test('leave the later one’s value while it stands', async () => {
    const [a, b] = [await bring({ suburb: 'a', state: 'a' }), await suburb('b')];
    expect(await undo(a)).toEqual([1, 0]);
    expect(await shown()).toEqual({ ...BEFORE, suburb: 'b' });
    expect(await undo(b)).toEqual([1, 0]);
    expect(await shown()).toEqual(BEFORE);
  });

  test('leave it also where it is the same as the earlier one’s, with a change by hand between', async () => {
    const a = await suburb('a');
    await byHand(`suburb = 'hand'`);
    const b = await suburb('a');
    expect(await undo(a)).toEqual([0, 1]);
    expect(await shown()).toMatchObject({ suburb: 'a' });
    expect(await undo(b)).toEqual([1, 0]);
    expect(await shown()).toMatchObject({ suburb: 'hand' });
  });

  test.each([[['a', 'b']], [['b', 'a']]])('keep a change by hand after both: %j', async (order) => {
    const made: Record<string, number> = { a: await suburb('a'), b: await suburb('b') };
    await byHand(`suburb = 'hand'`);
    for (const which of order) await undo(made[which] as number);
    expect(await shown()).toMatchObject({ suburb: 'hand' });
  });

  test('pass over one that is undone, and one whose plan alone is known', async () => {
    const a = await suburb('a');
    const b = await suburb('b');
    expect(await undo(b)).toEqual([1, 0]);
    const planned = await t.upload(`email,suburb\n${EMAIL},c\n`);
    await t.ask('PATCH', `${IMPORTS}${planned.id}/`, { duplicates: 'update' });
    await t.done(planned.id, 'dry-run');
    expect(await undo(a)).toEqual([1, 0]);
    expect(await shown()).toEqual(BEFORE);
  });

  test('several rows of one file about one client count one after the other', async () => {
    const { id } = await t.upload(`email,suburb\n${EMAIL},a\n${EMAIL},b\n${EMAIL},a\n`);
    await t.ask('PATCH', `${IMPORTS}${id}/`, { duplicates: 'update' });
    expect((await t.done(id, 'run')).updated).toBe(3);
    const later = await suburb('c');
    expect(await undo(id)).toEqual([3, 0]);
    expect(await shown()).toMatchObject({ suburb: 'c' });
    expect(await undo(later)).toEqual([1, 0]);
    expect(await shown()).toEqual(BEFORE);
  });
});

describe('a client that an import created', () => {
  const create = async () => {
    await t.sql('DELETE FROM immigration_client');
    const { id } = await t.upload(`first_name,gender,country,email\nOne,F,NP,${EMAIL}\n`);
    await t.done(id, 'run');
    return id as number;
  };

  test('stays while other imports’ changes of it stand, and is archived when the last of them is undone', async () => {
    const [a, b, c] = [await create(), await suburb('b'), await bring({ suburb: 'c', state: 'c' })];
    expect(await undo(a)).toEqual([0, 1]);
    expect(await keptBecause(a)).toContain(
      'another import has changed the client since; it is archived when that is undone',
    );
    expect(await shown()).toMatchObject({ suburb: 'c', archived: false });
    expect(await undo(b)).toEqual([1, 0]);
    expect(await shown()).toMatchObject({ suburb: 'c', archived: false });
    expect(await undo(c)).toEqual([1, 0]);
    expect(await shown()).toMatchObject({ suburb: '', archived: true });
    const { body } = await t.ask('GET', `${IMPORTS}${a}/`);
    expect([body.undone, body.kept, await keptBecause(a)]).toEqual([1, 0, '']);
  });

  test('is not archived where somebody has changed it or added to it meanwhile', async () => {
    const [a, b] = [await create(), await suburb('b')];
    await undo(a);
    await byHand(`street = 'by hand'`);
    await undo(b);
    expect(await shown()).toMatchObject({ suburb: '', archived: false });
    expect(await keptBecause(a)).toContain('the client was changed since');

    const [c, d] = [await create(), await suburb('d')];
    await undo(c);
    await t.sql(`INSERT INTO immigration_note (content, client_id) SELECT 'x', id FROM immigration_client`);
    await undo(d);
    expect(await shown()).toMatchObject({ archived: false });
    expect(await keptBecause(c)).toContain('something was added to the client since');
  });

  test('can be undone after clients have got a column more', async () => {
    const a = await create();
    // As left by an import that was run when clients had fewer columns.
    await t.sql(`UPDATE client_import SET state_fields = '["first_name", "email"]';
      UPDATE client_import_row w SET state = md5(ROW(r.first_name, r.email)::text)::uuid
      FROM immigration_client r WHERE r.id = w.client_id`);
    expect(await undo(a)).toEqual([1, 0]);
    expect(await shown()).toMatchObject({ archived: true });
  });
});

test('every table with links to records of any kind is known to undoing', async () => {
  const linked = await t.sql(`
    SELECT table_name AS "table" FROM information_schema.columns
    WHERE table_schema = 'tenant_main' AND column_name IN ('content_type_id', 'object_id')
    GROUP BY 1 HAVING count(*) = 2`);
  expect(linked.map(({ table }) => table).sort()).toEqual([...TABLES_OF_ANY_KIND].sort());
});
