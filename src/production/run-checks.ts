import type { DatabaseClient } from '../database/client.js';
import { withOwner } from '../database/owner.js';
import { oneLine } from '../platform/one-line.js';
import { Semaphore } from '../platform/semaphore.js';
import {
  type CheckContext,
  type Level,
  type Line,
  type Lines,
  type ProductionCheck,
  type Surroundings,
  unknown,
  warning,
} from './check.js';

/** A line of the checklist with the check that it is from. */
export type CheckedLine = Line & { readonly check: string };

export interface RunLimits {
  /** Time of one check that names none of its own, in milliseconds. */
  readonly within: number;
  /** Time of all checks together, in milliseconds. */
  readonly allWithin: number;
  readonly atOnce: number;
}

const LIMITS: RunLimits = { within: 15_000, allWithin: 60_000, atOnce: 4 };
const UNDEFINED_TABLE = '42P01';
/** Time for which a check is not worth beginning, in milliseconds. */
const LEAST_MS = 20;
/** Maximum number of lines of one check, the gravest first; the others are counted. */
const MOST_LINES = 10;
/** Maximum length of a line's text and of its instruction, since names and answers of others are in them. */
const LONGEST = 600;
const ORDER: readonly Level[] = ['problem', 'warning', 'unknown', 'ok'];

/**
 * Runs checks, a few at once. Neither a check that fails nor one that does not end keeps the others from running.
 * @returns their lines, the gravest first
 */
export async function runChecks(
  checks: readonly ProductionCheck[],
  surroundings: Surroundings,
  limits: Partial<RunLimits> = {},
): Promise<CheckedLine[]> {
  const { within, allWithin, atOnce } = { ...LIMITS, ...limits };
  const until = performance.now() + allWithin;
  const places = new Semaphore(atOnce);
  const found = await Promise.all(
    checks.map((check) =>
      places.run(async () => {
        const time = Math.min(check.within ?? within, until - performance.now());
        const lines = time > LEAST_MS ? await runCheck(check, surroundings, time) : [notReached(allWithin)];
        return bounded(lines).map((line) => ({ ...shown(line), check: check.name }));
      }),
    ),
  );
  return gravestFirst(found.flat(), ({ level }) => level);
}

/** Sorts lines by their level; those of one level keep their order. */
export function gravestFirst<T>(lines: readonly T[], levelOf: (line: T) => Level): T[] {
  return lines.toSorted((a, b) => ORDER.indexOf(levelOf(a)) - ORDER.indexOf(levelOf(b)));
}

async function runCheck(check: ProductionCheck, surroundings: Surroundings, time: number): Promise<Lines> {
  const controller = new AbortController();
  const { signal } = controller;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Lines>((resolve) => {
    timer = setTimeout(() => {
      resolve([lateAfter(time)]);
      controller.abort();
    }, time);
  });
  try {
    const context = { ...surroundings, signal, until: performance.now() + time };
    const work = async () => ('run' in check ? await check.run(context) : await ask(check, context));
    return await Promise.race([work().catch(failed), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function ask(check: Extract<ProductionCheck, { ask: unknown }>, context: CheckContext): Promise<Lines> {
  const { database, signal } = context;
  if (!database)
    return [unknown('not looked at, since the database does not answer', 'mend that and run it again')];
  return await withOwner(database.direct ?? database.app, async (client) => {
    const cut = () => (client as DatabaseClient).abandon(new Error('the check took too long'));
    signal.addEventListener('abort', cut, { once: true });
    try {
      return await check.ask(client, context);
    } finally {
      signal.removeEventListener('abort', cut);
    }
  });
}

function failed(error: Error & { code?: string }): Lines {
  const reason = error.message || error.code || String(error);
  const mend =
    error.code === UNDEFINED_TABLE ? 'run leopard migrate, and this again' : 'mend that and run it again';
  return [warning(`this could not be looked at: ${reason}`, mend)];
}

function lateAfter(time: number): Line {
  return warning(
    `this could not be looked at within ${Math.round(time / 100) / 10} s`,
    'run it again when the machine, the network and the database have less to do; if it stays so, look at them',
  );
}

function notReached(allWithin: number): Line {
  return unknown(
    `not reached within the ${allWithin / 1000} s for all checks`,
    'mend what the other lines name and run it again',
  );
}

function bounded(lines: Lines): Lines {
  if (lines.length <= MOST_LINES) return lines;
  const sorted = gravestFirst(lines, ({ level }) => level);
  const [next, ...more] = sorted.slice(MOST_LINES - 1);
  const others = `and ${more.length + 1} more like these`;
  const rest =
    next && next.level !== 'ok' ? { ...next, text: others } : { level: 'ok' as const, text: others };
  return [...sorted.slice(0, MOST_LINES - 1), rest];
}

function shown(line: Line): Line {
  const text = oneLine(line.text, LONGEST);
  return line.level === 'ok' ? { level: 'ok', text } : { ...line, text, mend: oneLine(line.mend, LONGEST) };
}
