import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Sql, sql } from './sql.js';
import { assignments, insertInto, updateOf } from './writes.js';

const shown = ({ sql: text, parameters }: Sql) => [text, parameters];

describe('a template', () => {
  test('in a text that is none is a mistake, which shows at once', () => {
    expect(() => `SELECT ${sql`a`}`).toThrow('SQL in a text that is no template of sql: a');
  });

  test('has its values apart from its text', () => {
    expect(shown(sql`SELECT ${1} + ${'a'}`)).toEqual(['SELECT $1 + $2', [1, 'a']]);
    expect(shown(sql`${null}`)).toEqual(['$1', [null]]);
    expect(shown(sql`SELECT 1`)).toEqual(['SELECT 1', []]);
  });

  test('takes in other templates, whose values are counted in their place', () => {
    const condition = sql`a = ${1} AND b = ANY (${[2, 3]})`;
    expect(shown(sql`SELECT ${0} WHERE ${condition} LIMIT ${4}`)).toEqual([
      'SELECT $1 WHERE a = $2 AND b = ANY ($3) LIMIT $4',
      [0, 1, [2, 3], 4],
    ]);
    expect(shown(sql`${condition} OR ${condition}`)[0]).toBe(
      'a = $1 AND b = ANY ($2) OR a = $3 AND b = ANY ($4)',
    );
  });

  test('holds a value at one time and SQL at another', () => {
    const equals = (right: Sql | number) => sql`a = ${right} AND ${2}`;
    for (let round = 0; round < 2; round++) {
      expect(shown(equals(1))).toEqual(['a = $1 AND $2', [1, 2]]);
      expect(shown(equals(sql`now()`))).toEqual(['a = now() AND $1', [2]]);
      expect(shown(equals(sql`f(${8}, ${9})`))).toEqual(['a = f($1, $2) AND $3', [8, 9, 2]]);
    }
  });

  test('is the same text, not only an equal one, whenever it is used', () => {
    const find = (id: number) => sql`SELECT ${sql.ref('r.name')} WHERE id = ${id} AND ${sql`true`}`;
    expect(find(1).shape).not.toBe(sql`SELECT ${sql.ref('r.name')} WHERE id = ${1} AND ${sql`true`}`.shape);
    expect(find(1).shape).toBe(find(2).shape);
  });

  test('reads as if put together by hand, whatever is put into what', () => {
    type Tree = { readonly leaf: number } | { readonly parts: Tree[]; readonly separator: string };
    const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.record({ leaf: fc.nat() }),
        fc.record({
          parts: fc.array(tie('tree'), { maxLength: 4 }),
          separator: fc.constantFrom(' AND ', ', '),
        }),
      ),
    }));
    const write = (node: Tree): Sql =>
      'leaf' in node
        ? sql`f(${node.leaf})`
        : sql`(${sql.join(node.parts.map(write), sql.raw(node.separator))})`;
    const values: number[] = [];
    const byHand = (node: Tree): string =>
      'leaf' in node ? `f($${values.push(node.leaf)})` : `(${node.parts.map(byHand).join(node.separator)})`;
    fc.assert(
      fc.property(tree, (node) => {
        values.length = 0;
        const text = byHand(node);
        expect(shown(write(node))).toEqual([text, values]);
      }),
      { numRuns: 500 },
    );
  });

  test('reads the same when the texts of others were forgotten meanwhile', () => {
    const find = (id: number) => sql`SELECT ${sql.ref('a.b')}, ${sql.join([1, 2])} WHERE ${id}`;
    const before = find(1);
    for (let i = 0; i < 25_000; i++) sql.raw(`SELECT ${i}`);
    expect(shown(find(1))).toEqual(shown(before));
    expect(find(1).shape).not.toBe(before.shape);
    expect(find(1).shape).toBe(find(2).shape);
  });
});

test('names are quoted', () => {
  expect(sql.ref('r.name').sql).toBe('"r"."name"');
  expect(sql.ref('public.x').sql).toBe('"public"."x"');
  expect(sql.ref('a"; DROP').sql).toBe('"a""; DROP"');
});

test('a list of nothing is nothing', () => {
  expect(shown(sql`(${sql.join([])})`)).toEqual(['()', []]);
});

describe('what writes rows', () => {
  test('names the columns that are given', () => {
    expect(
      shown(insertInto('immigration_agent', { agent_name: 'A', email: undefined, country: 'NP' })),
    ).toEqual(['INSERT INTO "immigration_agent" ("agent_name", "country") VALUES ($1, $2)', ['A', 'NP']]);
    const change = updateOf('immigration_agent', { deleted_at: sql`now()`, email: undefined, country: 'NP' });
    expect(shown(sql`${change} WHERE id = ${7}`)).toEqual([
      'UPDATE "immigration_agent" SET "deleted_at" = now(), "country" = $1 WHERE id = $2',
      ['NP', 7],
    ]);
    expect(shown(assignments({ a: null }))).toEqual(['"a" = $1', [null]]);
  });

  test('takes the columns of its table alone, by their types', () => {
    // @ts-expect-error: there is no such column
    const insert = () => insertInto('immigration_agent', { agent_name: 'A', nickname: 'B' });
    expect(insert).toThrow('immigration_agent has no column nickname');
    // @ts-expect-error: a text
    updateOf('immigration_agent', { agent_name: 1 });
    // @ts-expect-error: a task needs its date
    insertInto('immigration_task', { title: 'T' });
  });
});
