import type { Command } from 'commander';
import { cleanStoredPictures } from '../immigration/clients/clean-stored-pictures.js';
import { MediaStore } from '../storage/media-store.js';
import { shortName } from '../tenancy/tenant-name.js';
import { chosenSchemas } from './chosen-schemas.js';
import type { CliContext } from './context.js';
import { withTables } from './with-tables.js';

interface CleanOptions {
  readonly tenant?: string;
  readonly json?: boolean;
}

/** Adds `leopard pictures clean`: removes metadata from pictures that earlier versions stored as they came. */
export function addPicturesCommand(program: Command, context: CliContext): void {
  program
    .command('pictures')
    .description('clean the stored pictures of clients')
    .command('clean')
    .description('remove metadata, such as places, from pictures that earlier versions stored with it')
    .option('--tenant <tenant>', 'short name or schema; all tenants if not given')
    .option('--json', 'print JSON')
    .action((options: CleanOptions) => clean(context, options));
}

async function clean(context: CliContext, { tenant, json }: CleanOptions): Promise<void> {
  const media = new MediaStore(context.config().mediaDirectory);
  const results = await withTables(context, async ({ database }) => {
    const done = [];
    for (const schema of await chosenSchemas(context, database, tenant)) {
      done.push({ tenant: shortName(schema), ...(await cleanStoredPictures(database, media, schema)) });
    }
    return done;
  });
  context.show(json, results, () =>
    results.map(
      ({ tenant: name, pictures, cleaned, unreadable }) =>
        `${name}: ${pictures} pictures, ${cleaned} cleaned${unreadable > 0 ? `, ${unreadable} cannot be read and stay` : ''}`,
    ),
  );
}
