import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
import { type Shape, strictBody } from '../../http/fields/body.js';
import { MOST_IDS } from '../../http/fields/bounds.js';
import { type Field, FieldError, field, isDictionary, nullable, required } from '../../http/fields/field.js';
import { list } from '../../http/fields/list.js';
import { QueryParameters } from '../../http/fields/query-parameters.js';
import { boolean, integer } from '../../http/fields/scalar.js';
import { choice } from '../../http/fields/text.js';
import { STAGES } from '../shared/client-fields.js';
import { clientFilterParameters } from '../shared/client-filters.js';

/** Maximum number of clients changed by one request. */
export const MOST_CLIENTS = MOST_IDS;
const MOST_VALUES = 100;
const LONGEST_VALUE = 200;

// The operation determines whether archived clients are meant.
const { include_deleted: _, ...filterSchemas } = clientFilterParameters;
const FILTERS = Object.keys(filterSchemas);

const SWITCHES = FILTERS.filter(
  (name) => filterSchemas[name as keyof typeof filterSchemas].type === 'boolean',
);

/** Returns whether this value works as a filter; the list ignores a blank one. */
function isValue(name: string, value: unknown): boolean {
  if (SWITCHES.includes(name)) return ['true', 'false'].includes(String(value));
  if (name === 'stage' && String(value).length > LONGEST_VALUE) return false; // the list names longer texts itself
  return typeof value === 'number' || (typeof value === 'string' && value.trim() !== '');
}

/** Returns the schema of a filter in a body: that of the list, with a bound. */
function boundedFilter(name: string, inner: TSchema): TSchema {
  const text = Type.String({ maxLength: LONGEST_VALUE });
  if (name === 'stage') return Type.Array(text, { maxItems: MOST_VALUES });
  return inner.type === 'string' && !inner.format ? { ...inner, maxLength: LONGEST_VALUE } : inner;
}

/**
 * Makes a field for the list's filters as an object. It rejects what the list would ignore: a mistyped name or a blank
 * value would mean all clients, and a mistyped `true` those that are not active.
 */
function filters(): Field<QueryParameters, false> {
  const schema = Type.Object(
    Object.fromEntries(
      Object.entries(filterSchemas).map(([name, inner]) => [name, Type.Optional(boundedFilter(name, inner))]),
    ),
    { description: 'as the list of clients takes them; {} means all clients in scope' },
  );
  return field(schema, (value) => {
    if (!isDictionary(value)) throw FieldError.of('Expected a dictionary of filters.');
    const given: Record<string, string | string[]> = {};
    for (const [name, content] of Object.entries(value)) {
      if (!FILTERS.includes(name)) {
        throw FieldError.of(
          `There is no filter "${name.slice(0, LONGEST_VALUE)}"; there are ${FILTERS.join(', ')}.`,
        );
      }
      const values = Array.isArray(content) ? content : [content];
      if (
        values.length === 0 ||
        values.length > MOST_VALUES ||
        !values.every((value) => isValue(name, value)) ||
        (values.length > 1 && name !== 'stage')
      ) {
        throw FieldError.of(`The value of "${name}" is not valid.`);
      }
      const texts = values.map(String);
      given[name] = Array.isArray(content) ? texts : (texts[0] as string);
    }
    return new QueryParameters(given);
  });
}

const selection = {
  ids: list(integer(), { min: 1, max: MOST_CLIENTS }),
  filters: filters(),
  dry_run: boolean(),
} satisfies Shape;

export const BulkAssign = strictBody('ClientBulkAssignRequest', {
  ...selection,
  assigned_to_id: required(nullable(integer())),
});
export const BulkStage = strictBody('ClientBulkStageRequest', {
  ...selection,
  stage: required(choice(STAGES)),
});
export const BulkArchive = strictBody('ClientBulkArchiveRequest', selection);
export const BulkRestore = strictBody('ClientBulkRestoreRequest', selection);

/** The clients to change: those with these ids, or those that match filters. */
export type ClientSelection = ReturnType<typeof BulkArchive.parse>;

export const BulkResult = component(
  'ClientBulkResult',
  Type.Object({
    matched: Type.Integer({ description: 'clients that are meant' }),
    changed: Type.Integer({
      description: 'of these, those that were not so before; in a dry run, would be changed',
    }),
    dry_run: Type.Boolean(),
  }),
);
export type BulkResult = Static<typeof BulkResult>;
