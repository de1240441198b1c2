import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { createContext } from '../../src/cli/context.js';
import { createProgram } from '../../src/cli/program.js';

// Pages name commands in code: `leopard events list`, alone or in a block.

const COMMAND = /(?:^|[`'"(\s])leopard ([a-z][a-z_-]*(?: [a-z][a-z_-]*){0,2})/gm;
const CODE = /^```(?:sh|text)\n[\s\S]*?^```$|`[^`\n]+(?:\n[^`\n]+)?`/gm;
/** Words that follow where the first one is no command: `sudo -u leopard leopard doctor`. */
const NO_COMMANDS = new Set(['help', 'leopard']);

test('every command that a page names exists', async () => {
  const program = await createProgram(createContext({}));
  const pages = ['README.md', ...readdirSync('docs').map((name) => join('docs', name))];
  const unknown = pages
    .filter((page) => page.endsWith('.md'))
    .flatMap((page) => {
      const code = readFileSync(page, 'utf8').match(CODE) ?? [];
      return code.flatMap((text) =>
        // Code within a paragraph may be wrapped.
        [...(text.startsWith('```') ? text : text.replace('\n', ' ')).matchAll(COMMAND)]
          .map(([, words]) => words as string)
          .filter((words) => !isCommand(program, words.split(' ')))
          .map((words) => `${page}: leopard ${words}`),
      );
    });
  expect([...new Set(unknown)]).toEqual([]);
});

/** Returns whether words begin with a command, or with a group of commands and nothing but one of it after that. */
function isCommand(parent: Command, [word = '', ...others]: readonly string[]): boolean {
  const name = word.replaceAll('-', '_');
  const found = parent.commands.find((command) =>
    [command.name(), ...command.aliases()].some((one) => one.replaceAll('-', '_') === name),
  );
  if (!found) return NO_COMMANDS.has(word);
  return found.commands.length === 0 || others.length === 0 || isCommand(found, others);
}
