import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createContext } from '../../src/cli/context.js';
import { createProgram } from '../../src/cli/program.js';
import { cliSurroundings, databaseUrl, runCommand } from '../helpers/cli.js';

/**
 * The databases that a command works on: `cells`: it goes over those of all cells, `tenant`: it works on one tenant
 * where it lives, `tenants`: on one or all, each where it lives, `catalogue`: on what the catalogue alone has, `main`: it
 * is about the catalogue's own database, with the reason below, `none`: on no database.
 */
type Place = 'cells' | 'tenant' | 'tenants' | 'catalogue' | 'main' | 'none';

/** Every command, by its words: a new one is named here, and tested below if it goes over all cells. */
const COMMANDS: Readonly<Record<string, Place>> = {
  serve: 'cells',
  migrate: 'cells',
  'migrate status': 'cells',
  makemigration: 'none',
  showmigrations: 'cells',
  'database upgrade': 'main', // the embedded server is that of the catalogue
  cells: 'cells',
  'cells sync': 'cells',
  upgrade: 'cells',
  'tenants create': 'tenant',
  'tenants list': 'tenants',
  'tenants show': 'tenant',
  'tenants rename': 'tenant',
  'tenants suspend': 'tenant',
  'tenants activate': 'tenant',
  'tenants set': 'tenant',
  'tenants set-time-zone': 'tenant',
  'tenants set-deadline-alerts': 'tenant',
  'tenants domains add': 'tenant',
  'tenants domains list': 'catalogue',
  'tenants domains primary': 'tenant',
  'tenants domains remove': 'tenant',
  'tenants move': 'tenant',
  'tenants delete': 'tenant',
  'tenants export': 'tenant',
  'tenants import': 'tenant',
  'tenants restore': 'tenant',
  'tenants clone': 'tenant',
  'tenants undelete': 'tenant',
  'tenants run': 'tenants',
  'tenants operations': 'catalogue',
  'tenants resume': 'catalogue',
  register_tenant: 'tenant',
  deregister_tenant: 'tenant',
  createsuperuser: 'tenant',
  create_super_super_admin: 'catalogue',
  setup_role_permissions: 'tenants',
  assign_user_scope: 'tenant',
  'keys list': 'none',
  'operators list': 'catalogue',
  'operators role': 'catalogue',
  'operators deactivate': 'catalogue',
  'operators activate': 'catalogue',
  'operators reset-second-factor': 'catalogue',
  'keys rotate': 'none',
  'keys retire': 'none',
  'users require-password-change': 'tenant',
  'users unlock': 'tenant',
  'second_factor list': 'tenant',
  'second_factor reset': 'tenant',
  'second_factor reseal': 'tenants',
  'catalogue list': 'none',
  'catalogue load': 'tenant',
  'pictures clean': 'tenants',
  seed: 'main', // tenants that the command creates itself
  seed_data: 'tenant',
  'events status': 'cells',
  'events pause': 'cells',
  'events resume': 'cells',
  'events list': 'tenants',
  'events show': 'tenant',
  'events retry': 'tenants',
  'events cancel': 'tenants',
  'events cleanup': 'tenants',
  'events check': 'cells',
  events_status: 'cells',
  events_pause: 'cells',
  events_resume: 'cells',
  events_cleanup: 'tenants',
  'jobs list': 'cells',
  'jobs run': 'cells',
  process_reminders: 'cells',
  'webhooks add': 'tenant',
  'webhooks disable': 'tenant',
  'webhooks enable': 'tenant',
  'webhooks list': 'tenant',
  'webhooks remove': 'tenant',
  'webhooks rotate-secret': 'tenant',
  'webhooks test': 'tenant',
  'deliveries list': 'tenant',
  'deliveries show': 'tenant',
  'deliveries retry': 'tenant',
  'deliveries cancel': 'tenant',
  'clients export': 'tenant',
  'clients erase': 'tenant',
  'security-log': 'tenant',
  backup: 'cells',
  'backup verify': 'cells', // one by --cell
  'backup due': 'cells',
  'backup list': 'cells',
  restore: 'cells',
  shell: 'tenants',
  dbshell: 'cells', // one by --cell, or a tenant's
  top: 'cells',
  doctor: 'cells',
  scaffold: 'none',
};

/** How to run each command that goes over all cells while one is down, and its exit code then; null where others test it. */
const RUNS: Readonly<Record<string, readonly [args: readonly string[], exitCode: number] | null>> = {
  serve: null, // two-cells.test.ts
  migrate: [['migrate'], 1],
  'migrate status': [['migrate', 'status'], 1],
  showmigrations: [['showmigrations'], 1],
  cells: [['cells'], 0],
  'cells sync': [['cells', 'sync'], 1],
  upgrade: [['upgrade', '--check'], 1],
  'events status': [['events', 'status'], 1],
  'events pause': [['events', 'pause'], 0],
  'events resume': [['events', 'resume'], 0],
  'events check': [['events', 'check'], 1],
  events_status: null,
  events_pause: null,
  events_resume: null,
  'jobs list': [['jobs', 'list'], 1],
  'jobs run': [['jobs', 'run', 'reminders'], 1],
  process_reminders: null,
  backup: [['backup', '--to', 'FOLDER'], 0],
  'backup due': [['backup', 'due'], 1],
  'backup list': null, // commands.test.ts
  'backup verify': null, // commands.test.ts
  restore: null, // commands.test.ts
  dbshell: null, // commands.test.ts
  top: [['top', '--once', '--every', '1'], 0],
  doctor: [['doctor', '--production'], 1],
};

let on: Awaited<ReturnType<typeof cliSurroundings>>;
let settings: NodeJS.ProcessEnv;

beforeAll(async () => {
  on = await cliSurroundings();
  // Nobody listens there.
  const away = { host: '127.0.0.1', port: 9, database: 'leopard' };
  const cell = {
    url: databaseUrl({ ...on.database.app, ...away }),
    owner_url: databaseUrl({ ...on.database.owner, ...away }),
  };
  settings = {
    ...on.settings,
    LEOPARD_CELLS: JSON.stringify({ eu2: cell }),
    BACKUP_DIR: `${on.folder}/backups`,
    METRICS_PORT: '0',
  };
});
afterAll(() => on.close());

function words(command: Command, before: readonly string[] = []): string[] {
  return command.commands.flatMap((each) => {
    const own = [...before, each.name()];
    const under = words(each, own);
    // A command with subcommands may also do something itself.
    return under.length === 0 || own.join(' ') in COMMANDS ? [own.join(' '), ...under] : under;
  });
}

test('every command is known to work in all cells, in that of a tenant, or in none', async () => {
  const program = await createProgram(createContext(settings));
  const all = words(program).filter((name) => name !== 'help');
  expect(all.toSorted()).toEqual(Object.keys(COMMANDS).toSorted());
  const overCells = Object.keys(COMMANDS).filter((name) => COMMANDS[name] === 'cells');
  expect(Object.keys(RUNS).toSorted()).toEqual(overCells.toSorted());
});

describe('while a cell is down', () => {
  const runs = Object.entries(RUNS).flatMap(([name, run]) =>
    run ? [{ name, args: run[0], code: run[1] }] : [],
  );
  test.each(runs)('leopard $name goes on with the others, and names the cell', async ({ args, code }) => {
    const given = args.map((word) => (word === 'FOLDER' ? on.folder : word));
    const { exitCode, stdout, stderr } = await runCommand(settings, given);
    expect({ exitCode, stdout, stderr }).toMatchObject({ exitCode: code });
    // With one cell, there is nothing else to copy to.
    const isShown = stdout !== '' || args.includes('sync');
    expect({ isShown, stderr }).toMatchObject({ isShown: true });
    expect(`${stdout}\n${stderr}`).toMatch(/\beu2\b/);
  });
});
