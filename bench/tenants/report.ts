import type { Table } from '../report.js';
import type { BackingUp } from './backing-up.js';
import type { CommandCost } from './command.js';
import type { Creation } from './creating.js';
import type { CreationBeside } from './creating-beside.js';
import type { Deletion } from './deleting.js';
import type { Holding, Listing } from './listing.js';
import type { Migrating } from './migrating.js';

/** The results of one run; parts that were left out, or had nothing to do, are null. */
export interface TenantsReport {
  readonly tenants: number;
  readonly create: Creation | null;
  readonly beside: CreationBeside | null;
  readonly list: { readonly lists: readonly Listing[]; readonly memory: readonly Holding[] } | null;
  readonly backup: BackingUp | null;
  readonly migrate: Migrating | null;
  readonly delete: Deletion | null;
}

/** Returns the report as tables for people. */
export function tables(report: TenantsReport): Table[] {
  const { tenants, create, beside, list, backup, migrate, delete: deletion } = report;
  return [
    ...(create ? [creation(create)] : []),
    ...(beside ? [creationBeside(beside)] : []),
    ...(list ? [lists(list.lists), memory(list.memory)] : []),
    ...(migrate ? [migrations(migrate, tenants)] : []),
    ...(backup ? [backups(backup, tenants)] : []),
    ...(deletion ? [deletions(deletion)] : []),
  ];
}

function creation(of: Creation): Table {
  return {
    title: `Creating ${whole(of.created)} agencies, one after the other`,
    head: ['', 'the first tenth', 'the last tenth', 'ratio'],
    rows: [
      ['one, on the clock, median', ms(of.first), ms(of.last), ratio(of.last, of.first)],
      [
        "PostgreSQL's processor time for one",
        ms(of.firstCpu),
        ms(of.lastCpu),
        ratio(of.lastCpu, of.firstCpu),
      ],
      ['all', '', seconds(of.total), ''],
      ['the database', '', bytes(of.databaseBytes), ''],
      ['of it the catalogue', '', bytes(of.catalogueBytes), ''],
      ['files', '', whole(of.files), ''],
    ],
  };
}

function creationBeside({ few, many }: CreationBeside): Table {
  return {
    title: 'One more agency, in turn in both databases',
    head: [
      'agencies there are',
      'on the clock',
      'against the few',
      "PostgreSQL's processor time",
      'against the few',
      'pages of the catalogue',
      'against the few',
    ],
    rows: [few, many].map(({ agencies, elapsed, postgres, pages }) => [
      whole(agencies),
      ms(elapsed),
      ratio(elapsed, few.elapsed),
      ms(postgres),
      ratio(postgres, few.postgres),
      whole(pages),
      ratio(pages, few.pages),
    ]),
  };
}

function lists(of: readonly Listing[]): Table {
  return {
    title: 'The list of clients, agencies in rotation',
    head: [
      'agencies in use',
      'connections',
      'p50',
      'p99',
      'Node, each',
      'PostgreSQL, each',
      'p50 against the few',
    ],
    rows: of.map((one) => {
      const few = of.find(({ connections }) => connections === one.connections);
      return [
        whole(one.agencies),
        String(one.connections),
        ms(one.p50, 2),
        ms(one.p99, 1),
        ms(one.node, 2),
        ms(one.postgres, 2),
        ratio(one.p50, few?.p50 ?? null),
      ];
    }),
  };
}

function memory(of: readonly Holding[]): Table {
  return {
    title: 'Memory after the lists',
    head: [
      'agencies in use',
      'connections',
      'each of them, mean',
      'the largest',
      'all of them',
      'the Node process',
    ],
    rows: of.map(({ agencies, connections, node }) => {
      const all = connections.reduce((sum, one) => sum + one, 0);
      return [
        whole(agencies),
        String(connections.length),
        bytes(all / connections.length),
        bytes(Math.max(...connections)),
        bytes(all),
        bytes(node),
      ];
    }),
  };
}

function migrations({ nothing, whole: all, killed }: Migrating, tenants: number): Table {
  const row = (what: string, cost: CommandCost) => [
    what,
    seconds(cost.elapsed),
    seconds(cost.node),
    seconds(cost.postgres),
    bytes(cost.memory),
  ];
  return {
    title: `leopard migrate with ${whole(tenants)} agencies`,
    head: ['', 'on the clock', 'its process', 'PostgreSQL', 'memory of its process'],
    rows: [
      row('nothing to be done', nothing),
      row('a column and an index everywhere', all),
      [`the same, killed with ${whole(killed.doneBefore)} done`, seconds(killed.before), '', '', ''],
      row('and once more, for the rest', killed.rest),
      [
        'both against one that is not killed',
        ratio(killed.before + killed.rest.elapsed, all.elapsed),
        '',
        '',
        '',
      ],
    ],
  };
}

function backups(of: BackingUp, tenants: number): Table {
  return {
    title: `Backups of ${whole(tenants)} agencies`,
    head: ['', 'leopard backup', 'one transaction on everything, as pg_dump'],
    rows: [
      ['on the clock', seconds(of.backup.elapsed), ''],
      ['processor time of its process', seconds(of.backup.node), ''],
      ["PostgreSQL's processor time", seconds(of.backup.postgres), ''],
      ['memory of its process', bytes(of.backup.memory), ''],
      ['size', bytes(of.bytes), ''],
      ['locks held', whole(of.locks), of.locksOfAll === null ? 'out of shared memory' : whole(of.locksOfAll)],
      ['locks that the server guarantees', whole(of.places), whole(of.places)],
    ],
  };
}

function deletions(of: Deletion): Table {
  return {
    title: `${of.made} agencies made, ${of.deleted} deleted ${of.atOnce} at a time, ${whole(of.events)} events waiting, max_locks_per_transaction 64`,
    head: ['', ''],
    rows: [
      ['one, on the clock, median', ms(of.each)],
      ['locks of one session', whole(of.locksOfOne)],
      ['locks of all sessions', whole(of.locksOfAll)],
      ['locks that the server guarantees', whole(of.places)],
      ['left of the deleted', of.left.length === 0 ? 'nothing' : of.left.join(', ')],
      ['missing of the others', of.lost.length === 0 ? 'nothing' : of.lost.join(', ')],
    ],
  };
}

const NONE = '–';

function ms(value: number | null, digits = 0): string {
  return value === null ? NONE : `${value.toFixed(digits)} ms`;
}

function seconds(milliseconds: number | null): string {
  return milliseconds === null ? NONE : `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 2 : 0)} s`;
}

function bytes(value: number | null): string {
  return value === null ? NONE : `${whole(value / 1024 ** 2)} MiB`;
}

function ratio(value: number | null, to: number | null): string {
  return value === null || to === null ? NONE : (value / to).toFixed(2);
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}
