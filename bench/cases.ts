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
}

/** A server with one agency's data, and one of its users. */
export interface Place {
  /** The agency's host, with the port where it needs one. */
  readonly host: string;
  readonly token: string;
  /** The credentials of a log-in; null where none is measured. */
  readonly user: { readonly username: string; readonly password: string } | null;
  readonly clientIds: readonly number[];
  /** Users that clients can be assigned to. */
  readonly assigneeIds: readonly number[];
}

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

/** Returns a place with the contract's data set. @param password every user's */
export function contractPlace(host: string, token: string, password: string): Place {
  return {
    host,
    token,
    user: { username: ADMIN.username, password },
    clientIds: some(20, (i) => i * 500 + 1),
    assigneeIds: some(12, (i) => i + 2),
  };
}

const some = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i));

/** Returns the cases, on this place's data. Log-in is left out where no user is given. */
export function cases({ host, token, user, clientIds, assigneeIds }: Place): Case[] {
  const json = { host, 'content-type': 'application/json' };
  const signedIn = { authorization: `Bearer ${token}` };
  const get = (path: string): HttpRequest => ({ method: 'GET', path, headers: { host, ...signedIn } });
  const post = (path: string, headers: Record<string, string>, body: object): HttpRequest => ({
    method: 'POST',
    path,
    headers: { ...json, ...headers },
    body: JSON.stringify(body),
  });
  const reads = { status: 200, ceiling: 'sql', writes: false } as const;

  return [
    {
      ...reads,
      name: 'list',
      what: 'list of 25 of 10,000 clients',
      requests: [get('/api/v1/clients/')],
    },
    {
      ...reads,
      name: 'search',
      what: 'search that finds 11 clients',
      requests: [get('/api/v1/clients/?search=family123')],
    },
    {
      ...reads,
      name: 'client',
      what: 'one client',
      requests: clientIds.map((id) => get(`/api/v1/clients/${id}/`)),
    },
    {
      ...reads,
      name: 'tasks',
      what: 'list of 25 of 10,000 tasks',
      requests: [get('/api/v1/tasks/')],
    },
    {
      ...reads,
      name: 'unread',
      what: 'how many notifications are unread',
      requests: [get('/api/v1/notifications/unread_count/')],
    },
    {
      name: 'health',
      what: '/health/',
      requests: [{ method: 'GET', path: '/health/', headers: { host } }],
      status: 200,
      ceiling: 'http',
      writes: false,
    },
    ...(user
      ? [
          {
            name: 'login',
            what: 'log-in',
            requests: [post('/api/token/', {}, user)],
            status: 200,
            ceiling: 'passwords',
            writes: true,
          } as const,
        ]
      : []),
    {
      name: 'create',
      what: 'create a client, assigned to somebody',
      requests: assigneeIds.map((id, i) => post('/api/v1/clients/', signedIn, newClient(i, id))),
      status: 201,
      ceiling: 'sql',
      writes: true,
    },
  ];
}

function newClient(i: number, assigneeId: number): object {
  return {
    first_name: `Bench${i}`,
    last_name: 'Client',
    gender: 'FEMALE',
    country: 'NP',
    email: `bench${i}@example.com`,
    phone_number: '0412345678',
    dob: '1995-05-17',
    stage: 'LEAD',
    assigned_to_id: assigneeId,
  };
}
