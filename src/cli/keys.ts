import { type Command, InvalidArgumentError } from 'commander';
import type { Config } from '../config/config.js';
import { idOfSecret } from '../config/key-ring.js';
import { changeKeysFile, type KeyEntry, newKey, readKeysFile, signingEntry } from '../config/keys-file.js';
import { PlainError } from '../platform/plain-error.js';
import type { CliContext } from './context.js';
import { formatTable } from './table.js';

/** Seconds before a new key signs: every process, and every machine that gets the file, has it by then. */
const DELAY = 60;
const LONGEST_DELAY = 7 * 86_400;
/** Seconds that signed addresses of files are good for. */
const ADDRESSES_LIVE = 7_200;
/** Seconds by which the clocks of machines may differ. */
const CLOCKS_DIFFER = 300;

interface Options {
  readonly json?: boolean;
}

/** A key as it is shown, without its secret. */
interface ShownKey {
  readonly id: string;
  readonly status: 'signs' | 'will sign' | 'verifies' | 'retired';
  readonly is_secret_key: boolean;
  readonly signs_from: string | null;
  readonly retires_at: string | null;
}

/** Adds `leopard keys rotate|list|retire`: the keys that sign tokens and addresses of files. */
export function addKeysCommand(program: Command, context: CliContext): void {
  const keys = program.command('keys').description('show, rotate and retire the keys that sign tokens');
  const command = (name: string, description: string) =>
    keys.command(name).description(description).option('--json', 'print JSON');

  command('list', 'list the keys: which one signs, and until when others verify').action((options: Options) =>
    show(context, options, readKeysFile(context.config().sessions.keysFile)),
  );
  command('rotate', 'add a key that signs soon; present ones verify until their last token expires')
    .option(
      '--delay <seconds>',
      'time before it signs, in which every machine must get the file',
      seconds,
      DELAY,
    )
    .action((options: Options & { delay: number }) => rotate(context, options));
  command('retire', 'end a key at once, and everything that it has signed')
    .argument('<id>', 'the name of the key')
    .action((id: string, options: Options) => retire(context, id, options));
}

function seconds(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number <= LONGEST_DELAY) return number;
  throw new InvalidArgumentError(`must be a whole number from 0 to ${LONGEST_DELAY}`);
}

async function rotate(context: CliContext, options: Options & { delay: number }): Promise<void> {
  const config = context.config();
  const { accessTokenLifetime, refreshTokenLifetime } = config;
  const longest = Math.max(accessTokenLifetime, refreshTokenLifetime, ADDRESSES_LIVE) + CLOCKS_DIFFER;
  const keys = await changeKeysFile(config.sessions.keysFile, (entries) => {
    const now = new Date();
    const signsFrom = new Date(now.getTime() + options.delay * 1000);
    const retires = new Date(signsFrom.getTime() + longest * 1000).toISOString();
    const present = withSecretKey(config, entries, now);
    const kept = present.map((key) => ({ ...key, retires_at: key.retires_at ?? retires }));
    return [...kept.map((key) => forgotten(key, now)), newKey(now, signsFrom)];
  });
  show(context, options, keys);
}

async function retire(context: CliContext, id: string, options: Options): Promise<void> {
  const config = context.config();
  const file = config.sessions.keysFile;
  const keys = await changeKeysFile(file, (entries) => {
    const now = new Date();
    const present = withSecretKey(config, entries, now);
    const found = shownKeys(config, present, now).find((key) => key.id === id);
    if (!found || found.status === 'retired')
      throw new PlainError(`there is no key ${id}; see: leopard keys list`);
    if (found.status === 'signs') throw new PlainError(`${id} signs; first: leopard keys rotate --delay 0`);
    return present.map((key) =>
      key.id === id ? forgotten({ ...key, retires_at: now.toISOString() }, now) : key,
    );
  });
  if (id === idOfSecret(config.secretKey)) {
    context.warn(
      `warning: machines without ${file} go on trusting this SECRET_KEY; change it in their settings too`,
    );
  }
  show(context, options, keys);
}

/** Adds the entry of SECRET_KEY, which has none until it is to end. */
function withSecretKey({ secretKey }: Config, keys: readonly KeyEntry[], now: Date): KeyEntry[] {
  const id = idOfSecret(secretKey);
  return keys.some((key) => key.id === id) ? [...keys] : [{ id, created_at: now.toISOString() }, ...keys];
}

/** Removes the secret of a key that is retired. */
function forgotten(key: KeyEntry, now: Date): KeyEntry {
  if (!key.retires_at || Date.parse(key.retires_at) > now.getTime()) return key;
  const { secret: _, ...rest } = key;
  return rest;
}

function shownKeys(config: Config, entries: readonly KeyEntry[], now: Date): ShownKey[] {
  const all = withSecretKey(config, entries, now);
  const secretKeyId = idOfSecret(config.secretKey);
  const signingId = signingEntry(all, now.getTime())?.id ?? secretKeyId;
  return all.map((key) => {
    const isRetired = key.retires_at !== undefined && Date.parse(key.retires_at) <= now.getTime();
    const isNext = key.signs_from !== undefined && Date.parse(key.signs_from) > now.getTime();
    const status = isRetired ? 'retired' : key.id === signingId ? 'signs' : isNext ? 'will sign' : 'verifies';
    return {
      id: key.id,
      status,
      is_secret_key: key.id === secretKeyId,
      signs_from: key.signs_from ?? null,
      retires_at: key.retires_at ?? null,
    };
  });
}

function show(context: CliContext, { json }: Options, entries: readonly KeyEntry[]): void {
  const keys = shownKeys(context.config(), entries, new Date());
  context.show(json, keys, () =>
    formatTable(
      ['KEY', 'STATUS', 'SIGNS FROM', 'RETIRES AT'],
      keys.map(({ id, status, is_secret_key, signs_from, retires_at }) => [
        is_secret_key ? `${id} (SECRET_KEY)` : id,
        status,
        signs_from ?? '-',
        retires_at ?? '-',
      ]),
    ),
  );
}
