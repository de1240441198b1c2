import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Argument, type Command } from 'commander';
import { PACKAGE_ROOT } from '../platform/package-root.js';
import { CliError, UsageError } from './cli-error.js';
import type { CliContext } from './context.js';
import { carryOut } from './scaffold/carry-out.js';
import { RECIPES, type ScaffoldOptions } from './scaffold/recipes.js';

/** Maximum length of a name: PostgreSQL cuts the names of indexes at 63 characters. */
const LONGEST_NAME = 30;
/** Words that cannot name a variable. */
const RESERVED = new Set(
  'await break case catch class const continue debugger default delete do else enum export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof var void while with yield'.split(
    ' ',
  ),
);
/** Parts of the project that a checkout has and an installation has not. */
const OF_A_CHECKOUT = ['docs', 'migrations', 'src', 'test'];
const FORMATTER = join('node_modules', '@biomejs', 'biome', 'bin', 'biome');

/** Adds `leopard scaffold`: writes the files of a new resource, event handler or scheduled job into a checkout. */
export function addScaffoldCommand(program: Command, context: CliContext): void {
  program
    .command('scaffold')
    .description('write the files of a new resource, event handler or job into a checkout, with tests')
    .addArgument(new Argument('<kind>').choices(Object.keys(RECIPES)))
    .argument('<name>', 'in lower case, words joined by hyphens; a resource in the singular: payment-plan')
    .option('--plural <name>', "a resource's plural, where it is irregular")
    .option('--folder <folder>', 'folder of src/immigration for a job; one of its own if not given')
    .action((kind: string, name: string, options: ScaffoldOptions) => scaffold(context, kind, name, options));
}

function scaffold(context: CliContext, kind: string, given: string, options: ScaffoldOptions): void {
  if (!OF_A_CHECKOUT.every((folder) => existsSync(join(PACKAGE_ROOT, folder)))) {
    throw new CliError('scaffold works in a checkout of the project; this is an installation');
  }
  const name = checkedName(given);
  for (const more of [options.plural, options.folder]) if (more !== undefined) checkedName(more);
  if (options.plural === name) throw new UsageError('the plural must differ from the name');
  const recipe = (RECIPES[kind] as (typeof RECIPES)[string])(name, options);
  const { created, changed, notPlaced } = carryOut(PACKAGE_ROOT, recipe);
  format([...created, ...changed].filter((file) => file.endsWith('.ts')));

  const show = (title: string, lines: readonly string[]) => {
    if (lines.length > 0) context.print(title);
    for (const line of lines) context.print(`  ${line}`);
  };
  show('created', created);
  show('changed', changed);
  for (const { file, difference } of notPlaced) {
    show(`to be added to ${file}, whose place for it was not found`, difference.trimEnd().split('\n'));
  }
  show(`to do by hand (${recipe.page})`, recipe.remaining);
}

function checkedName(name: string): string {
  if (!/^[a-z][a-z0-9-]*$/.test(name) || /--|-$/.test(name) || name.length > LONGEST_NAME) {
    throw new UsageError(
      `"${name}" is no name: lower-case letters, digits and hyphens between words, ${LONGEST_NAME} characters at most`,
    );
  }
  if (RESERVED.has(name)) throw new UsageError(`"${name}" is a word of the language; give another name`);
  return name;
}

/** Formats files and sorts their imports. Where the formatter is not installed, or fails, `npm run format` is left. */
function format(files: readonly string[]): void {
  spawnSync(process.execPath, [FORMATTER, 'check', '--write', ...files], {
    cwd: PACKAGE_ROOT,
    stdio: 'ignore',
  });
}
