import type { DomainEvent, HandlerResult } from '../event.js';
import { allTypes } from '../event-types.js';
import { relationIn } from '../handlers/event-context.js';
import type { Handler, HandlerOutcome, HandlerTransaction, HandlerWork } from '../handlers/handler.js';
import type { HandlerName, Handlers } from '../handlers/registry.js';
import { namesIn } from '../handlers/templates.js';
import { webhook } from '../handlers/webhook.js';
import type { Condition, EventsConfig, HandlerUse } from '../types.js';

type BindingWork = Omit<HandlerWork<unknown>, 'config'>;

/** A handler as one type of event uses it. */
export interface HandlerBinding {
  /** Its key in `handler_results`: the handler's name, numbered when the type uses it more than once. */
  readonly key: string;
  readonly name: HandlerName;
  readonly condition: Condition | undefined;
  /** The fields of RELATIONS whose records it needs. */
  readonly related: readonly string[];
  /** Whether the next handler need not wait for its answer. */
  readonly sendsAtOnce: boolean;
  handle(work: BindingWork, transaction: HandlerTransaction): Promise<HandlerOutcome>;
  /** Handles events of different records; returns outcomes in their order. */
  handleMany(
    works: readonly BindingWork[],
    transaction: HandlerTransaction,
  ): Promise<readonly HandlerOutcome[]>;
}

/** The handlers of each type of event, in the order of the configuration. */
export class HandlerBindings {
  readonly #byType = new Map<string, readonly HandlerBinding[]>();

  constructor(config: EventsConfig, handlers: Handlers) {
    // Types without configuration have no bindings; their events are made only where a webhook wants them.
    for (const type of allTypes(config)) this.#byType.set(type, []);
    for (const [type, { handlers: list }] of Object.entries(config.events)) {
      const entity = type.split('.')[0] as string;
      const keys = new Map<string, number>();
      const bindings = list.map((use) => {
        const times = (keys.get(use.handler) ?? 0) + 1;
        keys.set(use.handler, times);
        const key = times === 1 ? use.handler : `${use.handler}_${times}`;
        return { enabled: use.enabled ?? true, made: bindHandler(key, use, entity, handlers) };
      });
      // Disabled ones keep their number, so that disabling one does not rename another.
      this.#byType.set(
        type,
        bindings.filter(({ enabled }) => enabled).map(({ made }) => made),
      );
    }
  }

  /** Returns the bindings of a type; null for one that this version of the program does not know. */
  of(eventType: string): readonly HandlerBinding[] | null {
    return this.#byType.get(eventType) ?? null;
  }

  /** Returns the types for which one of these handlers does something. */
  typesUsing(handlers: readonly string[]): string[] {
    if (handlers.length === 0) return [];
    return [...this.#byType]
      .filter(([, bindings]) => bindings.some(({ name }) => handlers.includes(name)))
      .map(([type]) => type);
  }
}

function bindHandler(key: string, use: HandlerUse, entity: string, handlers: Handlers): HandlerBinding {
  const { config, condition } = use;
  const handler = handlers[use.handler] as Handler<unknown>;
  const named = (handler.templates?.(config) ?? []).flatMap(namesIn).map(relationIn);
  const related = new Set([
    ...named.filter((field) => field !== null),
    ...(handler.related?.(config, entity) ?? []),
  ]);
  return {
    key,
    name: use.handler,
    condition,
    related: [...related],
    sendsAtOnce: handler.sendsAtOnce ?? false,
    handle: (work, transaction) => handler.handle({ ...work, config }, transaction),
    async handleMany(works, transaction) {
      const own = works.map((work) => ({ ...work, config }));
      if (handler.handleMany) return await handler.handleMany(own, transaction);
      return await Promise.all(own.map((work) => handler.handle(work, transaction)));
    },
  };
}

/** Returns whether a handler is done with an event. */
export function isDone(result: HandlerResult | undefined): boolean {
  return result !== undefined && result.status !== 'FAILED';
}

/** Returns the handlers that another version of the program tried without success and that are not among these. */
export function failedElsewhere(event: DomainEvent, bindings: readonly HandlerBinding[]): string[] {
  return Object.entries(event.handler_results)
    .filter(([key, result]) => !isDone(result) && !bindings.some((binding) => binding.key === key))
    .map(([key]) => key);
}

const WEBHOOK: HandlerBinding = {
  key: 'webhook',
  name: 'webhook',
  condition: undefined,
  related: [],
  sendsAtOnce: true,
  handle: (work, transaction) => webhook.handle({ ...work, config: {} }, transaction),
  handleMany: (works, transaction) => Promise.all(works.map((work) => WEBHOOK.handle(work, transaction))),
};

/**
 * Adds the webhook handler to an event's bindings where the tenant has an endpoint for it, or had one at the first
 * attempt. Otherwise the event's results do not mention webhooks.
 * @param wanted the types of events that endpoints of the tenant want
 */
export function withWebhooks(
  bindings: readonly HandlerBinding[],
  event: DomainEvent,
  wanted: ReadonlySet<string>,
): readonly HandlerBinding[] {
  const isWanted = wanted.has(event.event_type) || WEBHOOK.key in event.handler_results;
  return isWanted && !bindings.some(({ key }) => key === WEBHOOK.key) ? [...bindings, WEBHOOK] : bindings;
}
