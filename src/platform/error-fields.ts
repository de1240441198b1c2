/** An error as it is logged and reported: what operators need of it, and no value that somebody has entered. */
export interface ErrorFields {
  /** Its class. */
  readonly type: string;
  readonly message: string;
  readonly stack: string;
  /** The code of the system, of Node or of PostgreSQL (SQLSTATE). */
  readonly code?: string;
  /** Of errors of the system: its call. */
  readonly syscall?: string;
  /** Of errors of PostgreSQL. */
  readonly severity?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
  readonly routine?: string;
}

interface Given extends Error {
  readonly [name: string]: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

/** The further properties that are kept; others hold values (PostgreSQL's `detail` and `where`) or whole objects. */
const KEPT = ['code', 'syscall', 'severity', 'schema', 'table', 'column', 'constraint', 'routine'] as const;
const LONGEST = { message: 2_000, stack: 8_000, field: 200 };
const MOST_CAUSES = 5;
/** SQLSTATEs of class 22, data exceptions: their messages quote the value. */
const OF_DATA = /^22/;
/** Texts in quotes, of any of the usual kinds. */
const QUOTED = /"[^"]*"|'[^']*'|`[^`]*`/g;

const isError = (value: unknown): value is Given =>
  typeof value === 'object' && value !== null && typeof (value as Error).message === 'string';

/** Returns the fields of what was thrown, with the messages and stacks of its causes. */
export function errorFields(thrown: unknown): ErrorFields {
  if (!isError(thrown)) {
    const type = thrown === null ? 'null' : typeof thrown;
    return { type, message: 'something was thrown that is no error', stack: '' };
  }
  const chain = causesOf(thrown);
  const fields: Record<string, string> = {};
  for (const name of KEPT) {
    const value = thrown[name];
    if (typeof value === 'string' && value !== '') fields[name] = value.slice(0, LONGEST.field);
  }
  return {
    type: typeOf(thrown),
    message: chain.map(messageOf).join(': ').slice(0, LONGEST.message),
    stack: chain.map(stackOf).join('\ncaused by: ').slice(0, LONGEST.stack),
    ...fields,
  };
}

function causesOf(error: Given): Given[] {
  const chain = [error];
  for (let { cause } = error; isError(cause) && chain.length <= MOST_CAUSES; { cause } = cause) {
    if (chain.includes(cause)) break;
    chain.push(cause);
  }
  return chain;
}

function typeOf(error: Given): string {
  const made = error.constructor as { readonly name?: unknown } | undefined;
  return typeof made?.name === 'string' && made.name !== '' ? made.name : error.name || 'Error';
}

/** Returns an error's message without the values that PostgreSQL and the parser of JSON repeat in it. */
function messageOf(error: Given): string {
  const { code, severity, errors } = error;
  const isOfData = typeof severity === 'string' && OF_DATA.test(String(code));
  if (isOfData || error instanceof SyntaxError) return error.message.replaceAll(QUOTED, '"…"');
  if (error.message !== '' || !Array.isArray(errors)) return error.message;
  // When a host has several addresses, each one fails with its own error.
  return errors.filter(isError).slice(0, MOST_CAUSES).map(messageOf).join('; ');
}

/** Returns the lines of a stack that say where, with the message as `messageOf` gives it. */
function stackOf(error: Given): string {
  const frames = String(error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line));
  return [`${typeOf(error)}: ${messageOf(error)}`, ...frames].join('\n');
}
