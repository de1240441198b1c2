import type { TenantTransaction } from '../../database/tenant-transaction.js';
import type { DomainEvent, State } from '../event.js';
import type { EventContext } from './event-context.js';

/** What a handler has to do with. */
export interface HandlerWork<Config> {
  readonly event: DomainEvent;
  readonly config: Config;
  /** What the record and those around it are called, read for many events at once. */
  readonly context: EventContext;
}

/** What a handler may do with the tenant's transaction, in which the event is marked as handled too. */
export type HandlerTransaction = Pick<TenantTransaction, 'query'>;

/** How a handler ended that did not throw. */
export interface HandlerOutcome {
  /** SKIPPED: there was nothing to do. */
  readonly status: 'SUCCESS' | 'SKIPPED';
  /** For operators, one short sentence. */
  readonly message: string;
  readonly data?: State;
  /** Users who got a notification: their browsers are told when the transaction commits. */
  readonly notified?: readonly number[];
}

/**
 * Does one thing about an event. It writes only through its transaction, whose statements are undone when it throws;
 * it may then be called again for the same event, so it has no effect outside the database.
 */
export interface Handler<Config> {
  /** Returns the templates of a configuration, so that the names in them are read beforehand. */
  templates?(config: Config): readonly string[];
  /** Other records that it needs in the context, by the fields that name them: `client`, `visa_type`. */
  related?(config: Config, entity: string): readonly string[];
  /** @throws whatever makes the event fail, to be tried again later */
  handle(work: HandlerWork<Config>, transaction: HandlerTransaction): Promise<HandlerOutcome>;
  /**
   * The same for events of many records in fewer statements, where that is worth it.
   * @returns an outcome for each, in the order of the works
   * @throws whatever makes one of them fail; then each is handled for itself
   */
  readonly handleMany?:
    | ((
        works: readonly HandlerWork<Config>[],
        transaction: HandlerTransaction,
      ) => Promise<readonly HandlerOutcome[]>)
    | undefined;
}
