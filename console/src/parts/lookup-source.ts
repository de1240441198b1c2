import type { AnswerTo, CallablePath, PagedPath, Result, RowOf } from 'leopard-client';
import { ask, type Query } from '../api/ask.ts';
import { api } from '../api/client.ts';

export interface Option {
  readonly id: number;
  readonly label: string;
}

/** Records that a field can refer to. */
export interface LookupSource {
  readonly key: string;
  /** Returns the first records that match what was typed. */
  find(text: string, signal: AbortSignal): Promise<readonly Option[]>;
  /** Returns the name of a record of which only the id is known, as in an address. */
  name(id: number, signal: AbortSignal): Promise<string>;
}

/** Options shown at once: who does not find the record among them types more. */
const SHOWN = 12;

type LooseCall = (path: string, options: object) => Promise<Result<never>>;

/**
 * Returns the records of a list of the API as a source.
 * @param label returns the name of a row
 * @param record the path of one record, whose name is found by the same function; the list's path and the id by default
 * @param fixed further query parameters
 */
export function lookupOf<P extends PagedPath>(
  path: P,
  label: (row: RowOf<P>) => string,
  { record = `${path}{id}/`, fixed = {} }: { readonly record?: string; readonly fixed?: Query } = {},
): LookupSource {
  const get = api.get.bind(api) as unknown as LooseCall;
  return {
    key: path,
    async find(search, signal) {
      const query = { ...fixed, search: search || undefined, page_size: SHOWN };
      const { results } = (await ask(() => get(path, { query, signal }))) as { results: RowOf<P>[] };
      return results.map((row) => ({ id: (row as { id: number }).id, label: label(row) }));
    },
    name: async (id, signal) => label(await ask(() => get(record, { path: { id }, signal }))),
  };
}

/** The lists of the API that are short enough to come whole. */
type WholePath = {
  [P in CallablePath<'get'>]: AnswerTo<P, 'get'> extends readonly { readonly id: number }[] ? P : never;
}[CallablePath<'get'>];

/** Returns the records of a list that the API answers whole, without pages, as a source. */
export function lookupInAll<P extends WholePath>(
  path: P,
  label: (row: AnswerTo<P, 'get'>[number]) => string,
): LookupSource {
  const get = api.get.bind(api) as unknown as (path: string, options: object) => Promise<Result<never>>;
  const read = async (signal: AbortSignal): Promise<readonly Option[]> => {
    const rows = (await ask(() => get(path, { signal }))) as { readonly id: number }[];
    return rows.map((row) => ({ id: row.id, label: label(row as never) }));
  };
  return {
    key: path,
    find: async (text, signal) => {
      const wanted = text.trim().toLowerCase();
      return (await read(signal)).filter((each) => each.label.toLowerCase().includes(wanted)).slice(0, SHOWN);
    },
    name: async (id, signal) => (await read(signal)).find((each) => each.id === id)?.label ?? `#${id}`,
  };
}
