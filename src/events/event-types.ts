import type { EventsConfig } from './types.js';

/** Returns the types of all events that can happen to an entity of the configuration, handled or not. */
export function typesOf(entity: string, { entities }: EventsConfig): string[] {
  const { fields } = entities[entity]!;
  const changes = fields.length === 0 ? ['UPDATE'] : fields.map((name) => `${name}.UPDATE`);
  return ['CREATE', 'DELETE', ...changes].map((action) => `${entity}.${action}`);
}

/** Returns the types of all events that can happen, in the order of the configuration's entities. */
export function allTypes(config: EventsConfig): string[] {
  return Object.keys(config.entities).flatMap((entity) => typesOf(entity, config));
}
