import { isDeepStrictEqual } from 'node:util';
import { type DomainEvent, stateOf, valueIn } from '../event.js';
import type { Condition } from '../types.js';

/**
 * Returns whether an event meets a condition.
 * @param clientId the client that the record belongs to or is linked with
 */
export function meets(condition: Condition, event: DomainEvent, clientId: number | null): boolean {
  const now = (field: string) => valueIn(stateOf(event), field);
  switch (condition.kind) {
    case 'field_was_null':
      return valueIn(event.previous_state, condition.field) === null;
    case 'field_changed':
      return event.changed_fields.includes(condition.field);
    case 'has_linked_client':
      return clientId !== null;
    case 'field_equals':
      return isDeepStrictEqual(now(condition.field), condition.value);
    case 'field_in':
      return condition.values.some((value) => isDeepStrictEqual(now(condition.field), value));
  }
}
