import { isDeepStrictEqual } from 'node:util';
import pg from 'pg';
import type { ConnectionSettings } from '../src/config/config.js';
import { quoteIdentifier } from '../src/database/schema-name.js';
import type { Statement } from '../src/database/statement.js';
import { ADMIN } from './cases.js';
import type { CeilingCalls } from './ceiling-process.js';
import type { Child } from './child.js';
import type { Sample } from './closed-loop.js';
import type { Watched } from './processes.js';
import type { Replay, RoundTrip } from './replay.js';
import type { Table } from './report.js';
import { median } from './statistics.js';

/**
 * Measures what five decisions are worth: keeping statements prepared; taking a list's names from memory; otherwise
 * looking them up by subqueries instead of joins; sending the opening of a transaction along with its statements
 * instead of ahead of them; and setting role and search path by its one statement instead of by SET LOCAL. On the
 * statements that the program sends.
 */

type Request = readonly RoundTrip[];
type Run = (options: Replay) => Promise<Sample>;

export interface MicroSetting {
  readonly database: ConnectionSettings;
  readonly watched: Watched;
  readonly ceiling: Child<CeilingCalls>;
  /** The statements of one request each. */
  readonly list: Request;
  readonly client: Request;
  readonly rounds: number;
  readonly seconds: number;
  readonly say: (line: string) => void;
}

interface Variant {
  readonly what: string;
  readonly request: Request;
  readonly run: Run;
  readonly unprepared?: boolean;
}

const CONNECTIONS = 5;
const NAME = /\(SELECT (.+?) FROM "?(\w+)"?(?: (\w+))? WHERE (?:\w+\.)?id = "?r"?\."?(\w+)"?\)/g;
const NAMES = 5;
const EXPLAINED = 200;

const FROM_CLIENTS = 'FROM "immigration_client" r ';

/** Returns the same list with its names looked up, as the program looks up those of one client. */
export function withNames(list: Request, client: Request): Request {
  const [columns] = queryOf(client).sql.split(FROM_CLIENTS);
  return list.map((statements) =>
    statements.map(({ sql, parameters }) => {
      const [listed = '', rest] = sql.split(FROM_CLIENTS);
      const isBare = listed.includes('names_version') && rest !== undefined;
      return { sql: isBare ? columns + FROM_CLIENTS + rest : sql, parameters };
    }),
  );
}

/** Returns the same query with its names joined. @throws Error when it does not look up five names by subqueries */
export function withJoins({ sql, parameters }: Statement): Statement {
  const joins: string[] = [];
  const selected = sql.replaceAll(NAME, (_, expression: string, table: string, alias, column) => {
    const own = `n${joins.length}`;
    joins.push(`LEFT JOIN ${table} ${own} ON ${own}.id = r.${column}`);
    return alias
      ? expression.replaceAll(new RegExp(`"?\\b${alias}\\b"?\\.`, 'g'), `${own}.`)
      : `${own}.${expression}`;
  });
  const from = /FROM "?immigration_client"? r\b/;
  if (joins.length !== NAMES || !from.test(selected)) throw new Error(`not a query with names: ${sql}`);
  return { sql: selected.replace(from, (found) => `${found} ${joins.join(' ')}`), parameters };
}

export async function measureNames(setting: MicroSetting): Promise<Table[]> {
  const { list, client } = setting;
  await checkEqualRows(setting.database, withNames(list, client));
  await checkEqualRows(setting.database, client);
  return [await planning(setting), await rates(setting)];
}

const isQuery = ({ sql }: Statement) => sql.replaceAll(NAME, '') !== sql;
const joined = (request: Request): Request =>
  request.map((statements) => statements.map((one) => (isQuery(one) ? withJoins(one) : one)));
const oneByOne = (request: Request): Request => request.flat().map((one) => [one]);

/** Returns the request with opening and end of the transaction in round trips of their own. */
const inThree = (request: Request): Request => {
  const all = request.flat();
  const isQueried = ({ sql }: Statement) =>
    !/^(BEGIN|COMMIT|SELECT pg_catalog\.(length|set_config))/.test(sql);
  const [from, to] = [all.findIndex(isQueried), all.findLastIndex(isQueried) + 1];
  return [all.slice(0, from), all.slice(from, to), all.slice(to)];
};

/** The first settings of the opening, whose values are its first two parameters. */
const ROLE_AND_PATH =
  /set_config\('role', \$1, true\),\s*pg_catalog\.set_config\('search_path', \$2, true\),\s*pg_catalog\./;

/**
 * Returns the request with role and search path set by SET LOCAL, in the same write. They come last: a kept statement is
 * planned anew when the search path differs from that of its planning.
 * @throws Error when its opening does not begin with these settings
 */
function bySetLocal(request: Request): Request {
  let found = 0;
  const changed = request.map((statements) =>
    statements.flatMap((one) => {
      if (!ROLE_AND_PATH.test(one.sql)) return [one];
      found++;
      const [role, path, ...parameters] = one.parameters as string[];
      const rest = one.sql.replace(ROLE_AND_PATH, '').replaceAll(/\$(\d)/g, (_, at) => `$${Number(at) - 2}`);
      return [
        { sql: rest, parameters },
        { sql: `SET LOCAL ROLE ${quoteIdentifier(role ?? '')}`, parameters: [] },
        {
          sql: `SET LOCAL search_path TO ${(path ?? '').split(', ').map(quoteIdentifier).join(', ')}`,
          parameters: [],
        },
      ];
    }),
  );
  if (found === 0) throw new Error('the request sends no opening');
  return changed;
}

async function rates({
  ceiling,
  database,
  watched,
  rounds,
  seconds,
  say,
  ...given
}: MicroSetting): Promise<Table> {
  const run: Run = (options) => ceiling.call('replay', options);
  const throughLayer: Run = (options) => ceiling.call('replayThroughLayer', { ...options, ...ADMIN });
  const variants: Variant[] = (['list', 'client'] as const).flatMap((name): Variant[] => {
    const request = given[name];
    const named = withNames(request, given.client);
    return [
      { what: `${name}: as the program sends it`, request, run },
      ...(name === 'list' ? [{ what: 'list: names by subqueries', request: named, run }] : []),
      { what: `${name}: nothing kept prepared`, request, run, unprepared: true },
      { what: `${name}: names by joins`, request: joined(named), run },
      {
        what: `${name}: names by joins, nothing kept prepared`,
        request: joined(named),
        run,
        unprepared: true,
      },
      { what: `${name}: role and search path by SET LOCAL`, request: bySetLocal(request), run },
      {
        what: `${name}: by SET LOCAL, nothing kept prepared`,
        request: bySetLocal(request),
        run,
        unprepared: true,
      },
      { what: `${name}: opening, queries and COMMIT in three round trips`, request: inThree(request), run },
      { what: `${name}: every statement in its own round trip`, request: oneByOne(request), run },
      { what: `${name}: through the program's database layer`, request, run: throughLayer },
      { what: `${name}: the same, nothing kept prepared`, request, run: throughLayer, unprepared: true },
    ];
  });
  const samples = new Map<Variant, Sample[]>(variants.map((variant) => [variant, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const [variant, found] of samples) {
      const { request, unprepared = false } = variant;
      const watching = { node: null, postmaster: watched.postmaster };
      const sample = await variant.run({
        database,
        requests: [request],
        connections: CONNECTIONS,
        unprepared,
        seconds,
        watched: watching,
      });
      found.push(sample);
      say(`round ${round} of ${rounds}: ${variant.what}: ${sample.perSecond.toFixed(0)} a second`);
    }
  }
  return {
    title: `Without HTTP, over ${CONNECTIONS} connections`,
    head: ['', 'requests/s', 'PostgreSQL ms', 'node ms'],
    rows: [...samples].map(([{ what }, found]) => [
      what,
      median(found.map(({ perSecond }) => perSecond)).toFixed(0),
      median(found.map(({ cpu }) => cpu.postgres ?? Number.NaN)).toFixed(3),
      median(found.map(({ cpu }) => cpu.own)).toFixed(3),
    ]),
  };
}

/** Returns PostgreSQL's own figures on planning and running the query. */
async function planning({ database, list, client }: MicroSetting): Promise<Table> {
  const rows: string[][] = [];
  for (const [name, request] of [
    ['list', withNames(list, client)],
    ['client', client],
  ] as const) {
    const query = queryOf(request);
    for (const [how, explained] of [
      ['by subqueries', query],
      ['by joins', withJoins(query)],
    ] as const) {
      const { plan, run } = await explainedTimes(database, request, explained);
      rows.push([`${name}, names ${how}`, plan.toFixed(3), run.toFixed(3)]);
    }
  }
  return {
    title: `PostgreSQL's own account, median of ${EXPLAINED}`,
    head: ['', 'planning ms', 'running ms'],
    rows,
  };
}

function queryOf(request: Request): Statement {
  const query = request.flat().find(isQuery);
  if (!query) throw new Error('the request sends no query with names');
  return query;
}

/** Runs `work` in a transaction that is opened like the request's own. */
async function inTransactionOf<T>(
  database: ConnectionSettings,
  request: Request,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client(database);
  await client.connect();
  try {
    for (const { sql, parameters } of inThree(request)[0] ?? [])
      await client.query(sql, parameters as unknown[]);
    return await work(client);
  } finally {
    await client.end();
  }
}

async function explainedTimes(
  database: ConnectionSettings,
  request: Request,
  { sql, parameters }: Statement,
) {
  return await inTransactionOf(database, request, async (client) => {
    const times: { plan: number; run: number }[] = [];
    for (let i = 0; i < EXPLAINED; i++) {
      const { rows } = await client.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${sql}`, parameters as unknown[]);
      const [told] = rows[0]['QUERY PLAN'];
      times.push({ plan: told['Planning Time'], run: told['Execution Time'] });
    }
    return { plan: median(times.map(({ plan }) => plan)), run: median(times.map(({ run }) => run)) };
  });
}

async function checkEqualRows(database: ConnectionSettings, request: Request): Promise<void> {
  const query = queryOf(request);
  await inTransactionOf(database, request, async (client) => {
    const rowsOf = async ({ sql, parameters }: Statement) =>
      (await client.query(sql, parameters as unknown[])).rows;
    if (isDeepStrictEqual(await rowsOf(query), await rowsOf(withJoins(query)))) return;
    throw new Error('the query with joins does not give the same rows');
  });
}
