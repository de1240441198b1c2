import { parseArgs } from 'node:util';
import { CASE_NAMES } from './cases.js';

export interface Options {
  readonly rounds: number;
  /** Of each measurement in each round. */
  readonly seconds: number;
  readonly connections: readonly number[];
  /** Cases, `start` and `provisioning`. */
  readonly only: ReadonlySet<string>;
  readonly quick: boolean;
  readonly micro: boolean;
  readonly json: string | undefined;
  readonly markdown: string | undefined;
}

const PARTS: readonly string[] = [...CASE_NAMES, 'start', 'provisioning'];

export const USAGE = `npm run bench -- [options]
  --quick            one short round: under a minute, for a first look
  --only a,b         of ${PARTS.join(', ')}
  --connections a,b  default 1,16,64
  --rounds n         default 3
  --seconds n        of each measurement in each round, default 1.2
  --micro            what single decisions cost, instead (bench/names.ts)
  --json FILE        also writes all figures for a program to read
  --markdown FILE    also writes the tables; between the marks of a file that has them, as docs/performance.md`;

/** Parses the command line. @throws Error for invalid options */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      micro: { type: 'boolean', default: false },
      only: { type: 'string' },
      connections: { type: 'string', default: '1,16,64' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      json: { type: 'string' },
      markdown: { type: 'string' },
    },
  });
  const { quick, micro, json, markdown } = values;
  const only = values.only?.split(',') ?? PARTS;
  const unknown = only.find((name) => !PARTS.includes(name));
  if (unknown !== undefined) throw new Error(`there is no "${unknown}" to measure: ${PARTS.join(', ')}`);
  return {
    rounds: positive('rounds', values.rounds ?? (quick ? '1' : '3')),
    seconds: positive('seconds', values.seconds ?? (quick ? '0.5' : '1.2')),
    connections: values.connections.split(',').map((count) => positive('connections', count)),
    only: new Set(only),
    quick,
    micro,
    json,
    markdown,
  };
}

function positive(name: string, text: string): number {
  const number = Number(text);
  const whole = name === 'seconds' || Number.isInteger(number);
  if (!(number > 0) || !whole) throw new Error(`--${name} must be a number above 0, not "${text}"`);
  return number;
}
