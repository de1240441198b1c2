import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../test/helpers/database.js';
import { Database } from '../database/database.js';
import { statement } from '../database/statement.js';
import { CATALOGUE_COUNTRIES, readCatalogue } from './catalogue.js';
import { loadCatalogue } from './load.js';

let databases: TestDatabase;
let database: Database;
const MAIN = { schema: 'tenant_main', userId: null };

beforeAll(async () => {
  databases = await testDatabase();
  database = new Database(databases.app, { size: 4 });
});
afterAll(async () => {
  await database?.close();
  await databases?.drop();
});

const ask = <Row>(sql: string, schema = 'tenant_main') =>
  database.tenantQuery({ schema, userId: null }, statement<Row>(sql));
const countOf = async (table: string) => {
  const [row] = await ask<{ n: number }>(`SELECT count(*)::integer AS n FROM ${table}`);
  return row?.n;
};

describe('loading', () => {
  test('adds all of it, in its order, with stages from 1', async () => {
    const catalogue = await readCatalogue('au');
    const added = await loadCatalogue(database, MAIN, 'au');
    const types = catalogue.visa_categories.flatMap((category) => category.types);
    expect(added).toEqual({
      visa_categories: catalogue.visa_categories.length,
      visa_types: types.length,
      course_levels: catalogue.course_levels.length,
      broad_fields: catalogue.broad_fields.length,
      narrow_fields: catalogue.broad_fields.flatMap((field) => field.narrow_fields).length,
      language_exams: catalogue.language_exams.length,
      application_types: catalogue.application_types.length,
    });
    const [student] = await ask(`
      SELECT t.name, t.checklist, c.code FROM immigration_visatype t
      JOIN immigration_visacategory c ON c.id = t.visa_category_id WHERE t.code = '500'`);
    expect(student).toEqual({
      name: 'Student (subclass 500)',
      code: 'STUDENT',
      checklist: types.find(({ code }) => code === '500')?.checklist,
    });
    const stages = await ask(`
      SELECT s.stage_name, s.position FROM immigration_stage s JOIN immigration_applicationtype t
        ON t.id = s.application_type_id WHERE t.title = 'University application' ORDER BY s.position`);
    expect(stages).toEqual(
      catalogue.application_types[0]?.stages.map((stage_name, index) => ({
        stage_name,
        position: index + 1,
      })),
    );
  });

  test('a second time adds nothing and overwrites nothing', async () => {
    await ask(`UPDATE immigration_visatype SET name = 'Students', checklist = '["Ours"]' WHERE code = '500'`);
    await ask(`UPDATE immigration_visacategory SET code = 'OURS' WHERE name = 'Visitor'`);
    await ask(`UPDATE immigration_course_level SET deleted_at = now() WHERE name = 'Diploma'`);
    await ask(`DELETE FROM immigration_stage WHERE stage_name = 'Unconditional offer'`);
    const before = await countOf('immigration_visatype');
    const added = await loadCatalogue(database, MAIN, 'au');
    expect(Object.values(added)).toEqual(Object.values(added).map(() => 0));
    expect(await countOf('immigration_visatype')).toBe(before);
    expect(await ask(`SELECT name FROM immigration_visatype WHERE code = '500'`)).toEqual([
      { name: 'Students' },
    ]);
  });

  test('by several at the same moment adds everything once', async () => {
    const context = { schema: 'tenant_demo', userId: null };
    const all = await Promise.all([1, 2, 3].map(() => loadCatalogue(database, context, 'ca')));
    const { visa_categories } = await readCatalogue('ca');
    expect(all.reduce((sum, added) => sum + added.visa_types, 0)).toBe(
      visa_categories.flatMap(({ types }) => types).length,
    );
    expect(all.reduce((sum, added) => sum + added.application_types, 0)).toBe(2);
  });

  test('of all countries into one tenant works, and no category comes twice', async () => {
    for (const country of CATALOGUE_COUNTRIES) await loadCatalogue(database, MAIN, country);
    const catalogues = await Promise.all(CATALOGUE_COUNTRIES.map(readCatalogue));
    const types = catalogues.flatMap(({ visa_categories }) => visa_categories.flatMap((c) => c.types));
    expect(await countOf('immigration_visatype')).toBe(types.length);
  });
});
