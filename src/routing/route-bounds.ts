import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AnswerBounds } from '../database/answer-bounds.js';
import { parseJson, writeJson } from '../database/json.js';
import { EXPOSED_HEADERS } from '../http/cors.js';

// A list shows long texts whole up to a megabyte a page; one record is shown whole unless it is huge. What exceeds that
// was written by others, or is very much: it is cut, and the header names the fields.

const MEGABYTE = 1024 * 1024;
/** For a list the statements may return more than it shows: JSON and many short values are not cut. */
const LIST: AnswerBounds = { most: 4 * MEGABYTE, longest: 10_000 };
const RECORD: AnswerBounds = { most: 8 * MEGABYTE, longest: 2_000_000 };
/** Of a change nothing is cut, since it would have to be repeated; nor of a file, which is read in parts. */
const UNCUT: AnswerBounds = { most: 64 * MEGABYTE };

/** Maximum number of characters of a list's answer with long texts. */
export const LONGEST_LIST = MEGABYTE;
/** Number of characters to which a text in a longer list is cut. */
const LONGEST_TEXT = 2_500;

/** Depth below which nothing is looked for. */
const DEEPEST = 100;

/** The header that names the fields of an answer that were cut. */
const CUT_HEADER = 'x-truncated-fields';

/** The properties of a route that decide on its bounds. */
interface Definition {
  readonly method: string;
  readonly path: string;
  readonly produces?: readonly string[];
  readonly response?: object;
}

/** Returns whether a route's answers show several records. */
export function isList({ method, path, response, produces }: Definition): boolean {
  return method === 'GET' && response !== undefined && !produces && !/\/:\w+\/$/.test(path);
}

/** Returns the bounds of what a route reads from the database. */
export function boundsOf(definition: Definition): AnswerBounds {
  const isFile = definition.produces !== undefined;
  if (definition.method !== 'GET' || isFile) return UNCUT;
  return isList(definition) ? LIST : RECORD;
}

/** Sets the header that names the cut fields. */
export function tellCut(reply: FastifyReply, fields: ReadonlySet<string>): void {
  reply.header(CUT_HEADER, [...fields].sort().join(', '));
  reply.header('access-control-expose-headers', EXPOSED_HEADERS);
}

/** Cuts the long texts of an answer that is longer than a megabyte; a hook that runs before it is sent. */
export function shortenLarge(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
  done: (error: null, payload?: unknown) => void,
): void {
  if (typeof payload !== 'string' || payload.length <= LONGEST_LIST || reply.statusCode !== 200) {
    done(null, payload);
    return;
  }
  const cut = new Set(request.admitted?.context.cutFields);
  const known = cut.size;
  const answer = shortened(parseJson(payload), '', cut);
  if (cut.size > known) tellCut(reply, cut);
  reply.removeHeader('content-length');
  done(null, writeJson(answer));
}

/** Returns a value whose long texts are cut. @param cut takes the names of their fields */
function shortened(value: unknown, field: string, cut: Set<string>, depth = 0): unknown {
  if (typeof value === 'string') {
    if (value.length <= LONGEST_TEXT) return value;
    cut.add(field);
    return `${value.slice(0, LONGEST_TEXT - 1).toWellFormed()}…`;
  }
  if (depth > DEEPEST) return value;
  if (Array.isArray(value)) return value.map((item) => shortened(item, field, cut, depth + 1));
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  for (const [name, inner] of Object.entries(value))
    (value as Record<string, unknown>)[name] = shortened(inner, name, cut, depth + 1);
  return value;
}
