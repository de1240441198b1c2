import { EVENTS } from '../events/config.js';
import { allTypes } from '../events/event-types.js';
import type { EventsConfig } from '../events/types.js';
import { PlainError } from '../platform/plain-error.js';

const LONGEST_PATTERN = 100;
const MOST_PATTERNS = 50;

/**
 * Checks that each of these patterns matches an event that can happen, handled or not.
 * @param patterns event types, in which `*` stands for any text
 * @throws PlainError that names the pattern without a match, and the existing types
 */
export function checkEventPatterns(patterns: readonly string[], config: EventsConfig = EVENTS): void {
  const types = allTypes(config);
  const choice = `there are ${types.join(', ')}, and patterns such as Client.*`;
  if (patterns.length === 0) throw new PlainError(`no type of event is named; ${choice}`);
  if (patterns.length > MOST_PATTERNS)
    throw new PlainError(`more than ${MOST_PATTERNS} types of event are named`);
  for (const pattern of patterns) {
    if (pattern.length > LONGEST_PATTERN || !types.some((type) => matches(pattern, type)))
      throw new PlainError(`no event is of the type ${JSON.stringify(pattern)}; ${choice}`);
  }
}

/**
 * Returns whether an event type matches a pattern, as public.event_type_matches does. Each part is taken where it first
 * occurs: a regular expression would try all places of all parts.
 */
function matches(pattern: string, type: string): boolean {
  const [first = '', ...others] = pattern.split(/\*+/);
  const last = others.pop();
  if (last === undefined) return type === first;
  if (!type.startsWith(first)) return false;
  let at = first.length;
  for (const part of others) {
    const found = type.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return type.length - last.length >= at && type.endsWith(last);
}
