import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { eraseClient, ImportUnderWayError } from '../immigration/personal-data/erase.js';
import { exportClient } from '../immigration/personal-data/export.js';
import { MediaStore } from '../storage/media-store.js';
import { findTenant } from '../tenancy/tenant-list.js';
import { CliError, UsageError } from './cli-error.js';
import type { CliContext } from './context.js';
import { parseId } from './id-argument.js';
import { withTables } from './with-tables.js';

interface EraseOptions {
  readonly yes?: boolean;
  readonly json?: boolean;
}

interface ExportOptions {
  readonly output?: string;
}

/** Adds `leopard clients export|erase`: everything that is kept of one client. */
export function addClientsCommand(program: Command, context: CliContext): void {
  const clients = program.command('clients').description('export and erase what is kept of a client');
  clients
    .command('export')
    .description('write everything that is kept of a client as one JSON document')
    .argument('<tenant>', 'short name or schema')
    .argument('<id>', "the client's", parseId)
    .option('--output <file>', 'a new file, readable for its owner alone, instead of stdout')
    .action((tenant: string, id: number, options: ExportOptions) => write(context, tenant, id, options));
  clients
    .command('erase')
    .description(
      'erase everything that is kept of a client, for good; figures and an entry of the audit log stay',
    )
    .argument('<tenant>', 'short name or schema')
    .argument('<id>', "the client's", parseId)
    .option('--yes', 'do not ask')
    .option('--json', 'print JSON')
    .action((tenant: string, id: number, options: EraseOptions) => erase(context, tenant, id, options));
}

async function write(
  context: CliContext,
  tenant: string,
  id: number,
  { output }: ExportOptions,
): Promise<void> {
  const media = new MediaStore(context.config().mediaDirectory);
  await withTables(context, async ({ database }) => {
    const { schema } = await findTenant(database, tenant);
    const work = { database, context: { schema, userId: null }, media, operator: true };
    const document = await exportClient(work, id);
    if (!document) throw noClient(schema, id);
    if (output === undefined) {
      for await (const piece of lines(document)) context.print(piece);
      return;
    }
    try {
      await pipeline(document, createWriteStream(output, { flags: 'wx', mode: 0o600 }));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw new CliError(`${output} exists already`);
      await rm(output, { force: true });
      throw error;
    }
    context.print(`client ${id} of ${schema} is written to ${output}`);
  });
}

/** Yields the document line by line, since a context prints lines. */
async function* lines(document: AsyncIterable<string>): AsyncGenerator<string> {
  let line = '';
  for await (const piece of document) {
    const ended = (line + piece).split('\n');
    line = ended.pop() as string;
    yield* ended;
  }
  if (line) yield line;
}

async function erase(
  context: CliContext,
  tenant: string,
  id: number,
  { yes, json }: EraseOptions,
): Promise<void> {
  if (!yes) {
    if (!context.isInteractive) throw new UsageError('erasing cannot be undone; confirm it with --yes');
    const answer = await context.ask(`Erase client ${id} of ${tenant} for good? Type the id: `);
    if (answer.trim() !== String(id)) throw new CliError('nothing was erased');
  }
  const media = new MediaStore(context.config().mediaDirectory);
  await withTables(context, async ({ database }) => {
    const { schema } = await findTenant(database, tenant);
    const erased = await database
      .tenantTransaction({ schema, userId: null }, (transaction) =>
        eraseClient(transaction, { media, schema, operator: true }, id),
      )
      .catch((error: unknown) => {
        throw error instanceof ImportUnderWayError ? new CliError(error.message) : error;
      });
    if (!erased) throw noClient(schema, id);
    const counts = Object.entries(erased.counts).map(([what, n]) => `${what.replaceAll('_', ' ')}: ${n}`);
    context.show(json, erased, () => [`client ${id} of ${schema} is erased (${counts.join(', ')})`]);
  });
}

const noClient = (schema: string, id: number) => new CliError(`there is no client ${id} in ${schema}`);
