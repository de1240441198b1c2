import type { TenantTransaction } from '../../database/tenant-transaction.js';
import type { DomainEvent, State } from '../event.js';
import type { EventContext } from './event-context.js';

/** The input of a handler. */
export interface HandlerWork<Config> {
  readonly event: DomainEvent;
  readonly config: Config;
  /** The names of the record and of those around it, read for many events at once. */
  readonly context: EventContext;
}

/**
 * The part of the tenant's transaction that handlers may use; the event is marked as handled in the same transaction.
 */
export type HandlerTransaction = Pick<TenantTransaction, 'query'>;

/** The outcome of a handler that did not throw. */
export interface HandlerOutcome {
  /** SKIPPED when there was nothing to do. */
  readonly status: 'SUCCESS' | 'SKIPPED';
  /** For operators, one short sentence. */
  readonly message: string;
  readonly data?: State;
  /** Users who got a notification; their browsers are notified at commit. */
  readonly notified?: readonly number[];
}

/**
 * A reaction to an event. It writes only through its transaction, whose statements are undone when it throws; it may
 * then be called again for the same event, so it must have no effects outside the database.
 */
export interface Handler<Config> {
  /** Returns the templates of a configuration, so that the records that they name are read in advance. */
  templates?(config: Config): readonly string[];
  /** Returns the fields of other records that it needs in the context: `client`, `visa_type`. */
  related?(config: Config, entity: string): readonly string[];
  /**
   * Whether it sends its statement, if any, as soon as it is called, and none after that: the next handler need not wait
   * for its answer. False by default.
   */
  readonly sendsAtOnce?: boolean;
  /** Handles one event. @throws whatever makes the event fail, to be retried later */
  handle(work: HandlerWork<Config>, transaction: HandlerTransaction): Promise<HandlerOutcome>;
  /**
   * The same for events of many records in fewer statements, where that pays.
   * @returns an outcome for each, in the order of the works
   * @throws whatever makes one of them fail; then each is handled on its own
   */
  readonly handleMany?:
    | ((
        works: readonly HandlerWork<Config>[],
        transaction: HandlerTransaction,
      ) => Promise<readonly HandlerOutcome[]>)
    | undefined;
}
