import { expect, it } from 'vitest';
import { COMMANDS } from './commands.js';
import { createContext } from './context.js';
import { asTyped, COMMAND_NAMES, invocation } from './invocation.js';
import { createProgram } from './program.js';

it.each([
  [{ npm_lifecycle_event: 'leopard', npm_command: 'run-script' }, '/a/bin/leopard.js', 'npm run leopard --'],
  [{ npm_lifecycle_event: 'start', npm_command: 'start' }, '/a/bin/leopard.js', 'npm run leopard --'],
  [{ npm_lifecycle_event: 'npx', npm_command: 'exec' }, '/a/bin/leopard.js', 'npx leopard'],
  [{}, '/a/bin/leopard.js', 'node bin/leopard.js'],
  [{}, '/b/bin/leopard.js', 'node /b/bin/leopard.js'],
  [{}, '/usr/local/bin/leopard', 'leopard'],
  [{}, undefined, 'leopard'],
])('a command is named as it was started: %j, %s', (environment, script, typed) => {
  expect(invocation({ environment, script, directory: '/a' })).toBe(typed);
});

it('shows every command in a text so, and nothing else', () => {
  const typed = (text: string) => asTyped(text, 'npx leopard');
  expect(typed('out of date; run: leopard migrate')).toBe('out of date; run: npx leopard migrate');
  expect(typed('see: leopard help; or run leopard register-tenant --name x')).toBe(
    'see: npx leopard help; or run npx leopard register-tenant --name x',
  );
  for (const text of [
    'a leopard is an animal',
    'npx leopard migrate',
    'snow-leopard migrate',
    'leopard migrated',
  ])
    expect(typed(text)).toBe(text);
});

it('knows every command by each of its names', async () => {
  const program = await createProgram(createContext({}));
  const names = program.commands.flatMap((command) => [command.name(), ...command.aliases()]);
  const known = COMMANDS.flatMap((command) => command.names);
  expect([...COMMAND_NAMES].sort()).toEqual([...known, 'help'].sort());
  expect([...known].sort()).toEqual([...new Set(names.map((name) => name.replaceAll('-', '_')))].sort());
});
