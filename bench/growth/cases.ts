import type { HttpRequest } from '../http-connection.js';

/** The growth of a request's time that is allowed: hardly any, or with what is found or reported. */
export type Aim = 'flat' | 'hits' | 'linear';

export interface GrowthCase {
  readonly what: string;
  readonly aim: Aim;
  readonly who?: 'branch';
  readonly status?: number;
  /** Whether the answer comes in chunks of unknown number. */
  readonly streamed?: boolean;
  /** Returns the path, or the whole request, for an agency of this many clients. */
  readonly ask: (clients: number) => string | Omit<HttpRequest, 'headers'>;
}

const PAGE = 25;
const middle = (clients: number) => `page=${Math.round(clients / PAGE / 2)}`;

/** Returns the last name, in small letters, of which eleven clients have the beginning. */
const eleven = (clients: number) => `family123${'45678'.slice(0, Math.round(Math.log10(clients)) - 4)}`;

const flat = (what: string, path: (clients: number) => string): GrowthCase => ({
  what,
  aim: 'flat',
  ask: (clients) => `/api/v1/${path(clients)}`,
});
const linear = (what: string, path: string): GrowthCase => ({
  what,
  aim: 'linear',
  ask: () => `/api/v1/${path}`,
});

export const CASES: readonly GrowthCase[] = [
  flat('clients: first page', () => 'clients/'),
  flat('clients: page 100', () => 'clients/?page=100'),
  flat('clients: middle page', (n) => `clients/?${middle(n)}`),
  flat('clients: last page', () => 'clients/?page=last'),
  { ...flat('clients of a branch: first page', () => 'clients/'), who: 'branch' },
  { ...flat('clients of a branch: middle page', (n) => `clients/?${middle(n / 4)}`), who: 'branch' },
  { ...flat('clients of a branch: last page', () => 'clients/?page=last'), who: 'branch' },
  flat('clients by stage: first page', () => 'clients/?stage=LEAD'),
  flat('clients by stage: middle page', (n) => `clients/?stage=LEAD&${middle(n / 4)}`),
  { ...linear('clients by assignee (a twelfth of all)', 'clients/?assigned_to=3'), aim: 'hits' },
  flat('clients: counts per stage', () => 'clients/stage-counts/'),
  flat('one client', (n) => `clients/${n / 2}/`),
  { ...flat('search: 11 clients', (n) => `clients/?search=${eleven(n)}`), aim: 'hits' },
  { ...flat('search: half of all', () => 'clients/?search=even.exam'), aim: 'hits' },
  { ...flat('search: nobody', () => 'clients/?search=xyzzyq'), aim: 'hits' },
  { ...flat('global search: 11 clients', (n) => `search/?q=${eleven(n)}`), aim: 'hits' },
  { ...flat('global search: half of all', () => 'search/?q=even.exam'), aim: 'hits' },
  flat('tasks: first page', () => 'tasks/'),
  flat('tasks: middle page', (n) => `tasks/?${middle(n)}`),
  flat('tasks: last page', () => 'tasks/?page=last'),
  flat('notifications: first page', () => 'notifications/'),
  flat('notifications: unread', () => 'notifications/unread_count/'),
  flat('audit log: first page', () => 'audit/'),
  flat('visa applications: first page', () => 'visa-applications/'),
  linear('dashboard of visa applications', 'visa-applications/dashboard-statistics/'),
  linear('report: clients by stage', 'reports/client-stages/'),
  linear('report: conversions between stages', 'reports/stage-conversions/'),
  linear('report: time in stages', 'reports/time-in-stage/'),
  linear('report: workload', 'reports/workload/'),
  { ...linear('export of all clients', 'clients/export/'), streamed: true },
  {
    what: 'create a client',
    aim: 'flat',
    status: 201,
    ask: () => ({
      method: 'POST',
      path: '/api/v1/clients/',
      body: JSON.stringify({
        ...{ first_name: 'Bench', last_name: 'Client', gender: 'FEMALE', country: 'NP', stage: 'LEAD' },
        ...{ email: 'bench@example.com', phone_number: '0412345678', dob: '1995-05-17', assigned_to_id: 3 },
      }),
    }),
  },
  {
    what: "change a client's description",
    aim: 'flat',
    ask: (clients) => ({
      method: 'PATCH',
      path: `/api/v1/clients/${clients / 2}/`,
      body: JSON.stringify({ description: 'changed' }),
    }),
  },
];
