import { LRUCache } from 'lru-cache';
import { valueTypes } from './value-types.js';

/** A column of a result, as the driver describes it. */
export interface ResultColumn {
  readonly name: string;
  readonly dataTypeID: number;
}

/** A function that makes an object of a row's texts, which are in the order of the columns. */
export type RowReader = (texts: readonly (string | null)[]) => object;

type Parser = (text: string) => unknown;

/** Maximum number of cached readers; there are as many as result shapes, whatever the tenant. */
const readers = new LRUCache<string, RowReader>({ max: 2_000 });

const columnsOf = new WeakMap<RowReader, readonly ResultColumn[]>();

/** Returns the columns of the rows that a reader reads. */
export function columnsRead(reader: RowReader): readonly ResultColumn[] {
  return columnsOf.get(reader) ?? [];
}

/** Returns the reader for rows with these columns. */
export function rowReader(fields: readonly ResultColumn[]): RowReader {
  let form = '';
  for (const { name, dataTypeID } of fields) form += `${dataTypeID} ${name}\n`;
  let reader = readers.get(form);
  if (!reader) {
    reader = compile(fields);
    readers.set(form, reader);
    columnsOf.set(reader, fields);
  }
  return reader;
}

/**
 * Compiles a reader to JavaScript, as fast-json-stringify does for writing: an object literal is built in a third of
 * the time. The code contains nothing but numbers and quoted column names.
 */
function compile(fields: readonly ResultColumn[]): RowReader {
  const parsers = fields.map(({ dataTypeID }) => valueTypes.getTypeParser(dataTypeID, 'text') as Parser);
  const properties = fields.map(
    ({ name }, i) => `${JSON.stringify(name)}: texts[${i}] === null ? null : p${i}(texts[${i}])`,
  );
  const names = fields.map((_, i) => `p${i}`);
  return new Function(...names, `return (texts) => ({ ${properties.join(', ')} })`)(...parsers) as RowReader;
}
