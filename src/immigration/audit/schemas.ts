import { type Static, Type } from '@sinclair/typebox';
import { LOGGED_TABLES } from '../../database/generated/content-types.js';
import { component } from '../../http/component.js';
import { nullableSchema } from '../../http/fields/field.js';
import { choiceOutput, idOutput, relatedOutput, timeOutput } from '../shared/output.js';

export const OPERATIONS = ['create', 'change', 'delete', 'read'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** The entities of entries. The agency's settings are no table, so the function that changes them writes the entry. */
export const ENTITIES: readonly string[] = [...Object.values(LOGGED_TABLES), 'agency_settings'].sort();

const fieldsOutput = (description: string) =>
  nullableSchema(Type.Object({}, { additionalProperties: true, description }));

export const AuditEntryOutput = component(
  'AuditEntry',
  Type.Object({
    id: idOutput(),
    at: timeOutput(),
    user: nullableSchema(Type.Integer({ description: 'null: the system' })),
    username: nullableSchema(Type.String({ description: 'as it was at that moment' })),
    address: nullableSchema(Type.String({ description: "the client's; null: no request" })),
    request_id: nullableSchema(Type.String()),
    operation: choiceOutput(OPERATIONS),
    entity: Type.String(),
    record_id: relatedOutput(),
    record_ids: nullableSchema(
      Type.Array(Type.Integer(), { description: 'what was read, where it was not a single record' }),
    ),
    before: fieldsOutput(
      'of a change the fields that differ, as they were, of a list {removed: items}; of a deletion all',
    ),
    after: fieldsOutput(
      'of a change the fields that differ, as they became, of a list {added: items}; of a creation all',
    ),
  }),
);
export type AuditEntryOutput = Static<typeof AuditEntryOutput>;
