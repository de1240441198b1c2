import type { HttpRequest } from './http-connection.js';

/** A measurement, over each number of connections. */
export interface Case {
  /** Its name for `--only`. */
  readonly name: string;
  readonly what: string;
  readonly requests: readonly HttpRequest[];
  readonly status: number;
  /** The bound: its SQL alone, the checking of passwords alone, or a bare HTTP server with the same answer. */
  readonly ceiling: 'sql' | 'passwords' | 'http';
  /** Whether it adds rows, and so comes after those that read. */
  readonly writes: boolean;
  /** Requests per second of the replaced system, at 16 connections, and the multiple that is aimed at, if any. */
  readonly replaced: { readonly perSecond: number; readonly aim: number | null };
}

/** Number of connections at which the replaced system was measured. */
export const REPLACED_CONNECTIONS = 16;
/** Memory of the replaced system's processes. */
export const REPLACED_MEMORY = 481 * 1024 ** 2;

export const CASE_NAMES = [
  'list',
  'search',
  'client',
  'tasks',
  'unread',
  'health',
  'login',
  'create',
] as const;

/** The tenant main's admin, the first user of the contract's data set. */
export const ADMIN = { username: 'admin', userId: 1, schema: 'tenant_main' } as const;

/**
 * Returns the cases, on the contract's data set.
 * @param host with the port;
 * @param token the admin's;
 * @param password every user's
 */
export function cases(host: string, token: string, password: string): Case[] {
  const json = { host, 'content-type': 'application/json' };
  const signedIn = { authorization: `Bearer ${token}` };
  const get = (path: string): HttpRequest => ({ method: 'GET', path, headers: { host, ...signedIn } });
  const post = (path: string, headers: Record<string, string>, body: object): HttpRequest => ({
    method: 'POST',
    path,
    headers: { ...json, ...headers },
    body: JSON.stringify(body),
  });
  const some = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i));
  const reads = { status: 200, ceiling: 'sql', writes: false } as const;

  return [
    {
      ...reads,
      name: 'list',
      what: 'list of 25 of 10,000 clients',
      requests: [get('/api/v1/clients/')],
      replaced: { perSecond: 31, aim: 60 },
    },
    {
      ...reads,
      name: 'search',
      what: 'search that finds 11 clients',
      requests: [get('/api/v1/clients/?search=family123')],
      replaced: { perSecond: 38, aim: 60 },
    },
    {
      ...reads,
      name: 'client',
      what: 'one client',
      requests: some(20, (i) => get(`/api/v1/clients/${i * 500 + 1}/`)),
      replaced: { perSecond: 94, aim: 40 },
    },
    {
      ...reads,
      name: 'tasks',
      what: 'list of 25 of 10,000 tasks',
      requests: [get('/api/v1/tasks/')],
      replaced: { perSecond: 27, aim: 80 },
    },
    {
      ...reads,
      name: 'unread',
      what: 'how many notifications are unread',
      requests: [get('/api/v1/notifications/unread_count/')],
      replaced: { perSecond: 338, aim: 15 },
    },
    {
      name: 'health',
      what: '/health/',
      requests: [{ method: 'GET', path: '/health/', headers: { host } }],
      status: 200,
      ceiling: 'http',
      writes: false,
      replaced: { perSecond: 2070, aim: 5 },
    },
    {
      name: 'login',
      what: 'log-in',
      requests: [post('/api/token/', {}, { username: ADMIN.username, password })],
      status: 200,
      ceiling: 'passwords',
      writes: true,
      replaced: { perSecond: 11, aim: 3 },
    },
    {
      name: 'create',
      what: 'create a client, assigned to somebody',
      requests: some(12, (i) => post('/api/v1/clients/', signedIn, newClient(i))),
      status: 201,
      ceiling: 'sql',
      writes: true,
      replaced: { perSecond: 65, aim: 25 },
    },
  ];
}

function newClient(i: number): object {
  return {
    first_name: `Bench${i}`,
    last_name: 'Client',
    gender: 'FEMALE',
    country: 'NP',
    email: `bench${i}@example.com`,
    phone_number: '0412345678',
    dob: '1995-05-17',
    stage: 'LEAD',
    assigned_to_id: i + 2,
  };
}
