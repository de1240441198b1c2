import { type TSchema, Type } from '@sinclair/typebox';
import { component } from '../http/component.js';
import { detailError } from '../http/errors.js';
import { nullableSchema } from '../http/fields/field.js';
import type { TenantRequest } from './route.js';

const DEFAULT_SIZE = 25;
const LARGEST_SIZE = 100;

/** The requested part of a list. */
export interface PageRequest {
  /** From 1, or the last page. */
  readonly page: number | 'last';
  readonly size: number;
}

/** The maximum and the default number of items on a page. */
export interface PageSizes {
  readonly largest?: number | undefined;
  readonly usual?: number | undefined;
}

/** Part of a list with the number of all its items. */
export interface PageOf<Item> {
  readonly count: number;
  readonly items: readonly Item[];
}

/** Returns the documentation of a list's `page` and `page_size`. */
export function pageParameters(largest = LARGEST_SIZE, usual = DEFAULT_SIZE): Record<string, TSchema> {
  return {
    page: Type.String({ description: 'page number from 1, or `last`' }),
    page_size: Type.Integer({ description: `1 to ${largest}, default ${usual}` }),
  };
}

/** Returns the schema of a page of these items. */
export function pageSchema(name: string, item: TSchema): TSchema {
  const link = () => nullableSchema(Type.String({ format: 'uri' }));
  const page = { count: Type.Integer(), next: link(), previous: link(), results: Type.Array(item) };
  return component(name, Type.Object(page));
}

/**
 * Reads `page` and `page_size`: a bad size means the default, a page that is no number is not found.
 * @throws HttpError 404 "Invalid page."
 */
export function readPage(
  { query }: TenantRequest,
  { largest = LARGEST_SIZE, usual = DEFAULT_SIZE }: PageSizes = {},
): PageRequest {
  const size = Number(query.text('page_size'));
  const given = query.text('page') ?? '1';
  const page = /^\d{1,9}$/.test(given) ? Number(given) : 0;
  if (given !== 'last' && page < 1) throw invalidPage();
  return {
    page: given === 'last' ? 'last' : page,
    size: Number.isInteger(size) && size > 0 ? Math.min(size, largest) : usual,
  };
}

/** Returns how many items to skip before the page; for the last page only the count can tell. */
export function offsetOf({ page, size }: PageRequest, count: () => number): number {
  return (page === 'last' ? Math.max(1, Math.ceil(count() / size)) - 1 : page - 1) * size;
}

function invalidPage() {
  return detailError(404, 'Invalid page.');
}

/**
 * Returns the answer of a list. Links keep the other parameters, sorted by name; a link to page 1 omits the page.
 * @throws HttpError 404 "Invalid page." when the page lies beyond the last
 */
export function pageAnswer<Item>(request: TenantRequest, asked: PageRequest, { count, items }: PageOf<Item>) {
  const pages = Math.max(1, Math.ceil(count / asked.size));
  const page = asked.page === 'last' ? pages : asked.page;
  if (page > pages) throw invalidPage();
  return {
    count,
    next: page < pages ? linkTo(request, page + 1) : null,
    previous: page > 1 ? linkTo(request, page - 1) : null,
    results: items,
  };
}

function linkTo({ origin, query, raw }: TenantRequest, page: number): string {
  const path = raw.url.split('?', 1)[0];
  const kept = query.entries().filter(([name]) => name !== 'page');
  if (page > 1) kept.push(['page', String(page)]);
  kept.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const search = new URLSearchParams(kept).toString();
  return `${origin}${path}${search && `?${search}`}`;
}
