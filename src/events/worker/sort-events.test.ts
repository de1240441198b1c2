import { expect, it } from 'vitest';
import type { DomainEvent, HandlerResult } from '../event.js';
import type { HandlerBinding } from './handler-bindings.js';
import { sortEvents } from './sort-events.js';

const result = (status: HandlerResult['status']): HandlerResult => ({
  handler_name: 'webhook',
  status,
  message: '',
  error: null,
  data: null,
});

function event(id: number, record: number, results: DomainEvent['handler_results'] = {}): DomainEvent {
  return {
    id,
    event_type: 'Client.stage.UPDATE',
    entity_type: 'Client',
    record_id: record,
    action: 'UPDATE',
    status: 'PROCESSING',
    previous_state: {},
    current_state: {},
    changed_fields: [],
    retry_count: 0,
    error_message: null,
    max_retries: 2,
    handler_results: results,
    created_at: new Date().toISOString(),
    processed_at: null,
    performed_by_id: null,
    request_id: null,
  };
}

const WEBHOOK = { key: 'webhook', name: 'webhook', related: [] } as unknown as HandlerBinding;

it('events whose handler is paused wait, with what comes after of the same records, unless it has done its part', () => {
  const events = [event(1, 1), event(2, 1), event(3, 2, { webhook: result('SUCCESS') }), event(4, 3)];
  const claimed = events.map((one) => ({ id: one.id, claims: 1, event: one }));
  const bindingsOf = (one: DomainEvent) => (one.id === 2 || one.id === 4 ? [] : [WEBHOOK]);
  const { decided, toRun } = sortEvents(claimed, bindingsOf, ['webhook']);
  expect(toRun.map((job) => job.event.id)).toEqual([3, 4]);
  expect(decided.map(({ id, outcome }) => [id, outcome.kind])).toEqual([
    [1, 'waiting'],
    [2, 'waiting'],
  ]);
  expect(sortEvents(claimed, bindingsOf, []).decided).toEqual([]);
});
