import { basename, relative } from 'node:path';

/** Facts about this process that show how it was started. */
export interface Started {
  readonly environment: NodeJS.ProcessEnv;
  /** The path of the script that Node runs. */
  readonly script: string | undefined;
  readonly directory: string;
}

/**
 * Returns what to type before a command's name to run it the way the program was run now: `npm run leopard --`,
 * `npx leopard`, `node bin/leopard.js` or, where it is installed, `leopard`.
 */
export function invocation({ environment, script = '', directory }: Started): string {
  const { npm_command: how, npm_lifecycle_event: event } = environment;
  if (how === 'exec' || event === 'npx') return 'npx leopard';
  if (event !== undefined) return 'npm run leopard --';
  if (basename(script) !== 'leopard.js') return 'leopard';
  const path = relative(directory, script);
  return `node ${path.startsWith('..') ? script : path}`;
}

/** The names of all commands, with underscores between words; commands.ts imports their files. */
export const COMMAND_NAMES = [
  'serve migrate migrate_schemas makemigration showmigrations tenants register_tenant deregister_tenant createsuperuser',
  'create_super_super_admin setup_role_permissions assign_user_scope seed seed_data events events_status',
  'events_pause events_resume events_cleanup catalogue jobs process_reminders webhooks deliveries shell dbshell doctor help',
  'cells clients keys operators pictures second_factor security_log users upgrade backup restore database scaffold top',
].flatMap((names) => names.split(' '));
const SPELLINGS = COMMAND_NAMES.flatMap((name) => [name, name.replaceAll('_', '-')]);
const COMMAND = new RegExp(`(?<![\\w./-]|npx |npm run )leopard (?=(?:${SPELLINGS.join('|')})\\b)`, 'g');

/** Returns the text with each command in it, such as `leopard migrate`, as its reader can type it. */
export function asTyped(text: string, prefix: string): string {
  return text.replace(COMMAND, `${prefix} `);
}
