import type { Database } from '../../database/database.js';
import { invalidField } from '../../http/errors.js';
import type { LateInput } from '../../http/fields/body.js';
import { pathId } from '../../http/path-id.js';
import { type RouteDefinition, route, type UserRequest } from '../../routing/route.js';
import { CSV, type NextPiece, sendCsv } from '../shared/csv-answer.js';
import { resourceRoutes } from '../shared/resource-routes.js';
import { cancel, dryRun, run, undo } from './actions.js';
import type { ClientFile } from './file.js';
import { checkKept, type ImportLimits } from './limits.js';
import { importPolicy } from './policy.js';
import { failurePieces, notUndonePieces } from './reports.js';
import {
  ClientImportDetail,
  ClientImportOutput,
  EncodingChoice,
  type EncodingChoiceInput,
  ImportPatch,
  ImportReading,
  ImportUpload,
} from './schemas.js';
import { listImports, readImport, THING } from './selectors.js';
import { chooseEncoding, createImport, deleteImport, patchImport, sourceOf } from './services.js';
import { LARGEST_IMPORT, readContent, readUpload } from './upload.js';

const PATH = '/api/v1/client-imports/';
const tag = 'client-imports';

/** Returns the routes for importing clients from a CSV file. */
export function clientImportRoutes(database: Database, limits: ImportLimits): RouteDefinition[] {
  const routes = resourceRoutes(database, {
    path: PATH,
    tag,
    thing: THING,
    one: 'an import of clients',
    many: 'imports of clients',
    policy: importPolicy,
    output: ClientImportDetail,
  });
  const work = (summary: string) => ({ summary, policy: importPolicy.create, errors: [400, 404] });
  const begin = (summary: string) => ({ ...work(summary), errors: [400, 404, 429] });
  const report = (at: string, summary: string, pieces: typeof failurePieces): RouteDefinition =>
    route({
      method: 'GET',
      path: `${PATH}:id/${at}`,
      tag,
      summary,
      policy: importPolicy.see,
      negotiates: false,
      produces: [CSV],
      errors: [404],
      handler: async (request, reply) => {
        const id = pathId(request.params.id, THING);
        const next: NextPiece = pieces(database, request.context, request.user, id);
        return await sendCsv(request, reply, { filename: `import-${id}-${at.slice(0, -1)}.csv`, next });
      },
    });
  return [
    routes.list((transaction, user, page) => listImports(transaction, user, page), {
      output: ClientImportOutput,
      fromReplica: false, // an import's state changes by the second, and the next request asks for the import itself
    }),
    route({
      method: 'POST',
      path: PATH,
      tag,
      summary:
        'Takes a CSV file of clients, 20 MB and 100,000 rows at most, and guesses what its columns are for.',
      policy: importPolicy.create,
      body: ImportUpload,
      upload: true,
      load: 'heavy',
      largestFile: LARGEST_IMPORT,
      status: 201,
      response: ClientImportDetail,
      errors: [400, 429],
      handler: (request) => create(database, limits, request),
    }),
    routes.read(readImport),
    ...routes.change({ PATCH: ImportPatch }, patchImport),
    routes.remove(deleteImport, [400, 404]),
    route({
      method: 'POST',
      path: `${PATH}:id/encoding/`,
      tag,
      summary: 'Chooses the encoding of the file, if it could not be detected: see encoding_choices.',
      policy: importPolicy.create,
      body: EncodingChoice,
      response: ClientImportDetail,
      errors: [400, 404, 429],
      handler: (request) => readInEncoding(database, limits, request),
    }),
    routes.action(
      'dry-run/',
      begin('Finds out what a run would do, without doing it.'),
      dryRun.bind(null, limits),
    ),
    routes.action(
      'run/',
      begin('Begins to bring the clients in, or goes on where a run failed.'),
      run.bind(null, limits),
    ),
    routes.action('cancel/', work('Ends the dry run or the run that is under way.'), cancel),
    routes.action(
      'undo/',
      begin('Takes back what the run did, where nobody changed it since.'),
      undo.bind(null, limits),
    ),
    report('failures/', 'The rows that failed, with the reasons, as a CSV file.', failurePieces),
    report(
      'not-undone/',
      'The rows that undoing left as they are, with the reasons, as a CSV file.',
      notUndonePieces,
    ),
  ];
}

/** Reads the file only where it may be kept, since that takes seconds. */
async function create(
  database: Database,
  limits: ImportLimits,
  { raw, context, user }: UserRequest,
): Promise<object> {
  const reading = ImportReading.parse(raw.body ?? {}, true);
  const upload = raw.files?.file;
  if (!upload) throw invalidField('file', 'No file was submitted.');
  await database.tenantTransaction(context, (transaction) =>
    checkKept(transaction, user, limits, upload.content.length),
  );
  const file = await readUpload(context.schema, upload, reading);
  return await database.tenantTransaction(context, (transaction) =>
    createImport(
      transaction,
      user,
      { name: upload.name, content: upload.content, delimiter: reading.delimiter ?? '' },
      file,
      limits,
    ),
  );
}

/** Reads the file between two transactions, since that takes seconds and connections are scarce. */
async function readInEncoding(
  database: Database,
  limits: ImportLimits,
  { params, context, user, body }: UserRequest & { readonly body: LateInput<EncodingChoiceInput> },
): Promise<object> {
  const id = pathId(params.id, THING);
  const { content, options } = await database.tenantTransaction(context, (transaction) =>
    sourceOf(transaction, user, id, body),
  );
  const file = await readContent(context.schema, content, options);
  return await database.tenantTransaction(context, (transaction) =>
    chooseEncoding(transaction, user, id, file as ClientFile, limits),
  );
}
