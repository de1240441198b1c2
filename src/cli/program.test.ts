import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { runCommand } from '../../test/helpers/cli.js';
import { PACKAGE_ROOT } from '../platform/package-root.js';
import { CliError } from './cli-error.js';
import { createContext } from './context.js';
import { createProgram, describe as describeError } from './program.js';
import { createProgress } from './progress.js';
import { formatTable } from './table.js';

const leopard = (...args: string[]) => runCommand({}, args);

/** Commands that operators' scripts know. */
const KNOWN = [
  'migrate_schemas',
  'showmigrations',
  'register_tenant',
  'deregister_tenant',
  'create_super_super_admin',
  'setup_role_permissions',
  'assign_user_scope',
  'seed_data',
  'shell',
  'dbshell',
];

describe('leopard help', () => {
  it('lists every command, one line each by its old name', async () => {
    const { exitCode, stdout } = await leopard('help');
    expect(exitCode).toBe(0);
    for (const name of KNOWN) expect(stdout).toContain(name);
    expect(stdout).not.toContain('register-tenant');
  });

  it.each([[['--help']], [['help', 'migrate']], [['seed_data', '--help']], [['tenants', 'help', 'create']]])(
    'ends with 0: %j',
    async (args) => {
      const { exitCode, stdout, stderr } = await leopard(...args);
      expect([exitCode, stderr]).toEqual([0, '']);
      expect(stdout).toContain('Usage: leopard');
    },
  );

  it.each([
    [['events', 'list'], '--limit'],
    [['webhooks', 'add'], '--url'],
    [['tenants', 'create'], '--admin-email'],
    [['jobs', 'run'], '--dry-run'],
    [['seed-data'], '--clear'],
  ])('shows the options of one command: help %j', async (words, option) => {
    const asked = await leopard('help', ...words);
    expect([asked.exitCode, asked.stderr]).toEqual([0, '']);
    expect(asked.stdout).toContain(option);
    expect(asked).toEqual(await leopard(...words, '--help'));
    const [group = '', ...rest] = words;
    if (rest.length > 0) expect(await leopard(group, 'help', ...rest)).toEqual(asked);
  });

  it('of a group shows its commands', async () => {
    const { stdout } = await leopard('help', 'events');
    expect(stdout).toMatch(/^Usage: leopard events .*\n.*^ {2}retry /ms);
    expect((await leopard('events', 'help')).stdout).toBe(stdout);
  });
});

describe('wrong usage ends with 2 and one line', () => {
  it.each([
    [['fly'], "unknown command 'fly'; see: leopard help"],
    [['migrte'], "unknown command 'migrte' (Did you mean migrate?); see: leopard help"],
    [['tenants'], /^a subcommand is missing; see: leopard help tenants$/],
    [['tenants', 'lst'], /^unknown command 'lst' \(Did you mean list\?\); see: leopard help tenants$/],
    [['seed'], /^missing required argument 'data-set'; see: leopard help seed$/],
    [['seed', 'everything'], /Allowed choices are demo, contract\.?; see: leopard help seed$/],
    [['tenants', 'list', 'extra'], /too many arguments.*; see: leopard help tenants list$/],
    [['tenants', 'list', '--all'], /^unknown option '--all'; see: leopard help tenants list$/],
    [['webhooks', 'add', '--tenant', 'main'], /'--url <url>' not specified; see: leopard help webhooks add$/],
    [['events', 'retry'], /^select events: by ids, a filter, or --all; see: leopard help events retry$/],
    [['events', 'pause', '--until', '2020-01-01'], /This moment is over; see: leopard help events pause$/],
    [['register_tenant', '--tenant'], /argument missing; see: leopard help register_tenant$/],
    [['help', 'fly'], /^unknown command 'fly'; see: leopard help$/],
    [['help', 'events', 'lst'], /^unknown command 'lst'; see: leopard help events$/],
    [['events', 'help', 'lst'], /^unknown command 'lst'; see: leopard help events$/],
    [['help', 'migrate', 'now'], /^unknown command 'now'; see: leopard help migrate$/],
  ])('%j', async (args, message) => {
    const { exitCode, stdout, stderr } = await leopard(...args);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('\n');
  });

  it('but shows the help where nothing is asked for', async () => {
    const { exitCode, stdout } = await leopard();
    expect(exitCode).toBe(2);
    expect(stdout).toContain('Usage: leopard');
  });
});

it('knows every name with underscores and with hyphens', async () => {
  const program = await createProgram(createContext({}));
  const names = new Set(program.commands.flatMap((command) => [command.name(), ...command.aliases()]));
  for (const name of KNOWN) {
    expect(names).toContain(name);
    expect(names).toContain(name.replaceAll('_', '-'));
  }
});

it('documents every command and option', async () => {
  const page = readFileSync(join(PACKAGE_ROOT, 'docs', 'commands.md'), 'utf8');
  const check = (command: Command, name: string) => {
    expect(page).toContain(`\`${name}`);
    for (const { long } of command.options) expect(page, name).toContain(`\`${long}`);
    for (const child of command.commands) check(child, `${name} ${child.name()}`);
  };
  for (const command of (await createProgram(createContext({}))).commands) check(command, command.name());
});

it('shows its version', async () => {
  expect(await leopard('--version')).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+$/),
  });
});

it('shows where an error comes from only when it is a fault of the program', () => {
  expect(describeError(new CliError('no', 3))).toEqual({ lines: ['no'], exitCode: 3 });
  expect(describeError(new TypeError('x is not a function')).lines[0]).toMatch(/^TypeError: x .*\n {4}at /s);
});

it('sets a table in columns, whatever the script', () => {
  expect(
    formatTable(
      ['A', 'BB'],
      [
        ['काठमाडौँ', 'x'],
        ['y', ''],
      ],
    ),
  ).toEqual(['A         BB', 'काठमाडौँ  x', 'y']);
});

describe('progress', () => {
  const shown = (isTTY: boolean) => {
    const written: string[] = [];
    const progress = createProgress({
      isTTY,
      columns: 80,
      write: (text: string | Uint8Array) => written.push(String(text)) > 0,
    });
    progress.count('migrating', 1, 4);
    progress.count('migrating', 4, 4);
    progress.done();
    return written.join('');
  };

  it('is a bar on a terminal', () => {
    expect(shown(true)).toContain('✔ migrating ████████████████████ 4/4\n');
  });

  it('is plain lines elsewhere', () => {
    expect(shown(false)).toBe('migrating 1/4\nmigrating 4/4\n');
  });
});
