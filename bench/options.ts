import { parseArgs } from 'node:util';
import type { AgainstOptions } from './against.js';
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
  /** Another server, with which this program is compared. */
  readonly against: AgainstOptions | undefined;
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
  --against URL      compares this program with another server that honours the contract, http://host:port, instead;
                     its limits must be off; "create" adds clients to it
  --against-host h   the host of the agency there, default main.localhost
  --token t          an access token of a user there, or:
  --against-user u, --against-password p
                     who logs in there; needed for "login", too
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
      against: { type: 'string' },
      'against-host': { type: 'string' },
      token: { type: 'string' },
      'against-user': { type: 'string' },
      'against-password': { type: 'string' },
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
    against: againstOf(values),
    json,
    markdown,
  };
}

interface AgainstValues {
  readonly against?: string;
  readonly 'against-host'?: string;
  readonly token?: string;
  readonly 'against-user'?: string;
  readonly 'against-password'?: string;
}

function againstOf({ against, token, ...others }: AgainstValues): AgainstOptions | undefined {
  const { 'against-host': host, 'against-user': username, 'against-password': password } = others;
  if (against === undefined) {
    const alone = [host, token, username, password].some((value) => value !== undefined);
    if (alone) throw new Error('--against is missing: the address of the other server');
    return undefined;
  }
  const url = URL.canParse(against) ? new URL(against) : undefined;
  if (url?.protocol !== 'http:' || url.origin !== against.replace(/\/$/, ''))
    throw new Error(`--against must be an address like http://localhost:8000, not "${against}"`);
  const user = username !== undefined && password !== undefined ? { username, password } : undefined;
  if (token === undefined && !user)
    throw new Error('--against needs --token, or --against-user with --against-password');
  return { url, host: host ?? 'main.localhost', token, user };
}

function positive(name: string, text: string): number {
  const number = Number(text);
  const whole = name === 'seconds' || Number.isInteger(number);
  if (!(number > 0) || !whole) throw new Error(`--${name} must be a number above 0, not "${text}"`);
  return number;
}
