import { type TSchema, Type } from '@sinclair/typebox';
import { component } from '../http/component.js';
import { invalidField } from '../http/errors.js';
import { nullableSchema } from '../http/fields/field.js';
import type { QueryParameters } from '../http/fields/query-parameters.js';
import { isId } from '../http/path-id.js';

/** The requested part of a list that is ordered by id, the newest first: a page takes as long wherever it is. */
export interface KeysetPage {
  /** The id below which it begins; null for the first page. */
  readonly before: number | null;
  readonly size: number;
}

const USUAL = 50;
const LARGEST = 200;

/** Returns the documentation of a list's `before` and `page_size`. */
export function keysetParameters(): Record<string, TSchema> {
  return {
    before: Type.Integer({ description: '`next` of the page before' }),
    page_size: Type.Integer({ description: `1 to ${LARGEST}, default ${USUAL}` }),
  };
}

/** Returns the schema of a page of these items. */
export function keysetSchema(name: string, item: TSchema): TSchema {
  const next = nullableSchema(Type.Integer({ description: '`before` of the next page; null for the last' }));
  return component(name, Type.Object({ results: Type.Array(item), next }));
}

/** Reads `before` and `page_size`. @throws HttpError 400 naming the wrong one */
export function readKeyset(query: QueryParameters): KeysetPage {
  const before = query.integer('before');
  if (before !== undefined && !isId(before)) throw invalidField('before', 'There is no such id.');
  const size = query.integer('page_size') ?? USUAL;
  if (size < 1 || size > LARGEST) throw invalidField('page_size', `Give a number from 1 to ${LARGEST}.`);
  return { before: before ?? null, size };
}

/** Returns a page's answer. @param rows one more than the page's size, if there are more */
export function keysetAnswer<Row extends { readonly id: number }>(
  { size }: KeysetPage,
  rows: readonly Row[],
): { readonly results: readonly Row[]; readonly next: number | null } {
  const results = rows.slice(0, size);
  return { results, next: rows.length > size ? (results.at(-1) as Row).id : null };
}
