import type { DomainEvent, HandlerResult } from './event.js';
import { allTypes } from './event-types.js';
import { relationIn } from './handlers/event-context.js';
import type { Handler, HandlerOutcome, HandlerTransaction, HandlerWork } from './handlers/handler.js';
import type { HandlerName, Handlers } from './handlers/registry.js';
import { namesIn } from './handlers/templates.js';
import type { Condition, EventHandling, EventsConfig } from './types.js';

type Work = Omit<HandlerWork<unknown>, 'config'>;

/** One handler as one type of event uses it. */
export interface Handling {
  /** Its key in `handler_results`: the handler's name, with a number when the type uses it more than once. */
  readonly key: string;
  readonly name: HandlerName;
  readonly condition: Condition | undefined;
  /** The fields of RELATIONS whose records it needs. */
  readonly related: readonly string[];
  handle(work: Work, transaction: HandlerTransaction): Promise<HandlerOutcome>;
  /** For events of different records; outcomes in their order. */
  handleMany(works: readonly Work[], transaction: HandlerTransaction): Promise<readonly HandlerOutcome[]>;
}

/** What is done for each type of event, in the order of the configuration. */
export class Handlings {
  readonly #byType = new Map<string, readonly Handling[]>();

  constructor(config: EventsConfig, handlers: Handlers) {
    // Types without configuration have no handling; their events are made only where a webhook wants them.
    for (const type of allTypes(config)) this.#byType.set(type, []);
    for (const [type, { handlers: list }] of Object.entries(config.events)) {
      const entity = type.split('.')[0] as string;
      const keys = new Map<string, number>();
      const handlings = list.map((handling) => {
        const times = (keys.get(handling.handler) ?? 0) + 1;
        keys.set(handling.handler, times);
        const key = times === 1 ? handling.handler : `${handling.handler}_${times}`;
        return { enabled: handling.enabled ?? true, made: makeHandling(key, handling, entity, handlers) };
      });
      // Those that are switched off keep their number, so that switching one does not rename another.
      this.#byType.set(
        type,
        handlings.filter(({ enabled }) => enabled).map(({ made }) => made),
      );
    }
  }

  /** Null for a type that this version of the program does not know. */
  of(eventType: string): readonly Handling[] | null {
    return this.#byType.get(eventType) ?? null;
  }

  /** The types for which one of these handlers does something. */
  typesUsing(handlers: readonly string[]): string[] {
    if (handlers.length === 0) return [];
    return [...this.#byType]
      .filter(([, handlings]) => handlings.some(({ name }) => handlers.includes(name)))
      .map(([type]) => type);
  }
}

function makeHandling(key: string, handling: EventHandling, entity: string, handlers: Handlers): Handling {
  const { config, condition } = handling;
  const handler = handlers[handling.handler] as Handler<unknown>;
  const named = (handler.templates?.(config) ?? []).flatMap(namesIn).map(relationIn);
  const related = new Set([
    ...named.filter((field) => field !== null),
    ...(handler.related?.(config, entity) ?? []),
  ]);
  return {
    key,
    name: handling.handler,
    condition,
    related: [...related],
    handle: (work, transaction) => handler.handle({ ...work, config }, transaction),
    async handleMany(works, transaction) {
      const own = works.map((work) => ({ ...work, config }));
      if (handler.handleMany) return await handler.handleMany(own, transaction);
      return await Promise.all(own.map((work) => handler.handle(work, transaction)));
    },
  };
}

/** Whether a handler has nothing more to do for an event. */
export function isDone(result: HandlerResult | undefined): boolean {
  return result !== undefined && result.status !== 'FAILED';
}

/** The handlers that a version of the program tried without success and that are not among these. */
export function failedElsewhere(event: DomainEvent, handlings: readonly Handling[]): string[] {
  return Object.entries(event.handler_results)
    .filter(([key, result]) => !isDone(result) && !handlings.some((handling) => handling.key === key))
    .map(([key]) => key);
}
