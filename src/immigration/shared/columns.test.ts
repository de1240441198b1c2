import { Type } from '@sinclair/typebox';
import { expect, test } from 'vitest';
import { sql } from '../../database/sql.js';
import { nullableSchema } from '../../http/fields/field.js';
import { columnsOf, lookup } from './columns.js';
import { named } from './names.js';

// The comments mark what the compiler must reject: a line that it accepted would fail the check of types.

const Output = Type.Object({
  name: Type.String(),
  region: nullableSchema(Type.Integer()),
  region_name: nullableSchema(Type.String()),
});
const region_name = lookup('region_id', 'immigration_region', 'name');
const list = (columns: Parameters<typeof columnsOf<'immigration_branch', typeof Output.static>>[2]) =>
  columnsOf('immigration_branch', Output, columns).sql;

test('a field shows the column with its name, or its name and _id, or what is given', () => {
  expect(list({ region_name, name: 'street' })).toBe(
    'r."street" AS "name", r."region_id" AS "region", ' +
      '(SELECT n."name" FROM "immigration_region" n WHERE n.id = r."region_id") AS "region_name"',
  );
  expect(list({ region_name: sql`upper(r.name)` })).toContain('upper(r.name) AS "region_name"');
});

test('a field that nothing shows, and one too many, are errors for the compiler and at the start', () => {
  // @ts-expect-error nothing shows region_name
  expect(() => list({})).toThrow('immigration_branch: nothing shows "region_name"');
  // @ts-expect-error there is no field "regions"
  expect(() => list({ region_name, regions: 'region_id' })).toThrow('a column is given for "regions"');
});

test('the compiler refuses columns and links that do not exist or do not fit', () => {
  const refused = [
    // @ts-expect-error the table has no such column
    () => list({ region_name, name: 'title' }),
    // @ts-expect-error an id is no name
    () => list({ region_name, name: 'id' }),
    // @ts-expect-error a column that may be null
    () => list({ region_name, name: 'deleted_at' }),
    // @ts-expect-error a name that may be missing, since its record may be
    () => list({ region_name, name: named('person', 'created_by_id') }),
    // @ts-expect-error the table has no such foreign key
    () => list({ region_name: named('agent', 'agent_id') }),
    // @ts-expect-error a linked record's number is no name
    () => list({ region_name: lookup('region_id', 'immigration_region', 'id') }),
    // @ts-expect-error the linked table has no such column
    () => lookup('region_id', 'immigration_region', 'title'),
    // @ts-expect-error a number that no column shows
    () => columnsOf('immigration_branch', Type.Object({ name: Type.Integer() }), {}),
  ];
  expect(refused).toHaveLength(8);
});
